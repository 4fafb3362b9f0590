// Two COM servers that Wine has not: the VSS coordinator's administration (IVssAdmin) and the COM+
// catalogue. Both keep their state in the registry, where a test can see what an installer left.
// clang-format off
#include <windows.h>
#include <comadmin.h>
#include <vss.h>
#include <vsadmin.h>
#include <vsserror.h>
// clang-format on

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "fake_common.h"

namespace {

constexpr GUID kVssCoordinator = {0xe579ab5f, 0x1cc4, 0x44b4, {0xbe, 0xd9, 0xde, 0x09, 0x91, 0xff, 0x06, 0x23}};
constexpr GUID kComAdminCatalog = {0xf618c514, 0xdfb8, 0x11d1, {0xa2, 0xcf, 0x00, 0x80, 0x5f, 0xc7, 0x92, 0x35}};

HMODULE ownModule = nullptr;

template <typename T>
class Counted : public T {
 public:
  explicit Counted(REFIID own) : own_(own) {}
  HRESULT STDMETHODCALLTYPE QueryInterface(REFIID iid, void** out) override {
    if (IsEqualIID(iid, IID_IUnknown) || IsEqualIID(iid, own_) ||
        (alsoCatalog() && IsEqualIID(iid, __uuidof(ICOMAdminCatalog)))) {
      *out = static_cast<T*>(this);
      AddRef();
      return S_OK;
    }
    *out = nullptr;
    return E_NOINTERFACE;
  }
  ULONG STDMETHODCALLTYPE AddRef() override {
    return static_cast<ULONG>(InterlockedIncrement(&references_));
  }
  ULONG STDMETHODCALLTYPE Release() override {
    LONG left = InterlockedDecrement(&references_);
    if (left == 0) {
      delete this;
    }
    return static_cast<ULONG>(left);
  }

 protected:
  virtual ~Counted() = default;
  virtual bool alsoCatalog() const { return false; }

 private:
  LONG references_ = 1;
  IID own_;
};

/** IDispatch that nobody calls: the agent uses the interfaces directly. */
template <typename T>
class Dispatch : public Counted<T> {
 public:
  using Counted<T>::Counted;
  HRESULT STDMETHODCALLTYPE GetTypeInfoCount(UINT*) override { return E_NOTIMPL; }
  HRESULT STDMETHODCALLTYPE GetTypeInfo(UINT, LCID, ITypeInfo**) override { return E_NOTIMPL; }
  HRESULT STDMETHODCALLTYPE GetIDsOfNames(REFIID, LPOLESTR*, UINT, LCID, DISPID*) override {
    return E_NOTIMPL;
  }
  HRESULT STDMETHODCALLTYPE Invoke(DISPID, REFIID, LCID, WORD, DISPPARAMS*, VARIANT*, EXCEPINFO*,
                                   UINT*) override {
    return E_NOTIMPL;
  }
};

class ProviderList final : public Counted<IVssEnumObject> {
 public:
  ProviderList() : Counted(IID_IVssEnumObject) {
    names_ = fake::subKeys(HKEY_LOCAL_MACHINE, fake::kProviders);
  }
  HRESULT STDMETHODCALLTYPE Next(ULONG count, VSS_OBJECT_PROP* out, ULONG* fetched) override {
    *fetched = 0;
    while (*fetched < count && next_ < names_.size()) {
      std::wstring key = std::wstring(fake::kProviders) + L"\\" + names_[next_];
      VSS_OBJECT_PROP& prop = out[*fetched];
      prop = {};
      prop.Type = VSS_OBJECT_PROVIDER;
      VSS_PROVIDER_PROP& provider = prop.Obj.Prov;
      CLSIDFromString(names_[next_].c_str(), &provider.m_ProviderId);
      provider.m_pwszProviderName = copy(fake::readText(HKEY_LOCAL_MACHINE, key, L"Name"));
      provider.m_pwszProviderVersion = copy(fake::readText(HKEY_LOCAL_MACHINE, key, L"Version"));
      provider.m_eProviderType = VSS_PROV_SOFTWARE;
      CLSIDFromString(fake::readText(HKEY_LOCAL_MACHINE, key, L"ClassId").c_str(),
                      &provider.m_ClassId);
      CLSIDFromString(fake::readText(HKEY_LOCAL_MACHINE, key, L"VersionId").c_str(),
                      &provider.m_ProviderVersionId);
      ++*fetched;
      next_++;
    }
    return *fetched == count ? S_OK : S_FALSE;
  }
  HRESULT STDMETHODCALLTYPE Skip(ULONG) override { return E_NOTIMPL; }
  HRESULT STDMETHODCALLTYPE Reset() override { return E_NOTIMPL; }
  HRESULT STDMETHODCALLTYPE Clone(IVssEnumObject**) override { return E_NOTIMPL; }

