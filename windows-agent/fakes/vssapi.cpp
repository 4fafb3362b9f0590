// A vssapi.dll for Wine: IVssBackupComponents over the simulator's VSS process.
// clang-format off
#include <windows.h>
#include <vss.h>
#include <vswriter.h>
#include <vsbackup.h>
#include <vsserror.h>
// clang-format on

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "fake_common.h"

namespace {

/** What a requester gets when the VSS service dies under it. */
constexpr HRESULT kGone = static_cast<HRESULT>(0x800706BA);

/** The connection to the VSS process; one call at a time. */
class Channel {
 public:
  ~Channel() {
    CloseHandle(toHost_);
    CloseHandle(fromHost_);
  }

  bool start() {
    SECURITY_ATTRIBUTES inherit = {sizeof inherit, nullptr, TRUE};
    HANDLE hostIn = nullptr, hostOut = nullptr;
    if (!CreatePipe(&hostIn, &toHost_, &inherit, 0) ||
        !CreatePipe(&fromHost_, &hostOut, &inherit, 0)) {
      return false;
    }
    SetHandleInformation(toHost_, HANDLE_FLAG_INHERIT, 0);
    SetHandleInformation(fromHost_, HANDLE_FLAG_INHERIT, 0);
    STARTUPINFOW startup = {};
    startup.cb = sizeof startup;
    startup.dwFlags = STARTF_USESTDHANDLES;
    startup.hStdInput = hostIn;
    startup.hStdOutput = hostOut;
    std::wstring command = L"\"" + fake::folder() + L"\\dvx-fake-vss.exe\" " +
                           std::to_wstring(GetCurrentProcessId());
    PROCESS_INFORMATION process = {};
    bool started = CreateProcessW(nullptr, &command[0], nullptr, nullptr, TRUE, CREATE_NO_WINDOW,
                                  nullptr, nullptr, &startup, &process);
    CloseHandle(hostIn);
    CloseHandle(hostOut);
    if (started) {
      CloseHandle(process.hThread);
      CloseHandle(process.hProcess);
    }
    return started;
  }

  HRESULT call(const std::string& line, std::vector<std::string>& rows) {
    std::lock_guard<std::mutex> lock(mutex_);
    std::string text = line + "\n";
    DWORD written = 0;
    std::string head;
    if (!WriteFile(toHost_, text.data(), static_cast<DWORD>(text.size()), &written, nullptr) ||
        !readLine(head)) {
      return kGone;
    }
    std::vector<std::string> words = fake::split(head, '\t');
    unsigned count = words.size() > 1 ? static_cast<unsigned>(atoi(words[1].c_str())) : 0;
    rows.clear();
    for (unsigned i = 0; i < count; i++) {
      std::string row;
      if (!readLine(row)) {
        return kGone;
      }
      rows.push_back(row);
    }
    return static_cast<HRESULT>(strtoul(words[0].c_str(), nullptr, 16));
  }

  HRESULT call(const std::string& line) {
    std::vector<std::string> rows;
    return call(line, rows);
  }

 private:
  bool readLine(std::string& out) {
    out.clear();
    for (;;) {
      char c;
      DWORD got = 0;
      if (!ReadFile(fromHost_, &c, 1, &got, nullptr) || got == 0) {
        return false;
      }
      if (c == '\n') {
        return true;
      }
      if (c != '\r') {
        out += c;
      }
    }
  }

