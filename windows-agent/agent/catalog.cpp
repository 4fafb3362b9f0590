#include "catalog.h"

// clang-format off
#include <windows.h>
#include <comadmin.h>
#include <sddl.h>
#include <vss.h>
#include <vsadmin.h>
#include <vsserror.h>
// clang-format on

#include <vector>

#include "../shared/hold.h"
#include "com.h"
#include "requester.h"
#include "text.h"

namespace dvx {
namespace {

constexpr GUID kComAdminCatalog = {0xf618c514, 0xdfb8, 0x11d1, {0xa2, 0xcf, 0x00, 0x80, 0x5f, 0xc7, 0x92, 0x35}};
constexpr GUID kVssCoordinator = {0xe579ab5f, 0x1cc4, 0x44b4, {0xbe, 0xd9, 0xde, 0x09, 0x91, 0xff, 0x06, 0x23}};
constexpr wchar_t kRole[] = L"DVX Administrators";
constexpr wchar_t kProviderService[] = L"DvxVssProvider";

class Text {
 public:
  explicit Text(const std::wstring& text) : text_(SysAllocString(text.c_str())) {}
  ~Text() { SysFreeString(text_); }
  Text(const Text&) = delete;
  Text& operator=(const Text&) = delete;
  BSTR get() const { return text_; }