 private:
  static wchar_t* copy(const std::wstring& text) {
    size_t bytes = (text.size() + 1) * sizeof(wchar_t);
    auto* out = static_cast<wchar_t*>(CoTaskMemAlloc(bytes));
    memcpy(out, text.c_str(), bytes);
    return out;
  }
  std::vector<std::wstring> names_;
  size_t next_ = 0;
};

class Admin final : public Counted<IVssAdmin> {
 public:
  Admin() : Counted(IID_IVssAdmin) {}
  HRESULT STDMETHODCALLTYPE RegisterProvider(VSS_ID id, CLSID clsid, VSS_PWSZ name,
                                             VSS_PROVIDER_TYPE type, VSS_PWSZ version,
                                             VSS_ID versionId) override {
    std::wstring key = std::wstring(fake::kProviders) + L"\\" + fake::guidText(id);
    if (fake::keyExists(HKEY_LOCAL_MACHINE, key)) {
      return VSS_E_PROVIDER_ALREADY_REGISTERED;
    }
    if (type != VSS_PROV_SOFTWARE) {
      return E_INVALIDARG;
    }
    bool done = fake::writeText(HKEY_LOCAL_MACHINE, key, L"Name", name) &&
                fake::writeText(HKEY_LOCAL_MACHINE, key, L"Version", version) &&
                fake::writeText(HKEY_LOCAL_MACHINE, key, L"ClassId", fake::guidText(clsid)) &&
                fake::writeText(HKEY_LOCAL_MACHINE, key, L"VersionId", fake::guidText(versionId));
    return done ? S_OK : E_FAIL;
  }
  HRESULT STDMETHODCALLTYPE UnregisterProvider(VSS_ID id) override {
    std::wstring key = std::wstring(fake::kProviders) + L"\\" + fake::guidText(id);
    return RegDeleteTreeW(HKEY_LOCAL_MACHINE, key.c_str()) == ERROR_SUCCESS
               ? S_OK
               : VSS_E_PROVIDER_NOT_REGISTERED;
  }
  HRESULT STDMETHODCALLTYPE QueryProviders(IVssEnumObject** out) override {
    *out = new ProviderList();
    return S_OK;
  }
  HRESULT STDMETHODCALLTYPE AbortAllSnapshotsInProgress() override { return S_OK; }
};

std::wstring textOf(const VARIANT& value) {
  switch (value.vt) {
    case VT_BSTR:
      return std::wstring(value.bstrVal, SysStringLen(value.bstrVal));
    case VT_I4:
      return std::to_wstring(value.lVal);
    case VT_I2:
      return std::to_wstring(value.iVal);
    case VT_BOOL:
      return value.boolVal ? L"1" : L"0";
    default:
      return std::wstring();
  }
}

/** One row; its registry key is the collection's key and its own. */
struct Row {
  std::map<std::wstring, std::wstring> values;
  std::wstring key;
};

class Object final : public Dispatch<ICatalogObject> {
 public:
  explicit Object(std::shared_ptr<Row> row) : Dispatch(__uuidof(ICatalogObject)), row_(std::move(row)) {}
  HRESULT STDMETHODCALLTYPE get_Value(BSTR name, VARIANT* out) override {
    out->vt = VT_BSTR;
    out->bstrVal = SysAllocString(row_->values[name].c_str());
    return S_OK;
  }
  HRESULT STDMETHODCALLTYPE put_Value(BSTR name, VARIANT value) override {
    row_->values[name] = textOf(value);
    return S_OK;
  }
  HRESULT STDMETHODCALLTYPE get_Key(VARIANT* out) override {
    out->vt = VT_BSTR;
    out->bstrVal = SysAllocString(row_->key.c_str());
    return S_OK;
  }
  HRESULT STDMETHODCALLTYPE get_Name(VARIANT* out) override {
    out->vt = VT_BSTR;
    out->bstrVal = SysAllocString(row_->values[L"Name"].c_str());
    return S_OK;
  }
  HRESULT STDMETHODCALLTYPE IsPropertyReadOnly(BSTR, VARIANT_BOOL*) override { return E_NOTIMPL; }
  HRESULT STDMETHODCALLTYPE get_Valid(VARIANT_BOOL* out) override {
    *out = VARIANT_TRUE;
    return S_OK;
  }
  HRESULT STDMETHODCALLTYPE IsPropertyWriteOnly(BSTR, VARIANT_BOOL*) override { return E_NOTIMPL; }