  std::mutex mutex_;
  HANDLE toHost_ = nullptr;
  HANDLE fromHost_ = nullptr;
};

/** Counting and QueryInterface for interfaces that derive from IUnknown. */
template <typename T>
class Counted : public T {
 public:
  HRESULT STDMETHODCALLTYPE QueryInterface(REFIID iid, void** out) override {
    if (IsEqualIID(iid, IID_IUnknown)) {
      *out = this;
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

 private:
  LONG references_ = 1;
};

struct Pending {
  std::shared_ptr<Channel> channel;
  std::string line;
  std::shared_ptr<std::vector<std::string>> rows;
  volatile LONG done = 0;
  HRESULT result = S_OK;
};

DWORD WINAPI pendingThread(LPVOID parameter) {
  auto* pending = static_cast<std::shared_ptr<Pending>*>(parameter);
  std::vector<std::string> rows;
  (*pending)->result = (*pending)->channel->call((*pending)->line, rows);
  *(*pending)->rows = rows;
  InterlockedExchange(&(*pending)->done, 1);
  delete pending;
  return 0;
}

class Async final : public Counted<IVssAsync> {
 public:
  static HRESULT start(std::shared_ptr<Channel> channel, const std::string& line,
                       std::shared_ptr<std::vector<std::string>> rows, IVssAsync** out) {
    auto pending = std::make_shared<Pending>();
    pending->channel = channel;
    pending->line = line;
    pending->rows = rows;
    auto* parameter = new std::shared_ptr<Pending>(pending);
    HANDLE thread = CreateThread(nullptr, 0, pendingThread, parameter, 0, nullptr);
    if (thread == nullptr) {
      delete parameter;
      return E_OUTOFMEMORY;
    }
    CloseHandle(thread);
    *out = new Async(pending);
    return S_OK;
  }
  HRESULT STDMETHODCALLTYPE Cancel() override { return S_OK; }
  HRESULT STDMETHODCALLTYPE Wait(DWORD millis) override {
    ULONGLONG end = GetTickCount64() + millis;
    while (pending_->done == 0 && (millis == INFINITE || GetTickCount64() < end)) {
      Sleep(5);
    }
    return S_OK;
  }
  HRESULT STDMETHODCALLTYPE QueryStatus(HRESULT* result, INT*) override {
    if (pending_->done == 0) {
      *result = VSS_S_ASYNC_PENDING;
    } else {
      *result = SUCCEEDED(pending_->result) ? VSS_S_ASYNC_FINISHED : pending_->result;
    }
    return S_OK;
  }

 private:
  explicit Async(std::shared_ptr<Pending> pending) : pending_(std::move(pending)) {}
  std::shared_ptr<Pending> pending_;
};

class WriterComponent final : public Counted<IVssWMComponent> {
 public:
  explicit WriterComponent(std::vector<std::string> fields) : fields_(std::move(fields)) {
    fields_.resize(4);
  }
  HRESULT STDMETHODCALLTYPE GetComponentInfo(PVSSCOMPONENTINFO* out) override {
    auto* info = new VSS_COMPONENTINFO();
    info->type = static_cast<VSS_COMPONENT_TYPE>(atoi(fields_[0].c_str()));
    info->bstrLogicalPath = SysAllocString(fake::wide(fields_[1]).c_str());
    info->bstrComponentName = SysAllocString(fake::wide(fields_[2]).c_str());
    info->bSelectable = fields_[3] == "1";
    *out = info;
    return S_OK;
  }
  HRESULT STDMETHODCALLTYPE FreeComponentInfo(PVSSCOMPONENTINFO info) override {
    SysFreeString(info->bstrLogicalPath);
    SysFreeString(info->bstrComponentName);
    delete info;
    return S_OK;
  }
  HRESULT STDMETHODCALLTYPE GetFile(UINT, IVssWMFiledesc**) override { return E_NOTIMPL; }
  HRESULT STDMETHODCALLTYPE GetDatabaseFile(UINT, IVssWMFiledesc**) override { return E_NOTIMPL; }
  HRESULT STDMETHODCALLTYPE GetDatabaseLogFile(UINT, IVssWMFiledesc**) override {
    return E_NOTIMPL;
  }
  HRESULT STDMETHODCALLTYPE GetDependency(UINT, IVssWMDependency**) override { return E_NOTIMPL; }

 private:
  std::vector<std::string> fields_;
};

class Metadata final : public Counted<IVssExamineWriterMetadata> {
 public:
  explicit Metadata(std::vector<std::string> row) : row_(std::move(row)) {
    row_.resize(4);
    if (!row_[3].empty()) {
      components_ = fake::split(row_[3], ';');
    }
  }
  HRESULT STDMETHODCALLTYPE GetIdentity(VSS_ID* instance, VSS_ID* writer, BSTR* name,
                                        VSS_USAGE_TYPE* usage, VSS_SOURCE_TYPE* source) override {
    CLSIDFromString(fake::wide(row_[1]).c_str(), writer);
    CLSIDFromString(fake::wide(row_[2]).c_str(), instance);
    *name = SysAllocString(fake::wide(row_[0]).c_str());
    *usage = VSS_UT_USERDATA;
    *source = VSS_ST_TRANSACTEDDB;
    return S_OK;
  }
  HRESULT STDMETHODCALLTYPE GetFileCounts(UINT* include, UINT* exclude, UINT* components) override {
    *include = 0;
    *exclude = 0;
    *components = static_cast<UINT>(components_.size());
    return S_OK;
  }
  HRESULT STDMETHODCALLTYPE GetIncludeFile(UINT, IVssWMFiledesc**) override { return E_NOTIMPL; }
  HRESULT STDMETHODCALLTYPE GetExcludeFile(UINT, IVssWMFiledesc**) override { return E_NOTIMPL; }
  HRESULT STDMETHODCALLTYPE GetComponent(UINT index, IVssWMComponent** out) override {
    if (index >= components_.size()) {
      return VSS_E_OBJECT_NOT_FOUND;
    }
    *out = new WriterComponent(fake::split(components_[index], ','));
    return S_OK;
  }
  HRESULT STDMETHODCALLTYPE GetRestoreMethod(VSS_RESTOREMETHOD_ENUM*, BSTR*, BSTR*,
                                             VSS_WRITERRESTORE_ENUM*, boolean*, UINT*) override {
    return E_NOTIMPL;
  }
  HRESULT STDMETHODCALLTYPE GetAlternateLocationMapping(UINT, IVssWMFiledesc**) override {
    return E_NOTIMPL;
  }
  HRESULT STDMETHODCALLTYPE GetBackupSchema(DWORD*) override { return E_NOTIMPL; }
  HRESULT STDMETHODCALLTYPE GetDocument(IXMLDOMDocument**) override { return E_NOTIMPL; }
  HRESULT STDMETHODCALLTYPE SaveAsXML(BSTR* out) override {
    std::string xml = "<WRITER_METADATA xmlns=\"x-schema:#VssWriterMetadataInfo\" version=\"1.1\">"
                      "<IDENTIFICATION writerId=\"" +
                      row_[1] + "\" instanceId=\"" + row_[2] + "\" friendlyName=\"" + row_[0] +
                      "\"/>";
    for (const std::string& component : components_) {
      xml += "<COMPONENT text=\"" + component + "\"/>";
    }
    xml += "</WRITER_METADATA>";
    *out = SysAllocString(fake::wide(xml).c_str());
    return S_OK;
  }
  HRESULT STDMETHODCALLTYPE LoadFromXML(BSTR) override { return E_NOTIMPL; }

 private:
  std::vector<std::string> row_;
  std::vector<std::string> components_;
};

class Backup final : public Counted<IVssBackupComponents> {
 public:
  explicit Backup(std::shared_ptr<Channel> channel) : channel_(std::move(channel)) {}

  HRESULT STDMETHODCALLTYPE GetWriterComponentsCount(UINT*) override { return E_NOTIMPL; }
  HRESULT STDMETHODCALLTYPE GetWriterComponents(UINT, IVssWriterComponentsExt**) override {
    return E_NOTIMPL;
  }
  HRESULT STDMETHODCALLTYPE InitializeForBackup(BSTR) override {
    return channel_->call("InitializeForBackup");
  }
  HRESULT STDMETHODCALLTYPE SetBackupState(boolean select, boolean bootable, VSS_BACKUP_TYPE type,
                                           boolean) override {
    type_ = type;
    return channel_->call("SetBackupState\t" + std::to_string(select) + "\t" +
                          std::to_string(bootable) + "\t" + std::to_string(type));
  }
  HRESULT STDMETHODCALLTYPE InitializeForRestore(BSTR) override { return E_NOTIMPL; }
  HRESULT STDMETHODCALLTYPE SetRestoreState(VSS_RESTORE_TYPE) override { return E_NOTIMPL; }
  HRESULT STDMETHODCALLTYPE GatherWriterMetadata(IVssAsync** out) override {
    return Async::start(channel_, "GatherWriterMetadata", metadata_, out);
  }
  HRESULT STDMETHODCALLTYPE GetWriterMetadataCount(UINT* count) override {
    *count = static_cast<UINT>(metadata_->size());
    return S_OK;
  }
  HRESULT STDMETHODCALLTYPE GetWriterMetadata(UINT index, VSS_ID* instance,
                                              IVssExamineWriterMetadata** out) override {
    if (index >= metadata_->size()) {
      return VSS_E_OBJECT_NOT_FOUND;
    }
    std::vector<std::string> row = fake::split((*metadata_)[index], '\t');
    CLSIDFromString(fake::wide(row.at(2)).c_str(), instance);
    *out = new Metadata(row);
    return S_OK;
  }
  HRESULT STDMETHODCALLTYPE FreeWriterMetadata() override { return S_OK; }
  HRESULT STDMETHODCALLTYPE AddComponent(VSS_ID, VSS_ID writer, VSS_COMPONENT_TYPE, LPCWSTR,
                                         LPCWSTR name) override {
    components_ += "<COMPONENT writerId=\"" + fake::utf8(fake::guidText(writer)) + "\" name=\"" +
                   fake::utf8(name) + "\"/>";
    return channel_->call("AddComponent\t" + fake::utf8(name));
  }
  HRESULT STDMETHODCALLTYPE PrepareForBackup(IVssAsync** out) override {
    return Async::start(channel_, "PrepareForBackup", scratch_, out);
  }
  HRESULT STDMETHODCALLTYPE AbortBackup() override { return channel_->call("AbortBackup"); }
  HRESULT STDMETHODCALLTYPE GatherWriterStatus(IVssAsync** out) override {
    return Async::start(channel_, "GatherWriterStatus", statuses_, out);
  }
  HRESULT STDMETHODCALLTYPE GetWriterStatusCount(UINT* count) override {
    *count = static_cast<UINT>(statuses_->size());
    return S_OK;
  }
  HRESULT STDMETHODCALLTYPE FreeWriterStatus() override { return S_OK; }
  HRESULT STDMETHODCALLTYPE GetWriterStatus(UINT index, VSS_ID* instance, VSS_ID* writer,
                                            BSTR* name, VSS_WRITER_STATE* state,
                                            HRESULT* failure) override {
    if (index >= statuses_->size()) {
      return VSS_E_OBJECT_NOT_FOUND;
    }
    std::vector<std::string> row = fake::split((*statuses_)[index], '\t');
    *name = SysAllocString(fake::wide(row.at(0)).c_str());
    CLSIDFromString(fake::wide(row.at(1)).c_str(), writer);
    CLSIDFromString(fake::wide(row.at(2)).c_str(), instance);
    *state = static_cast<VSS_WRITER_STATE>(atoi(row.at(3).c_str()));
    *failure = static_cast<HRESULT>(strtoul(row.at(4).c_str(), nullptr, 16));
    return S_OK;
  }
  HRESULT STDMETHODCALLTYPE SetBackupSucceeded(VSS_ID, VSS_ID, VSS_COMPONENT_TYPE, LPCWSTR,
                                               LPCWSTR name, boolean succeeded) override {
    return channel_->call("SetBackupSucceeded\t" + fake::utf8(name) + "\t" +
                          std::to_string(succeeded));
  }
  HRESULT STDMETHODCALLTYPE SetBackupOptions(VSS_ID, VSS_COMPONENT_TYPE, LPCWSTR, LPCWSTR,
                                             LPCWSTR) override {
    return E_NOTIMPL;
  }
  HRESULT STDMETHODCALLTYPE SetSelectedForRestore(VSS_ID, VSS_COMPONENT_TYPE, LPCWSTR, LPCWSTR,
                                                  boolean) override {
    return E_NOTIMPL;
  }
  HRESULT STDMETHODCALLTYPE SetRestoreOptions(VSS_ID, VSS_COMPONENT_TYPE, LPCWSTR, LPCWSTR,
                                              LPCWSTR) override {
    return E_NOTIMPL;
  }
  HRESULT STDMETHODCALLTYPE SetAdditionalRestores(VSS_ID, VSS_COMPONENT_TYPE, LPCWSTR, LPCWSTR,
                                                  boolean) override {
    return E_NOTIMPL;
  }
  HRESULT STDMETHODCALLTYPE SetPreviousBackupStamp(VSS_ID, VSS_COMPONENT_TYPE, LPCWSTR, LPCWSTR,
                                                   LPCWSTR) override {
    return E_NOTIMPL;
  }
  HRESULT STDMETHODCALLTYPE SaveAsXML(BSTR* out) override {
    std::string xml = "<BACKUP_COMPONENTS xmlns=\"x-schema:#VssComponentMetadata\" backupType=\"" +
                      std::string(type_ == VSS_BT_COPY ? "copy" : "full") + "\">" + components_ +
                      "</BACKUP_COMPONENTS>";
    *out = SysAllocString(fake::wide(xml).c_str());
    return S_OK;
  }
  HRESULT STDMETHODCALLTYPE BackupComplete(IVssAsync** out) override {
    return Async::start(channel_, "BackupComplete", scratch_, out);
  }
  HRESULT STDMETHODCALLTYPE AddAlternativeLocationMapping(VSS_ID, VSS_COMPONENT_TYPE, LPCWSTR,
                                                          LPCWSTR, LPCWSTR, LPCWSTR, boolean,
                                                          LPCWSTR) override {
    return E_NOTIMPL;
  }
  HRESULT STDMETHODCALLTYPE AddRestoreSubcomponent(VSS_ID, VSS_COMPONENT_TYPE, LPCWSTR, LPCWSTR,
                                                   LPCWSTR, LPCWSTR, boolean) override {
    return E_NOTIMPL;
  }
  HRESULT STDMETHODCALLTYPE SetFileRestoreStatus(VSS_ID, VSS_COMPONENT_TYPE, LPCWSTR, LPCWSTR,
                                                 VSS_FILE_RESTORE_STATUS) override {
    return E_NOTIMPL;
  }
  HRESULT STDMETHODCALLTYPE AddNewTarget(VSS_ID, VSS_COMPONENT_TYPE, LPCWSTR, LPCWSTR, LPCWSTR,
                                         LPCWSTR, boolean, LPCWSTR) override {
    return E_NOTIMPL;
  }
  HRESULT STDMETHODCALLTYPE SetRangesFilePath(VSS_ID, VSS_COMPONENT_TYPE, LPCWSTR, LPCWSTR, UINT,
                                              LPCWSTR) override {
    return E_NOTIMPL;
  }
  HRESULT STDMETHODCALLTYPE PreRestore(IVssAsync**) override { return E_NOTIMPL; }
  HRESULT STDMETHODCALLTYPE PostRestore(IVssAsync**) override { return E_NOTIMPL; }
  HRESULT STDMETHODCALLTYPE SetContext(LONG context) override {
    char text[16];
    snprintf(text, sizeof text, "%lx", static_cast<unsigned long>(context));
    return channel_->call(std::string("SetContext\t") + text);
  }
  HRESULT STDMETHODCALLTYPE StartSnapshotSet(VSS_ID* set) override {
    std::vector<std::string> rows;
    HRESULT result = channel_->call("StartSnapshotSet", rows);
    if (SUCCEEDED(result) && !rows.empty()) {
      CLSIDFromString(fake::wide(rows[0]).c_str(), set);
    }
    return result;
  }
  HRESULT STDMETHODCALLTYPE AddToSnapshotSet(VSS_PWSZ volume, VSS_ID provider,
                                             VSS_ID* snapshot) override {
    CoCreateGuid(snapshot);
    return channel_->call("AddToSnapshotSet\t" + fake::utf8(volume) + "\t" +
                          fake::utf8(fake::guidText(provider)));
  }
  HRESULT STDMETHODCALLTYPE DoSnapshotSet(IVssAsync** out) override {
    return Async::start(channel_, "DoSnapshotSet", scratch_, out);
  }
  HRESULT STDMETHODCALLTYPE DeleteSnapshots(VSS_ID, VSS_OBJECT_TYPE, WINBOOL, LONG*,
                                            VSS_ID*) override {
    return E_NOTIMPL;
  }
  HRESULT STDMETHODCALLTYPE ImportSnapshots(IVssAsync**) override { return E_NOTIMPL; }
  HRESULT STDMETHODCALLTYPE BreakSnapshotSet(VSS_ID) override { return E_NOTIMPL; }
  HRESULT STDMETHODCALLTYPE GetSnapshotProperties(VSS_ID, VSS_SNAPSHOT_PROP*) override {
    return E_NOTIMPL;
  }
  HRESULT STDMETHODCALLTYPE Query(VSS_ID, VSS_OBJECT_TYPE, VSS_OBJECT_TYPE,
                                  IVssEnumObject**) override {
    return E_NOTIMPL;
  }
  HRESULT STDMETHODCALLTYPE IsVolumeSupported(VSS_ID, VSS_PWSZ, WINBOOL*) override {
    return E_NOTIMPL;
  }
  HRESULT STDMETHODCALLTYPE DisableWriterClasses(const VSS_ID*, UINT) override {
    return E_NOTIMPL;
  }
  HRESULT STDMETHODCALLTYPE EnableWriterClasses(const VSS_ID*, UINT) override { return E_NOTIMPL; }
  HRESULT STDMETHODCALLTYPE DisableWriterInstances(const VSS_ID*, UINT) override {
    return E_NOTIMPL;
  }
  HRESULT STDMETHODCALLTYPE ExposeSnapshot(VSS_ID, VSS_PWSZ, LONG, VSS_PWSZ, VSS_PWSZ*) override {
    return E_NOTIMPL;
  }
  HRESULT STDMETHODCALLTYPE RevertToSnapshot(VSS_ID, WINBOOL) override { return E_NOTIMPL; }
  HRESULT STDMETHODCALLTYPE QueryRevertStatus(VSS_PWSZ, IVssAsync**) override { return E_NOTIMPL; }

 private:
  std::shared_ptr<Channel> channel_;
  using Rows = std::shared_ptr<std::vector<std::string>>;
  Rows metadata_ = std::make_shared<std::vector<std::string>>();
  Rows statuses_ = std::make_shared<std::vector<std::string>>();
  Rows scratch_ = std::make_shared<std::vector<std::string>>();
  std::string components_;
  VSS_BACKUP_TYPE type_ = VSS_BT_UNDEFINED;
};

}  // namespace

extern "C" HRESULT WINAPI fakeCreateVssBackupComponents(IVssBackupComponents** out) {
  auto channel = std::make_shared<Channel>();
  if (!channel->start()) {
    return kGone;
  }
  *out = new Backup(channel);
  return S_OK;
}
