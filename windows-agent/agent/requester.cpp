#include "requester.h"

#include "vss_calls.h"
#include "writer_components.h"

#include <vsserror.h>

namespace dvx {
namespace {

constexpr DWORD kPollMillis = 20;
constexpr DWORD kHeldPollMillis = 100;
constexpr DWORD kBusyMillis = 8000;
constexpr DWORD kBusyAgainMillis = 500;

using CreateComponents = HRESULT(WINAPI*)(IVssBackupComponents**);

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

}  // namespace

struct Requester::State {
  RequesterOptions options;
  HoldControl hold;
  Com<IVssBackupComponents> backup;
  Com<IVssAsync> snapshot;
  VssCalls calls;
  WriterComponents components;
  std::vector<WriterStatus> writers;
  bool started = false;
  LONGLONG doneTicks = 0;
  HRESULT snapshotResult = S_FALSE;

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
    return calls.check(result, "SetContext");
  }

  /** Another program's set is in progress quite often, and rarely for long. */
  bool startSet(ULONGLONG deadline) {
    VSS_ID set = {};
    ULONGLONG patience = GetTickCount64() + kBusyMillis;
    for (;;) {
      HRESULT result = backup->StartSnapshotSet(&set);
      ULONGLONG now = GetTickCount64();
      if (result != VSS_E_SNAPSHOT_SET_IN_PROGRESS || now >= patience || now >= deadline ||
          WaitForSingleObject(calls.cancelled(), kBusyAgainMillis) == WAIT_OBJECT_0) {
        return calls.check(result, "StartSnapshotSet");
      }
    }
  }

  bool gatherStatus(ULONGLONG deadline, std::vector<WriterStatus>& out) {
    out.clear();
    return !options.application || gatherStates(backup.get(), calls, deadline, out);
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
    s.calls.error = {E_INVALIDARG, "prepare", "there is no volume that a freeze could take"};
    return false;
  }
  std::string held;
  if (!s.hold.open(options.holdLimitMillis, held)) {
    s.calls.error = {VSS_E_SNAPSHOT_SET_IN_PROGRESS, "prepare", held};
    return false;
  }
  static const CreateComponents create = findCreate();
  if (create == nullptr) {
    s.calls.error = {HRESULT_FROM_WIN32(ERROR_PROC_NOT_FOUND), "CreateVssBackupComponents",
               "vssapi.dll of this Windows cannot be used"};
    abort();
    return false;
  }
  Com<IVssAsync> async;
  bool done =
      s.calls.check(create(s.backup.out()), "CreateVssBackupComponents") &&
      s.calls.check(s.backup->InitializeForBackup(nullptr), "InitializeForBackup") &&
      s.calls.check(s.backup->SetBackupState(true, true, options.full ? VSS_BT_FULL : VSS_BT_COPY, false),
              "SetBackupState") &&
      s.setContext() && (!options.application || s.components.add(s.backup.get(), s.calls, deadline)) &&
      s.startSet(deadline);
  for (size_t i = 0; done && i < volumes.size(); i++) {
    VSS_ID snapshot = {};
    done = s.calls.check(s.backup->AddToSnapshotSet(const_cast<wchar_t*>(volumes[i].name.c_str()),
                                              kProviderId, &snapshot),
                   "AddToSnapshotSet");
    if (!done) {
      s.calls.error.message += " (" + toUtf8(volumes[i].label()) + ")";
    }
  }
  if (done && options.application) {
    done = s.calls.run(s.backup->PrepareForBackup(async.out()), async, deadline, "PrepareForBackup") &&
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
    return s.calls.fail(VSS_E_BAD_STATE, "DoSnapshotSet");
  }
  s.started = true;
  if (!s.calls.check(s.backup->DoSnapshotSet(s.snapshot.out()), "DoSnapshotSet")) {
    abort();
    return false;
  }
  HANDLE waited[2] = {s.hold.heldEvent(), s.calls.cancelled()};
  for (;;) {
    DWORD woken = WaitForMultipleObjects(2, waited, FALSE, kPollMillis);
    if (woken == WAIT_OBJECT_0) {
      return true;
    }
    HRESULT result = S_OK;
    HRESULT queried = s.snapshot->QueryStatus(&result, nullptr);
    if (woken == WAIT_OBJECT_0 + 1) {
      s.calls.fail(E_ABORT, "DoSnapshotSet");
    } else if (FAILED(queried)) {
      s.calls.fail(queried, "DoSnapshotSet");
    } else if (result != VSS_S_ASYNC_PENDING) {
      // Done without a hold: it failed, or another provider took the set.
      s.calls.fail(result == VSS_S_ASYNC_FINISHED ? VSS_E_UNEXPECTED_PROVIDER_ERROR : result,
             "DoSnapshotSet");
    } else if (GetTickCount64() >= deadline) {
      s.calls.fail(HRESULT_FROM_WIN32(ERROR_TIMEOUT), "DoSnapshotSet");
    } else {
      continue;
    }
    s.hold.release(kReleaseAbort);
    // The writers' states say who failed; worth a moment, since nothing is held any more.
    std::vector<WriterStatus> states;
    VssError first = s.calls.error;
    s.snapshot->Cancel();
    if (woken == WAIT_TIMEOUT && s.gatherStatus(GetTickCount64() + 5000, states)) {
      s.writers = states;
    }
    s.calls.error = first;
    abort();
    return false;
  }
}

void Requester::release(Release reason) { state_->hold.release(reason); }

void Requester::cancel() {
  state_->calls.cancel();
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
    result.error = s.calls.error;
    result.reason = s.calls.error.message.empty() ? "no snapshot set was started" : s.calls.error.message;
    return result;
  }
  s.hold.release(kReleaseAbort);
  HRESULT snapshot = s.calls.await(s.snapshot.get(), deadline);
  s.doneTicks = ticksNow();
  s.takeTimes(result);
  s.calls.check(snapshot, "DoSnapshotSet");
  VssError snapshotError = s.calls.error;
  bool known = s.gatherStatus(deadline, result.writers);
  VssError unknown = s.calls.error;
  if (FAILED(snapshot) || !result.held) {
    result.reason = whyNotAll({}, result.writers);
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
  result.success = true;
  if (s.options.application) {
    if (known) {
      complete(deadline, result);
    } else {
      result.error = unknown;
      result.reason = unknown.message;
      result.documents = s.components.documents(s.backup.get());
      abort();
    }
  }
  s.snapshot.reset();
  s.backup.reset();
  s.hold.close();
  return result;
}

/** The end of a backup whose snapshot is good: what became of the writers, and their documents. */
void Requester::complete(ULONGLONG deadline, RequesterResult& result) {
  State& s = *state_;
  result.reason = whyNotAll(s.writers, result.writers);
  Com<IVssAsync> async;
  bool done = s.components.setSucceeded(s.backup.get(), s.calls, result.reason.empty()) &&
              s.calls.run(s.backup->BackupComplete(async.out()), async, deadline, "BackupComplete");
  std::vector<WriterStatus> after;
  bool known = done && s.gatherStatus(deadline, after);
  if (known) {
    result.writers = after;
    if (result.reason.empty()) {
      result.reason = whyNotAll(s.writers, after);
    }
  } else if (result.reason.empty()) {
    result.reason = s.calls.error.message;
  }
  result.application = known && result.reason.empty();
  result.documents = s.components.documents(s.backup.get());
  if (!known) {
    result.error = s.calls.error;
    abort();
  }
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

const VssError& Requester::error() const { return state_->calls.error; }

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