 private:
  std::shared_ptr<Row> row_;
};

/** What names a row of a collection. */
std::wstring keyOf(const std::wstring& collection, Row& row) {
  if (collection == L"Applications") {
    if (row.values[L"ID"].empty()) {
      GUID id;
      CoCreateGuid(&id);
      row.values[L"ID"] = fake::guidText(id);
    }
    return row.values[L"ID"];
  }
  if (collection == L"Components") {
    return row.values[L"CLSID"];
  }
  if (collection == L"UsersInRole") {
    std::wstring user = row.values[L"User"];
    for (wchar_t& c : user) {
      c = c == L'\\' ? L'/' : c;
    }
    return user;
  }
  return row.values[L"Name"];
}

class Collection final : public Dispatch<ICatalogCollection> {
 public:
  Collection(std::wstring name, std::wstring path)
      : Dispatch(__uuidof(ICatalogCollection)), name_(std::move(name)), path_(std::move(path)) {}

  HRESULT STDMETHODCALLTYPE get__NewEnum(IUnknown**) override { return E_NOTIMPL; }
  HRESULT STDMETHODCALLTYPE get_Item(LONG index, IDispatch** out) override {
    if (index < 0 || static_cast<size_t>(index) >= rows_.size()) {
      return E_INVALIDARG;
    }
    *out = new Object(rows_[static_cast<size_t>(index)]);
    return S_OK;
  }
  HRESULT STDMETHODCALLTYPE get_Count(LONG* out) override {
    *out = static_cast<LONG>(rows_.size());
    return S_OK;
  }
  HRESULT STDMETHODCALLTYPE Remove(LONG index) override {
    if (index < 0 || static_cast<size_t>(index) >= rows_.size()) {
      return E_INVALIDARG;
    }
    removed_.push_back(rows_[static_cast<size_t>(index)]->key);
    rows_.erase(rows_.begin() + index);
    return S_OK;
  }
  HRESULT STDMETHODCALLTYPE Add(IDispatch** out) override {
    rows_.push_back(std::make_shared<Row>());
    *out = new Object(rows_.back());
    return S_OK;
  }
  HRESULT STDMETHODCALLTYPE Populate() override {
    rows_.clear();
    removed_.clear();
    for (const std::wstring& key : fake::subKeys(HKEY_LOCAL_MACHINE, path_)) {
      auto row = std::make_shared<Row>();
      row->key = key;
      std::wstring path = path_ + L"\\" + key;
      for (const wchar_t* name : kNames) {
        std::wstring value = fake::readText(HKEY_LOCAL_MACHINE, path, name);
        if (!value.empty()) {
          row->values[name] = value;
        }
      }
      rows_.push_back(row);
    }
    return S_OK;
  }
  HRESULT STDMETHODCALLTYPE SaveChanges(LONG* out) override {
    LONG changes = 0;
    for (const std::wstring& key : removed_) {
      RegDeleteTreeW(HKEY_LOCAL_MACHINE, (path_ + L"\\" + key).c_str());
      changes++;
    }
    removed_.clear();
    for (const auto& row : rows_) {
      if (row->key.empty()) {
        row->key = keyOf(name_, *row);
      }
      for (const auto& value : row->values) {
        fake::writeText(HKEY_LOCAL_MACHINE, path_ + L"\\" + row->key, value.first.c_str(),
                        value.second);
      }
      changes++;
    }
    *out = changes;
    return S_OK;
  }
  HRESULT STDMETHODCALLTYPE GetCollection(BSTR name, VARIANT key, IDispatch** out) override {
    std::wstring row = textOf(key);
    if (row.empty()) {
      return E_INVALIDARG;
    }
    *out = new Collection(name, path_ + L"\\" + row + L"\\" + name);
    return S_OK;
  }
  HRESULT STDMETHODCALLTYPE get_Name(VARIANT*) override { return E_NOTIMPL; }
  HRESULT STDMETHODCALLTYPE get_AddEnabled(VARIANT_BOOL*) override { return E_NOTIMPL; }
  HRESULT STDMETHODCALLTYPE get_RemoveEnabled(VARIANT_BOOL*) override { return E_NOTIMPL; }
  HRESULT STDMETHODCALLTYPE GetUtilInterface(IDispatch**) override { return E_NOTIMPL; }
  HRESULT STDMETHODCALLTYPE get_DataStoreMajorVersion(LONG*) override { return E_NOTIMPL; }
  HRESULT STDMETHODCALLTYPE get_DataStoreMinorVersion(LONG*) override { return E_NOTIMPL; }
  HRESULT STDMETHODCALLTYPE PopulateByKey(SAFEARRAY*) override { return E_NOTIMPL; }
  HRESULT STDMETHODCALLTYPE PopulateByQuery(BSTR, LONG) override { return E_NOTIMPL; }

