#include "requester.h"

// clang-format off
#include <vss.h>
#include <vswriter.h>
#include <vsbackup.h>
#include <vsserror.h>
// clang-format on

namespace dvx {
namespace {

constexpr DWORD kPollMillis = 20;
constexpr DWORD kHeldPollMillis = 100;
constexpr DWORD kBusyMillis = 8000;
constexpr DWORD kBusyAgainMillis = 500;
constexpr size_t kMaxDocuments = 16u << 20;

using CreateComponents = HRESULT(WINAPI*)(IVssBackupComponents**);

/** Releases a COM object at the end of a block. */
template <typename T>
class Com {
 public:
  Com() = default;
  Com(const Com&) = delete;
  Com& operator=(const Com&) = delete;
  ~Com() { reset(); }
  T** out() {
    reset();
    return &object_;
  }
  T* operator->() const { return object_; }
  T* get() const { return object_; }
  explicit operator bool() const { return object_ != nullptr; }
  void reset() {
    if (object_ != nullptr) {
      object_->Release();
      object_ = nullptr;
    }
  }

 private:
  T* object_ = nullptr;
};

std::wstring takeText(BSTR text) {
  std::wstring out;
  if (text != nullptr) {
    out.assign(text, SysStringLen(text));
    SysFreeString(text);
  }
  return out;
}

/** From System32 only: a DLL planted beside the agent must not run as SYSTEM. */
CreateComponents findCreate() {
  std::wstring path = systemFolder() + L"\\vssapi.dll";
  HMODULE module = LoadLibraryW(path.c_str());
  if (module == nullptr) {
    return nullptr;
  }
  FARPROC entry = GetProcAddress(module, "CreateVssBackupComponentsInternal");
  if (entry == nullptr) {
    entry = GetProcAddress(module, "?CreateVssBackupComponents@@YAJPEAPEAVIVssBackupComponents@@@Z");
  }
  return reinterpret_cast<CreateComponents>(reinterpret_cast<void*>(entry));
}

std::string cdata(const std::wstring& text) {
  std::string out = toUtf8(text);
  for (size_t at = out.find("]]>"); at != std::string::npos; at = out.find("]]>", at + 15)) {
    out.replace(at, 3, "]]]]><![CDATA[>");
  }
  return "<![CDATA[" + out + "]]>";
}

std::string attribute(const std::string& text) {
  std::string out;
  for (char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

struct Component {
  GUID instance;
  GUID writer;
  VSS_COMPONENT_TYPE type;
  std::wstring path;
  std::wstring name;
};

/** True when a selectable component stands above this one: it brings this one along. */
bool hasAncestor(const Component& component, const std::vector<Component>& all) {
  for (const Component& other : all) {
    std::wstring above = other.path.empty() ? other.name : other.path + L"\\" + other.name;
    if (component.path == above ||
        component.path.compare(0, above.size() + 1, above + L"\\") == 0) {
      return true;
    }
  }
  return false;
}

struct WriterDocument {
  std::string name;
  GUID id;
  std::wstring xml;
};

}  // namespace

struct Requester::State {
  RequesterOptions options;
  HoldControl hold;
  Com<IVssBackupComponents> backup;
  Com<IVssAsync> snapshot;
  std::vector<Component> components;
  std::vector<WriterDocument> documents;
  std::vector<WriterStatus> writers;
  VssError error;
  Handle cancelled{CreateEventW(nullptr, TRUE, FALSE, nullptr)};
  bool started = false;
  LONGLONG doneTicks = 0;
  HRESULT snapshotResult = S_FALSE;

  bool fail(HRESULT code, const char* call) {
    error.code = code;
    error.call = call;
    error.message = std::string(call) + ": " + vssMessage(code);
    return false;
  }

  bool check(HRESULT code, const char* call) { return SUCCEEDED(code) || fail(code, call); }

  /** Polls instead of IVssAsync::Wait, whose time limit old versions of Windows ignore. */
  HRESULT await(IVssAsync* async, ULONGLONG deadline) {
    for (;;) {
      HRESULT result = S_OK;
      HRESULT queried = async->QueryStatus(&result, nullptr);
      if (FAILED(queried)) {
        return queried;
      }
      if (result != VSS_S_ASYNC_PENDING) {
        return result == VSS_S_ASYNC_FINISHED ? S_OK
                                              : (result == VSS_S_ASYNC_CANCELLED ? E_ABORT : result);
      }
      if (GetTickCount64() >= deadline) {
        async->Cancel();
        return HRESULT_FROM_WIN32(ERROR_TIMEOUT);
      }
      if (WaitForSingleObject(cancelled.get(), kPollMillis) == WAIT_OBJECT_0) {
        async->Cancel();
        return E_ABORT;
      }
    }
  }

  bool run(HRESULT started_, Com<IVssAsync>& async, ULONGLONG deadline, const char* call) {
    return check(started_, call) && check(await(async.get(), deadline), call);
  }

  bool setContext() {
    LONG context = VSS_CTX_APP_ROLLBACK | VSS_VOLSNAP_ATTR_NO_AUTORECOVERY;
    if (options.application) {
      context |= VSS_VOLSNAP_ATTR_TXF_RECOVERY;
    } else {
      context |= VSS_VOLSNAP_ATTR_NO_WRITERS;
    }
    HRESULT result = backup->SetContext(context | VSS_VOLSNAP_ATTR_TRANSPORTABLE);
    if (result == VSS_E_UNSUPPORTED_CONTEXT) {
      // Editions without transportable snapshots (Windows clients, Server Web and Core variants).
      result = backup->SetContext(context);
    }
    return check(result, "SetContext");
  }

  bool gatherWriters(ULONGLONG deadline) {
    Com<IVssAsync> async;
    if (!run(backup->GatherWriterMetadata(async.out()), async, deadline, "GatherWriterMetadata")) {
      return false;
    }
    UINT count = 0;
    if (!check(backup->GetWriterMetadataCount(&count), "GetWriterMetadataCount")) {
      return false;
    }
    for (UINT i = 0; i < count; i++) {
      VSS_ID instance = {};
      Com<IVssExamineWriterMetadata> metadata;
      if (!check(backup->GetWriterMetadata(i, &instance, metadata.out()), "GetWriterMetadata") ||
          !addComponents(metadata.get())) {
        return false;
      }
    }
    return true;
  }

  bool addComponents(IVssExamineWriterMetadata* metadata) {
    VSS_ID instance = {}, writer = {};
    BSTR name = nullptr;
    VSS_USAGE_TYPE usage;
    VSS_SOURCE_TYPE source;
    if (!check(metadata->GetIdentity(&instance, &writer, &name, &usage, &source), "GetIdentity")) {
      return false;
    }
    WriterDocument document = {toUtf8(takeText(name)), writer, std::wstring()};
    BSTR xml = nullptr;
    if (SUCCEEDED(metadata->SaveAsXML(&xml))) {
      document.xml = takeText(xml);
    }
    documents.push_back(document);
    UINT includes = 0, excludes = 0, count = 0;
    if (!check(metadata->GetFileCounts(&includes, &excludes, &count), "GetFileCounts")) {
      return false;
    }
    std::vector<Component> selectable;
    for (UINT i = 0; i < count; i++) {
      Com<IVssWMComponent> component;
      PVSSCOMPONENTINFO info = nullptr;
      if (!check(metadata->GetComponent(i, component.out()), "GetComponent") ||
          !check(component->GetComponentInfo(&info), "GetComponentInfo")) {
        return false;
      }
      // What is not selectable comes along with the component above it.
      if (info->bSelectable) {
        selectable.push_back({instance, writer, info->type,
                              info->bstrLogicalPath == nullptr ? L"" : info->bstrLogicalPath,
                              info->bstrComponentName == nullptr ? L"" : info->bstrComponentName});
      }
      component->FreeComponentInfo(info);
    }
    for (const Component& one : selectable) {
      if (!hasAncestor(one, selectable) && !addComponent(one)) {
        return false;
      }
    }
    if (selectable.empty()) {
      // Nothing of this writer can be restored by component; the System Writer's list of files
      // alone would be megabytes.
      documents.pop_back();
    }
    return true;
  }

  bool addComponent(const Component& added) {
    HRESULT result =
        backup->AddComponent(added.instance, added.writer, added.type,
                             added.path.empty() ? nullptr : added.path.c_str(), added.name.c_str());
    if (result == VSS_E_OBJECT_ALREADY_EXISTS) {
      return true;
    }
    if (!check(result, "AddComponent")) {
      return false;
    }
    components.push_back(added);
    return true;
  }

  /** Another program's set is in progress quite often, and rarely for long. */
  bool startSet(ULONGLONG deadline) {
    VSS_ID set = {};
    ULONGLONG patience = GetTickCount64() + kBusyMillis;
    for (;;) {
      HRESULT result = backup->StartSnapshotSet(&set);
      ULONGLONG now = GetTickCount64();
      if (result != VSS_E_SNAPSHOT_SET_IN_PROGRESS || now >= patience || now >= deadline ||
          WaitForSingleObject(cancelled.get(), kBusyAgainMillis) == WAIT_OBJECT_0) {
        return check(result, "StartSnapshotSet");
      }
    }
  }

  bool gatherStatus(ULONGLONG deadline, std::vector<WriterStatus>& out) {
    out.clear();
    if (!options.application) {
      return true;
    }
    Com<IVssAsync> async;
    if (!run(backup->GatherWriterStatus(async.out()), async, deadline, "GatherWriterStatus")) {
      return false;
    }
    UINT count = 0;
    if (!check(backup->GetWriterStatusCount(&count), "GetWriterStatusCount")) {
      return false;
    }
    for (UINT i = 0; i < count && i < 1024; i++) {
      WriterStatus status;
      BSTR name = nullptr;
      VSS_WRITER_STATE state = VSS_WS_UNKNOWN;
      HRESULT failure = S_OK;
      if (!check(backup->GetWriterStatus(i, &status.instance, &status.id, &name, &state, &failure),
                 "GetWriterStatus")) {
        return false;
      }
      status.name = toUtf8(takeText(name));
      status.state = state;
      status.failure = failure;
      out.push_back(status);
    }
    backup->FreeWriterStatus();
    return true;
  }

  std::string assembleDocuments() {
    BSTR xml = nullptr;
    std::wstring own;
    if (SUCCEEDED(backup->SaveAsXML(&xml))) {
      own = takeText(xml);
    }
    std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<dvxWriterDocuments version=\"1\">\n";
    out += "<document kind=\"backup-components\">" + cdata(own) + "</document>\n";
    size_t left = 0;
    for (const WriterDocument& document : documents) {
      std::string body = cdata(document.xml);
      if (out.size() + body.size() + 4096 > kMaxDocuments) {
        left++;
        continue;
      }
      out += "<document kind=\"writer-metadata\" writer=\"" + attribute(document.name) + "\" id=\"" +
             guidPlain(document.id) + "\">" + body + "</document>\n";
    }
    if (left != 0) {
      out += "<!-- " + std::to_string(left) + " documents left out: over 16 MiB -->\n";
    }
    return out + "</dvxWriterDocuments>\n";
  }

  void takeTimes(RequesterResult& result) const {
    const HoldBlock* block = hold.block();
    if (block == nullptr || block->preCommitTicks == 0) {
      return;
    }
    LONGLONG end = block->releasedTicks != 0 ? block->releasedTicks : ticksNow();
    result.released = static_cast<Release>(block->released);
    // From the start of flush-and-hold, not from its end: volumes are held one after the other.
    result.writesHeldMillis = millisBetween(block->preCommitTicks, end);
    LONGLONG frozenFrom = block->preparedTicks != 0 ? block->preparedTicks : block->preCommitTicks;
    result.writersFrozenMillis = millisBetween(frozenFrom, doneTicks != 0 ? doneTicks : end);
    result.held = block->heldTicks != 0 && block->released == kReleaseCommitted;
  }
};

Requester::Requester() : state_(new State()) {}

Requester::~Requester() { abort(); }

bool Requester::prepare(const RequesterOptions& options, const std::vector<Volume>& volumes,
                        DWORD limitMillis) {
  State& s = *state_;
  s.options = options;
  ULONGLONG deadline = GetTickCount64() + limitMillis;
  if (volumes.empty()) {
    s.error = {E_INVALIDARG, "prepare", "there is no volume that a freeze could take"};
    return false;
  }
  std::string held;
  if (!s.hold.open(options.holdLimitMillis, held)) {
    s.error = {VSS_E_SNAPSHOT_SET_IN_PROGRESS, "prepare", held};
    return false;
  }
  static const CreateComponents create = findCreate();
  if (create == nullptr) {
    s.error = {HRESULT_FROM_WIN32(ERROR_PROC_NOT_FOUND), "CreateVssBackupComponents",
               "vssapi.dll of this Windows cannot be used"};
    abort();
    return false;
  }
  Com<IVssAsync> async;
  bool done =
      s.check(create(s.backup.out()), "CreateVssBackupComponents") &&
      s.check(s.backup->InitializeForBackup(nullptr), "InitializeForBackup") &&
      s.check(s.backup->SetBackupState(true, true, options.full ? VSS_BT_FULL : VSS_BT_COPY, false),
              "SetBackupState") &&
      s.setContext() && (!options.application || s.gatherWriters(deadline)) &&
      s.startSet(deadline);
  for (size_t i = 0; done && i < volumes.size(); i++) {
    VSS_ID snapshot = {};
    done = s.check(s.backup->AddToSnapshotSet(const_cast<wchar_t*>(volumes[i].name.c_str()),
                                              kProviderId, &snapshot),
                   "AddToSnapshotSet");
    if (!done) {
      s.error.message += " (" + toUtf8(volumes[i].label()) + ")";
    }
  }
  if (done && options.application) {
    done = s.run(s.backup->PrepareForBackup(async.out()), async, deadline, "PrepareForBackup") &&
           s.gatherStatus(deadline, s.writers);
  }
  if (!done) {
    abort();
  }
  return done;
}

bool Requester::freeze(DWORD limitMillis) {
  State& s = *state_;
  ULONGLONG deadline = GetTickCount64() + limitMillis;
  if (!s.backup || s.started) {
    return s.fail(VSS_E_BAD_STATE, "DoSnapshotSet");
  }
  s.started = true;
  if (!s.check(s.backup->DoSnapshotSet(s.snapshot.out()), "DoSnapshotSet")) {
    abort();
    return false;
  }
  HANDLE waited[2] = {s.hold.heldEvent(), s.cancelled.get()};
  for (;;) {
    DWORD woken = WaitForMultipleObjects(2, waited, FALSE, kPollMillis);
    if (woken == WAIT_OBJECT_0) {
      return true;
    }
    HRESULT result = S_OK;
    HRESULT queried = s.snapshot->QueryStatus(&result, nullptr);
    if (woken == WAIT_OBJECT_0 + 1) {
      s.fail(E_ABORT, "DoSnapshotSet");
    } else if (FAILED(queried)) {
      s.fail(queried, "DoSnapshotSet");
    } else if (result != VSS_S_ASYNC_PENDING) {
      // Done without a hold: it failed, or another provider took the set.
      s.fail(result == VSS_S_ASYNC_FINISHED ? VSS_E_UNEXPECTED_PROVIDER_ERROR : result,
             "DoSnapshotSet");
    } else if (GetTickCount64() >= deadline) {
      s.fail(HRESULT_FROM_WIN32(ERROR_TIMEOUT), "DoSnapshotSet");
    } else {
      continue;
    }
    s.hold.release(kReleaseAbort);
    // The writers' states say who failed; worth a moment, since nothing is held any more.
    std::vector<WriterStatus> states;
    VssError first = s.error;
    s.snapshot->Cancel();
    if (woken == WAIT_TIMEOUT && s.gatherStatus(GetTickCount64() + 5000, states)) {
      s.writers = states;
    }
    s.error = first;
    abort();
    return false;
  }
}

void Requester::release(Release reason) { state_->hold.release(reason); }

void Requester::cancel() {
  SetEvent(state_->cancelled.get());
  state_->hold.release(kReleaseAbort);
}

bool Requester::stillHeld() const {
  const HoldBlock* block = state_->hold.block();
  return block != nullptr && block->heldTicks != 0 && block->released == kReleaseNone;
}

HANDLE Requester::releasedEvent() const { return state_->hold.releasedEvent(); }

bool Requester::awaitRelease(DWORD limitMillis, RequesterResult& result) {
  ULONGLONG deadline = GetTickCount64() + limitMillis;
  bool released = false;
  bool over = false;
  while (!released && !over) {
    released = WaitForSingleObject(state_->hold.releasedEvent(), kHeldPollMillis) == WAIT_OBJECT_0;
    HRESULT status = S_OK;
    // VSS may end the set without the provider: its service died, or Windows cancelled the hold.
    over = GetTickCount64() >= deadline ||
           (!released && (FAILED(state_->snapshot->QueryStatus(&status, nullptr)) ||
                          status != VSS_S_ASYNC_PENDING));
  }
  state_->takeTimes(result);
  if (!released && result.released == kReleaseNone) {
    result.released = kReleaseSystem;
  }
  return released;
}

RequesterResult Requester::finish(DWORD limitMillis) {
  State& s = *state_;
  RequesterResult result;
  ULONGLONG deadline = GetTickCount64() + limitMillis;
  if (!s.backup || !s.snapshot) {
    result.error = s.error;
    result.reason = s.error.message.empty() ? "no snapshot set was started" : s.error.message;
    return result;
  }
  s.hold.release(kReleaseAbort);
  HRESULT snapshot = s.await(s.snapshot.get(), deadline);
  s.doneTicks = ticksNow();
  s.takeTimes(result);
  s.check(snapshot, "DoSnapshotSet");
  VssError snapshotError = s.error;
  bool statuses = s.gatherStatus(deadline, result.writers);
  bool good = SUCCEEDED(snapshot) && result.held;
  bool writersGood = statuses && s.options.application;
  for (const WriterStatus& writer : result.writers) {
    if (!writer.good()) {
      writersGood = false;
      if (result.reason.empty()) {
        result.reason = "writer " + writer.name + ": " + vssMessage(writer.failure);
      }
    }
  }
  if (!good) {
    result.error = snapshotError;
    if (SUCCEEDED(snapshot)) {
      result.error.message = "writes were not held until the cut was confirmed";
    }
    if (result.reason.empty()) {
      result.reason = result.error.message;
    }
    abort();
    return result;
  }
  if (s.options.application) {
    for (const Component& component : s.components) {
      s.backup->SetBackupSucceeded(component.instance, component.writer, component.type,
                                   component.path.empty() ? nullptr : component.path.c_str(),
                                   component.name.c_str(), writersGood);
    }
    Com<IVssAsync> async;
    bool completed = s.run(s.backup->BackupComplete(async.out()), async, deadline, "BackupComplete");
    std::vector<WriterStatus> after;
    if (completed && s.gatherStatus(deadline, after)) {
      result.writers = after;
      for (const WriterStatus& writer : after) {
        if (!writer.good() && result.reason.empty()) {
          writersGood = false;
          result.reason = "writer " + writer.name + ": " + vssMessage(writer.failure);
        }
      }
    } else {
      writersGood = false;
      if (result.reason.empty()) {
        result.reason = s.error.message;
      }
    }
    result.documents = s.assembleDocuments();
    if (!completed) {
      result.error = s.error;
      abort();
    }
  }
  result.success = true;
  result.application = writersGood;
  s.snapshot.reset();
  s.backup.reset();
  s.hold.close();
  return result;
}

void Requester::abort() {
  State& s = *state_;
  s.hold.release(kReleaseAbort);
  if (s.backup) {
    if (s.snapshot) {
      s.snapshot->Cancel();
    }
    s.backup->AbortBackup();
    s.snapshot.reset();
    s.backup.reset();
  }
  s.hold.close();
}

const std::vector<WriterStatus>& Requester::writers() const { return state_->writers; }

const VssError& Requester::error() const { return state_->error; }

LONGLONG Requester::writersFrozenMillis() const {
  const HoldBlock* block = state_->hold.block();
  if (block == nullptr || block->preparedTicks == 0) {
    return 0;
  }
  return millisBetween(block->preparedTicks, ticksNow());
}

HRESULT initializeCom() {
  HRESULT result = CoInitializeEx(nullptr, COINIT_MULTITHREADED);
  if (FAILED(result)) {
    return result;
  }
  result = CoInitializeSecurity(nullptr, -1, nullptr, nullptr, RPC_C_AUTHN_LEVEL_PKT_PRIVACY,
                                RPC_C_IMP_LEVEL_IDENTIFY, nullptr, EOAC_NONE, nullptr);
  return result == RPC_E_TOO_LATE ? S_OK : result;
}

}  // namespace dvx