 private:
  BSTR text_;
};

bool check(HRESULT result, const char* what, std::string& error) {
  if (FAILED(result)) {
    error = std::string(what) + ": " + systemMessage(static_cast<unsigned long>(result));
  }
  return SUCCEEDED(result);
}

HRESULT putText(ICatalogObject* object, const wchar_t* name, const std::wstring& text) {
  Text key(name), value(text);
  VARIANT variant;
  VariantInit(&variant);
  variant.vt = VT_BSTR;
  variant.bstrVal = value.get();
  return object->put_Value(key.get(), variant);
}

HRESULT putNumber(ICatalogObject* object, const wchar_t* name, LONG number) {
  Text key(name);
  VARIANT variant;
  VariantInit(&variant);
  variant.vt = VT_I4;
  variant.lVal = number;
  return object->put_Value(key.get(), variant);
}

HRESULT putSwitch(ICatalogObject* object, const wchar_t* name, bool on) {
  Text key(name);
  VARIANT variant;
  VariantInit(&variant);
  variant.vt = VT_BOOL;
  variant.boolVal = on ? VARIANT_TRUE : VARIANT_FALSE;
  return object->put_Value(key.get(), variant);
}

std::wstring valueText(ICatalogObject* object, const wchar_t* name) {
  Text key(name);
  VARIANT value;
  VariantInit(&value);
  std::wstring text;
  if (SUCCEEDED(object->get_Value(key.get(), &value)) && value.vt == VT_BSTR &&
      value.bstrVal != nullptr) {
    text = value.bstrVal;
  }
  VariantClear(&value);
  return text;
}

VARIANT keyVariant(BSTR text) {
  VARIANT variant;
  VariantInit(&variant);
  variant.vt = VT_BSTR;
  variant.bstrVal = text;
  return variant;
}

/** `NT AUTHORITY\SYSTEM` in the language of this Windows. */
std::wstring accountName(const wchar_t* sidText) {
  PSID sid = nullptr;
  if (!ConvertStringSidToSidW(sidText, &sid)) {
    return std::wstring();
  }
  wchar_t name[256], domain[256];
  DWORD nameLength = 256, domainLength = 256;
  SID_NAME_USE use;
  std::wstring out;
  if (LookupAccountSidW(nullptr, sid, name, &nameLength, domain, &domainLength, &use)) {
    out = domain[0] == 0 ? name : std::wstring(domain) + L"\\" + name;
  }
  LocalFree(sid);
  return out;
}

HRESULT openCatalog(Com<ICOMAdminCatalog2>& catalog) {
  return CoCreateInstance(kComAdminCatalog, nullptr, CLSCTX_INPROC_SERVER, __uuidof(ICOMAdminCatalog2),
                          catalog.outVoid());
}

HRESULT collection(ICOMAdminCatalog2* catalog, const wchar_t* name,
                   Com<ICatalogCollection>& out) {
  Text text(name);
  HRESULT result = catalog->GetCollection(text.get(), out.outDispatch());
  return FAILED(result) ? result : out->Populate();
}

HRESULT collectionBelow(ICatalogCollection* parent, const wchar_t* name, const std::wstring& key,
                        Com<ICatalogCollection>& out) {
  Text text(name), keyText(key);
  HRESULT result = parent->GetCollection(text.get(), keyVariant(keyText.get()), out.outDispatch());
  return FAILED(result) ? result : out->Populate();
}

/** Index of the row whose property has this value, ignoring case; -1 without one. */
LONG find(ICatalogCollection* rows, const wchar_t* property, const std::wstring& value) {
  LONG count = 0;
  if (FAILED(rows->get_Count(&count))) {
    return -1;
  }
  for (LONG i = 0; i < count; i++) {
    Com<ICatalogObject> row;
    if (SUCCEEDED(rows->get_Item(i, row.outDispatch())) &&
        lower(valueText(row.get(), property)) == lower(value)) {
      return i;
    }
  }
  return -1;
}

std::wstring applicationId() { return guidText(kProviderApplication); }

bool hasRoleAndService(ICatalogCollection* applications, LONG index) {
  Com<ICatalogObject> application;
  Com<ICatalogCollection> roles;
  if (FAILED(applications->get_Item(index, application.outDispatch())) ||
      valueText(application.get(), L"ServiceName").empty() ||
      FAILED(collectionBelow(applications, L"Roles", applicationId(), roles))) {
    return false;
  }
  if (find(roles.get(), L"Name", kRole) < 0) {
    return false;
  }
  Com<ICatalogCollection> users;
  LONG count = 0;
  return SUCCEEDED(collectionBelow(roles.get(), L"UsersInRole", kRole, users)) &&
         SUCCEEDED(users->get_Count(&count)) && count >= 2;
}

bool addRole(ICatalogCollection* applications, std::string& error) {
  Com<ICatalogCollection> roles;
  Com<ICatalogObject> role;
  Com<ICatalogCollection> users;
  LONG changes = 0;
  if (!check(collectionBelow(applications, L"Roles", applicationId(), roles), "COM+ roles", error)) {
    return false;
  }
  if (find(roles.get(), L"Name", kRole) < 0 &&
      (!check(roles->Add(role.outDispatch()), "COM+ role", error) ||
       !check(putText(role.get(), L"Name", kRole), "COM+ role name", error) ||
       !check(roles->SaveChanges(&changes), "saving the COM+ role", error))) {
    return false;
  }
  if (!check(collectionBelow(roles.get(), L"UsersInRole", kRole, users), "COM+ role users", error)) {
    return false;
  }
  for (const wchar_t* sid : {L"S-1-5-18", L"S-1-5-32-544"}) {
    std::wstring name = accountName(sid);
    if (name.empty() || find(users.get(), L"User", name) >= 0) {
      continue;
    }
    Com<ICatalogObject> user;
    if (!check(users->Add(user.outDispatch()), "COM+ role user", error) ||
        !check(putText(user.get(), L"User", name), "COM+ role user name", error)) {
      return false;
    }
  }
  return check(users->SaveChanges(&changes), "saving the COM+ role users", error);
}

}  // namespace

Presence ComApplication::application(std::string& error) {
  Com<ICOMAdminCatalog2> catalog;
  Com<ICatalogCollection> applications;
  if (!check(openCatalog(catalog), "COM+ catalogue", error) ||
      !check(collection(catalog.get(), L"Applications", applications), "COM+ applications",
             error)) {
    return Presence::kAbsent;
  }
  LONG index = find(applications.get(), L"ID", applicationId());
  if (index < 0) {
    return Presence::kAbsent;
  }
  return hasRoleAndService(applications.get(), index) ? Presence::kPresent : Presence::kDifferent;
}

bool ComApplication::createApplication(std::string& error) {
  Com<ICOMAdminCatalog2> catalog;
  Com<ICatalogCollection> applications;
  LONG changes = 0;
  if (!check(openCatalog(catalog), "COM+ catalogue", error) ||
      !check(collection(catalog.get(), L"Applications", applications), "COM+ applications",
             error)) {
    return false;
  }
  if (find(applications.get(), L"ID", applicationId()) < 0) {
    Com<ICatalogObject> application;
    if (!check(applications->Add(application.outDispatch()), "COM+ application", error) ||
        !check(putText(application.get(), L"ID", applicationId()), "COM+ id", error) ||
        !check(putText(application.get(), L"Name", kProviderName), "COM+ name", error) ||
        !check(putText(application.get(), L"Description",
                       L"Holds writes while OpenDVX takes a snapshot"),
               "COM+ description", error) ||
        !check(putSwitch(application.get(), L"ApplicationAccessChecksEnabled", true),
               "COM+ access checks", error) ||
        // Packet privacy, dynamic cloaking, identify: what VSS itself uses.
        !check(putNumber(application.get(), L"Authentication", 6), "COM+ authentication", error) ||
        !check(putNumber(application.get(), L"AuthenticationCapability", 2), "COM+ cloaking",
               error) ||
        !check(putNumber(application.get(), L"ImpersonationLevel", 2), "COM+ impersonation",
               error) ||
        !check(applications->SaveChanges(&changes), "saving the COM+ application", error)) {
      return false;
    }
  }
  LONG index = find(applications.get(), L"ID", applicationId());
  Com<ICatalogObject> application;
  if (index < 0 || FAILED(applications->get_Item(index, application.outDispatch()))) {
    error = "the COM+ application is not there after it was saved";
    return false;
  }
  if (valueText(application.get(), L"ServiceName").empty()) {
    Text id(applicationId()), service(kProviderService), start(L"SERVICE_DEMAND_START");
    Text control(L"SERVICE_ERROR_NORMAL"), none(L""), account(L".\\localsystem");
    if (!check(catalog->CreateServiceForApplication(id.get(), service.get(), start.get(),
                                                    control.get(), none.get(), account.get(),
                                                    none.get(), VARIANT_FALSE),
               "COM+ service", error)) {
      return false;
    }
  }
  return addRole(applications.get(), error);
}

Presence ComApplication::component(const std::wstring& dll, std::string& error) {
  Com<ICOMAdminCatalog2> catalog;
  Com<ICatalogCollection> applications;
  Com<ICatalogCollection> components;
  if (!check(openCatalog(catalog), "COM+ catalogue", error) ||
      !check(collection(catalog.get(), L"Applications", applications), "COM+ applications",
             error)) {
    return Presence::kAbsent;
  }
  if (find(applications.get(), L"ID", applicationId()) < 0 ||
      FAILED(collectionBelow(applications.get(), L"Components", applicationId(), components))) {
    return Presence::kAbsent;
  }
  LONG index = find(components.get(), L"CLSID", guidText(kProviderClass));
  if (index < 0) {
    return Presence::kAbsent;
  }
  Com<ICatalogObject> component;
  if (FAILED(components->get_Item(index, component.outDispatch()))) {
    return Presence::kDifferent;
  }
  wchar_t path[MAX_PATH];
  LONG bytes = sizeof path;
  std::wstring key = L"CLSID\\" + guidText(kProviderClass) + L"\\InprocServer32";
  bool registered = RegQueryValueW(HKEY_CLASSES_ROOT, key.c_str(), path, &bytes) == ERROR_SUCCESS &&
                    lower(path) == lower(dll);
  return registered && lower(valueText(component.get(), L"DLL")) == lower(dll)
             ? Presence::kPresent
             : Presence::kDifferent;
}

bool ComApplication::installComponent(const std::wstring& dll, const std::wstring& library,
                                      std::string& error) {
  Com<ICOMAdminCatalog2> catalog;
  if (!check(openCatalog(catalog), "COM+ catalogue", error)) {
    return false;
  }
  Com<ICatalogCollection> applications;
  Com<ICatalogCollection> components;
  LONG changes = 0;
  if (SUCCEEDED(collection(catalog.get(), L"Applications", applications)) &&
      SUCCEEDED(
          collectionBelow(applications.get(), L"Components", applicationId(), components))) {
    LONG index = find(components.get(), L"CLSID", guidText(kProviderClass));
    if (index >= 0) {
      // A component of an older place of the DLL: COM+ does not move it by itself.
      components->Remove(index);
      components->SaveChanges(&changes);
    }
  }
  Text id(applicationId()), dllText(dll), libraryText(library), none(L"");
  if (!check(catalog->InstallComponent(id.get(), dllText.get(), libraryText.get(), none.get()),
             "installing the COM+ component", error)) {
    return false;
  }
  HMODULE module = LoadLibraryW(dll.c_str());
  using Register = HRESULT(WINAPI*)();
  auto entry = module == nullptr ? nullptr
                                 : reinterpret_cast<Register>(reinterpret_cast<void*>(
                                       GetProcAddress(module, "DllRegisterServer")));
  HRESULT result = entry == nullptr ? HRESULT_FROM_WIN32(GetLastError()) : entry();
  if (module != nullptr) {
    FreeLibrary(module);
  }
  return check(result, "registering the provider's class", error);
}

void ComApplication::shutDown() {
  Com<ICOMAdminCatalog2> catalog;
  Text id(applicationId());
  if (SUCCEEDED(openCatalog(catalog))) {
    catalog->ShutdownApplication(id.get());
  }
}

bool ComApplication::remove(std::string& error) {
  Com<ICOMAdminCatalog2> catalog;
  Com<ICatalogCollection> applications;
  LONG changes = 0;
  if (!check(openCatalog(catalog), "COM+ catalogue", error) ||
      !check(collection(catalog.get(), L"Applications", applications), "COM+ applications",
             error)) {
    return false;
  }
  // All of this name: installers of the past may have left several.
  for (;;) {
    LONG index = find(applications.get(), L"ID", applicationId());
    if (index < 0) {
      index = find(applications.get(), L"Name", kProviderName);
    }
    if (index < 0) {
      break;
    }
    Com<ICatalogObject> application;
    if (SUCCEEDED(applications->get_Item(index, application.outDispatch()))) {
      Text id(valueText(application.get(), L"ID"));
      catalog->ShutdownApplication(id.get());
      if (!valueText(application.get(), L"ServiceName").empty()) {
        catalog->DeleteServiceForApplication(id.get());
      }
    }
    if (!check(applications->Remove(index), "removing the COM+ application", error) ||
        !check(applications->SaveChanges(&changes), "saving the COM+ catalogue", error)) {
      return false;
    }
  }
  RegDeleteTreeW(HKEY_CLASSES_ROOT, (L"CLSID\\" + guidText(kProviderClass)).c_str());
  RegDeleteTreeW(HKEY_CLASSES_ROOT, (L"TypeLib\\" + guidText(kProviderLibrary)).c_str());
  return true;
}

Presence ProviderRegistration::query(std::string& error) {
  Com<IVssAdmin> admin;
  Com<IVssEnumObject> list;
  if (!check(CoCreateInstance(kVssCoordinator, nullptr, CLSCTX_ALL, IID_IVssAdmin, admin.outVoid()),
             "the VSS service", error) ||
      !check(admin->QueryProviders(list.out()), "VSS providers", error)) {
    return Presence::kAbsent;
  }
  Presence presence = Presence::kAbsent;
  for (int i = 0; i < 1000; i++) {
    VSS_OBJECT_PROP prop = {};
    ULONG fetched = 0;
    if (FAILED(list->Next(1, &prop, &fetched)) || fetched == 0) {
      break;
    }
    if (prop.Type == VSS_OBJECT_PROVIDER) {
      const VSS_PROVIDER_PROP& provider = prop.Obj.Prov;
      if (IsEqualGUID(provider.m_ProviderId, kProviderId)) {
        presence = IsEqualGUID(provider.m_ClassId, kProviderClass) &&
                           IsEqualGUID(provider.m_ProviderVersionId, kProviderVersionId)
                       ? Presence::kPresent
                       : Presence::kDifferent;
      }
      CoTaskMemFree(provider.m_pwszProviderName);
      CoTaskMemFree(provider.m_pwszProviderVersion);
    }
  }
  return presence;
}

bool ProviderRegistration::create(std::string& error) {
  Com<IVssAdmin> admin;
  if (!check(CoCreateInstance(kVssCoordinator, nullptr, CLSCTX_ALL, IID_IVssAdmin, admin.outVoid()),
             "the VSS service", error)) {
    return false;
  }
  admin->UnregisterProvider(kProviderId);  // an entry of another version
  HRESULT result = admin->RegisterProvider(
      kProviderId, kProviderClass, const_cast<wchar_t*>(kProviderName), VSS_PROV_SOFTWARE,
      const_cast<wchar_t*>(kProviderVersion), kProviderVersionId);
  return result == VSS_E_PROVIDER_ALREADY_REGISTERED ||
         check(result, "registering the VSS provider", error);
}

bool ProviderRegistration::remove(std::string& error) {
  Com<IVssAdmin> admin;
  if (!check(CoCreateInstance(kVssCoordinator, nullptr, CLSCTX_ALL, IID_IVssAdmin, admin.outVoid()),
             "the VSS service", error)) {
    return false;
  }
  HRESULT result = admin->UnregisterProvider(kProviderId);
  return result == VSS_E_PROVIDER_NOT_REGISTERED || result == VSS_E_OBJECT_NOT_FOUND ||
         check(result, "removing the VSS provider", error);
}

}  // namespace dvx