 private:
  static constexpr const wchar_t* kNames[] = {L"ID",
                                              L"Name",
                                              L"Description",
                                              L"CLSID",
                                              L"DLL",
                                              L"User",
                                              L"Authentication",
                                              L"AuthenticationCapability",
                                              L"ImpersonationLevel",
                                              L"ApplicationAccessChecksEnabled",
                                              L"AccessChecksLevel",
                                              L"ServiceName"};
  std::wstring name_;
  std::wstring path_;
  std::vector<std::shared_ptr<Row>> rows_;
  std::vector<std::wstring> removed_;
};

std::wstring applicationPath(BSTR id) {
  return std::wstring(fake::kCatalog) + L"\\Applications\\" + id;
}

class Catalog final : public Dispatch<ICOMAdminCatalog2> {
 public:
  Catalog() : Dispatch(__uuidof(ICOMAdminCatalog2)) {}

  HRESULT STDMETHODCALLTYPE GetCollection(BSTR name, IDispatch** out) override {
    *out = new Collection(name, std::wstring(fake::kCatalog) + L"\\" + name);
    return S_OK;
  }
  HRESULT STDMETHODCALLTYPE InstallComponent(BSTR application, BSTR dll, BSTR library,
                                             BSTR) override {
    std::wstring path = applicationPath(application);
    if (!fake::keyExists(HKEY_LOCAL_MACHINE, path)) {
      return E_INVALIDARG;
    }
    ITypeLib* types = nullptr;
    HRESULT result = LoadTypeLibEx(library, REGKIND_NONE, &types);
    if (FAILED(result)) {
      return result;
    }
    HMODULE module = LoadLibraryW(dll);
    using Register = HRESULT(WINAPI*)();
    auto entry = module == nullptr ? nullptr
                                   : reinterpret_cast<Register>(reinterpret_cast<void*>(
                                         GetProcAddress(module, "DllRegisterServer")));
    result = entry == nullptr ? E_FAIL : entry();
    for (UINT i = 0; SUCCEEDED(result) && i < types->GetTypeInfoCount(); i++) {
      ITypeInfo* info = nullptr;
      TYPEATTR* attributes = nullptr;
      if (FAILED(types->GetTypeInfo(i, &info))) {
        continue;
      }
      if (SUCCEEDED(info->GetTypeAttr(&attributes))) {
        if (attributes->typekind == TKIND_COCLASS) {
          std::wstring clsid = fake::guidText(attributes->guid);
          std::wstring component = path + L"\\Components\\" + clsid;
          fake::writeText(HKEY_LOCAL_MACHINE, component, L"CLSID", clsid);
          fake::writeText(HKEY_LOCAL_MACHINE, component, L"DLL", dll);
        }
        info->ReleaseTypeAttr(attributes);
      }
      info->Release();
    }
    types->Release();
    if (module != nullptr) {
      FreeLibrary(module);
    }
    return result;
  }
  HRESULT STDMETHODCALLTYPE CreateServiceForApplication(BSTR application, BSTR service, BSTR,
                                                        BSTR, BSTR, BSTR, BSTR,
                                                        VARIANT_BOOL) override {
    std::wstring path = applicationPath(application);
    return fake::writeText(HKEY_LOCAL_MACHINE, path, L"ServiceName", service) ? S_OK : E_FAIL;
  }
  HRESULT STDMETHODCALLTYPE DeleteServiceForApplication(BSTR application) override {
    std::wstring path = applicationPath(application);
    return fake::writeText(HKEY_LOCAL_MACHINE, path, L"ServiceName", L"") ? S_OK : E_FAIL;
  }
  HRESULT STDMETHODCALLTYPE ShutdownApplication(BSTR) override { return S_OK; }

#define NOT_PLAYED(name, ...) \
  HRESULT STDMETHODCALLTYPE name(__VA_ARGS__) override { return E_NOTIMPL; }
  NOT_PLAYED(Connect, BSTR, IDispatch**)
  NOT_PLAYED(get_MajorVersion, LONG*)
  NOT_PLAYED(get_MinorVersion, LONG*)
  NOT_PLAYED(GetCollectionByQuery, BSTR, SAFEARRAY**, IDispatch**)
  NOT_PLAYED(ImportComponent, BSTR, BSTR)
  NOT_PLAYED(ExportApplication, BSTR, BSTR, LONG)
  NOT_PLAYED(InstallApplication, BSTR, BSTR, LONG, BSTR, BSTR, BSTR)
  NOT_PLAYED(StopRouter)
  NOT_PLAYED(RefreshRouter)
  NOT_PLAYED(StartRouter)
  NOT_PLAYED(Reserved1)
  NOT_PLAYED(Reserved2)
  NOT_PLAYED(InstallMultipleComponents, BSTR, SAFEARRAY**, SAFEARRAY**)
  NOT_PLAYED(GetMultipleComponentsInfo, BSTR, SAFEARRAY**, SAFEARRAY**, SAFEARRAY**, SAFEARRAY**,
             SAFEARRAY**)
  NOT_PLAYED(RefreshComponents)
  NOT_PLAYED(BackupREGDB, BSTR)
  NOT_PLAYED(RestoreREGDB, BSTR)
  NOT_PLAYED(QueryApplicationFile, BSTR, BSTR*, BSTR*, VARIANT_BOOL*, VARIANT_BOOL*, SAFEARRAY**)
  NOT_PLAYED(StartApplication, BSTR)
  NOT_PLAYED(ServiceCheck, LONG, LONG*)
  NOT_PLAYED(InstallMultipleEventClasses, BSTR, SAFEARRAY**, SAFEARRAY**)
  NOT_PLAYED(InstallEventClass, BSTR, BSTR, BSTR, BSTR)
  NOT_PLAYED(GetEventClassesForIID, BSTR, SAFEARRAY**, SAFEARRAY**, SAFEARRAY**)
  NOT_PLAYED(GetCollectionByQuery2, BSTR, VARIANT*, IDispatch**)
  NOT_PLAYED(GetApplicationInstanceIDFromProcessID, LONG, BSTR*)
  NOT_PLAYED(ShutdownApplicationInstances, VARIANT*)
  NOT_PLAYED(PauseApplicationInstances, VARIANT*)
  NOT_PLAYED(ResumeApplicationInstances, VARIANT*)
  NOT_PLAYED(RecycleApplicationInstances, VARIANT*, LONG)
  NOT_PLAYED(AreApplicationInstancesPaused, VARIANT*, VARIANT_BOOL*)
  NOT_PLAYED(DumpApplicationInstance, BSTR, BSTR, LONG, BSTR*)
  NOT_PLAYED(get_IsApplicationInstanceDumpSupported, VARIANT_BOOL*)
  NOT_PLAYED(GetPartitionID, BSTR, BSTR*)
  NOT_PLAYED(GetPartitionName, BSTR, BSTR*)
  NOT_PLAYED(put_CurrentPartition, BSTR)
  NOT_PLAYED(get_CurrentPartitionID, BSTR*)
  NOT_PLAYED(get_CurrentPartitionName, BSTR*)
  NOT_PLAYED(get_GlobalPartitionID, BSTR*)
  NOT_PLAYED(FlushPartitionCache)
  NOT_PLAYED(CopyApplications, BSTR, VARIANT*, BSTR)
  NOT_PLAYED(CopyComponents, BSTR, VARIANT*, BSTR)
  NOT_PLAYED(MoveComponents, BSTR, VARIANT*, BSTR)
  NOT_PLAYED(AliasComponent, BSTR, BSTR, BSTR, BSTR, BSTR)
  NOT_PLAYED(IsSafeToDelete, BSTR, COMAdminInUse*)
  NOT_PLAYED(ImportUnconfiguredComponents, BSTR, VARIANT*, VARIANT*)
  NOT_PLAYED(PromoteUnconfiguredComponents, BSTR, VARIANT*, VARIANT*)
  NOT_PLAYED(ImportComponents, BSTR, VARIANT*, VARIANT*)
  NOT_PLAYED(get_Is64BitCatalogServer, VARIANT_BOOL*)
  NOT_PLAYED(ExportPartition, BSTR, BSTR, LONG)
  NOT_PLAYED(InstallPartition, BSTR, BSTR, LONG, BSTR, BSTR, BSTR)
  NOT_PLAYED(QueryApplicationFile2, BSTR, IDispatch**)
  NOT_PLAYED(GetComponentVersionCount, BSTR, LONG*)
#undef NOT_PLAYED

 protected:
  bool alsoCatalog() const override { return true; }
};

class Factory final : public IClassFactory {
 public:
  HRESULT STDMETHODCALLTYPE QueryInterface(REFIID iid, void** out) override {
    if (IsEqualIID(iid, IID_IUnknown) || IsEqualIID(iid, IID_IClassFactory)) {
      *out = this;
      return S_OK;
    }
    *out = nullptr;
    return E_NOINTERFACE;
  }
  ULONG STDMETHODCALLTYPE AddRef() override { return 2; }
  ULONG STDMETHODCALLTYPE Release() override { return 1; }
  HRESULT STDMETHODCALLTYPE CreateInstance(IUnknown*, REFIID iid, void** out) override {
    IUnknown* object;
    if (catalog) {
      object = new Catalog();
    } else {
      object = new Admin();
    }
    HRESULT result = object->QueryInterface(iid, out);
    object->Release();
    return result;
  }
  HRESULT STDMETHODCALLTYPE LockServer(WINBOOL) override { return S_OK; }
  bool catalog = false;
};

Factory adminFactory;
Factory catalogFactory;

}  // namespace

extern "C" BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, LPVOID) {
  if (reason == DLL_PROCESS_ATTACH) {
    ownModule = module;
  }
  return TRUE;
}

STDAPI DllGetClassObject(REFCLSID clsid, REFIID iid, void** out) {
  catalogFactory.catalog = true;
  if (IsEqualCLSID(clsid, kVssCoordinator)) {
    return adminFactory.QueryInterface(iid, out);
  }
  if (IsEqualCLSID(clsid, kComAdminCatalog)) {
    return catalogFactory.QueryInterface(iid, out);
  }
  return CLASS_E_CLASSNOTAVAILABLE;
}

STDAPI DllCanUnloadNow() { return S_FALSE; }

STDAPI DllRegisterServer() {
  HRESULT result = fake::registerClass(ownModule, kVssCoordinator, L"Simulated VSS coordinator");
  return FAILED(result)
             ? result
             : fake::registerClass(ownModule, kComAdminCatalog, L"Simulated COM+ catalogue");
}

STDAPI DllUnregisterServer() {
  fake::unregisterClass(kVssCoordinator);
  return fake::unregisterClass(kComAdminCatalog);
}
