#include "vss_freezer.h"

#include <vss.h>
#include <vsserror.h>

#include <atomic>

#include "../common/bounds.h"
#include "digest.h"
#include "hook_folder.h"
#include "text.h"

namespace dvx {

using agent::Consistency;
using agent::FailedEvent;
using agent::FailureCode;
using agent::FinishedEvent;
using agent::FrozenEvent;
using agent::PreparedEvent;
using agent::Released;
using agent::ReleasedEvent;
using agent::Stage;

namespace {

/** After the hold Windows may take its time over the writers' states; nothing is held then. */
constexpr DWORD kFinishMillis = 240 * 1000;

FailureCode codeOf(HRESULT result) {
  switch (static_cast<unsigned long>(result)) {
    case 0x80042306ul:
    case 0x8004230Ful:
      return FailureCode::kVeto;
    case 0x80042316ul:
      return FailureCode::kBusy;
    case 0x8004230Cul:
    case 0x8004230Eul:
    case 0x8004231Bul:
      return FailureCode::kUnsupported;
    case 0x80042313ul:
    case 0x80042314ul:
    case 0x800705B4ul:
      return FailureCode::kTimeout;
    case 0x80042318ul:
    case 0x80042319ul:
    case 0x800423F0ul:
    case 0x800423F1ul:
    case 0x800423F2ul:
    case 0x800423F3ul:
    case 0x800423F4ul:
      return FailureCode::kWriter;
    default:
      return FailureCode::kSystem;
  }
}

Released releasedAs(Release release, Released asked) {
  switch (release) {
    case kReleaseCommitted:
      return Released::kCommitted;
    case kReleaseDeadman:
      return Released::kDeadman;
    case kReleaseAbort:
      return asked == Released::kLost ? Released::kLost : Released::kAbort;
    case kReleaseLost:
      return Released::kLost;
    default:
      return Released::kSystem;
  }
}

}  // namespace

std::unique_ptr<VolumeSource> volumeSource(const Settings& settings) {
  if (settings.volumeList.empty()) {
    return std::make_unique<SystemVolumes>();
  }
  return std::make_unique<FileVolumes>(settings.volumeList);
}

std::vector<agent::Writer> protocolWriters(const std::vector<WriterStatus>& writers) {
  std::vector<agent::Writer> out;
  for (const WriterStatus& writer : writers) {
    agent::Writer one;
    one.name = writer.name;
    one.id = guidPlain(writer.id);
    one.instance = guidPlain(writer.instance);
    one.state = writer.state;
    one.failure = hex32(static_cast<unsigned long>(writer.failure));
    out.push_back(one);
  }
  return out;
}

/** One freeze, on a thread of its own. */
class VssFreezer::Run {
 public:
  Run(const Paths& paths, const Settings& settings, const agent::Prepare& request,
      std::uint64_t ticket, agent::FreezerEvents& events)
      : paths_(paths), settings_(settings), request_(request), ticket_(ticket), events_(events) {}

  void freeze(std::int64_t limitMillis) {
    freezeLimit_ = limitMillis;
    SetEvent(freezeAsked_.get());
  }

  void release(Released reason) {
    if (released_.exchange(true)) {
      return;
    }
    asked_ = reason;
    if (reason == Released::kCommitted) {
      requester_.release(kReleaseCommitted);
    } else {
      // Before the hold this ends the waits; in the hold it lets go.
      requester_.cancel();
    }
    SetEvent(releaseAsked_.get());
  }

  void execute() {
    CoInitializeEx(nullptr, COINIT_MULTITHREADED);
    work();
    CoUninitialize();
  }

 private:
  void work() {
    HookFolder folder(paths_, [this] { return released_.load(); });
    if (request_.hooks) {
      agent::HookOutcome outcome =
          agent::runHooks(folder, agent::kPreFreeze, settings_.shared.hookLimitMillis);
      hooks_ = outcome.results;
      if (!outcome.succeeded) {
        afterHooks();
        fail(Stage::kPrepare, FailureCode::kHook, outcome.reason, S_OK);
        return;
      }
    }
    if (!prepare()) {
      afterHooks();
      return;
    }
    HANDLE waited[2] = {releaseAsked_.get(), freezeAsked_.get()};
    WaitForMultipleObjects(2, waited, FALSE, INFINITE);
    if (released_) {
      requester_.abort();
      afterHooks();
      fail(Stage::kPrepare, FailureCode::kSystem, "the freeze was called off", S_OK);
      return;
    }
    if (!requester_.freeze(static_cast<DWORD>(freezeLimit_))) {
      const VssError& error = requester_.error();
      afterHooks();
      fail(Stage::kFreeze, codeOf(error.code), error.message, error.code);
      return;
    }
    events_.post(ticket_, FrozenEvent{requester_.writersFrozenMillis()});
    hold();
  }

  bool prepare() {
    RequesterOptions options;
    options.application = request_.consistency == Consistency::kApplication;
    options.full = request_.backup == agent::Backup::kFull;
    options.holdLimitMillis = settings_.holdLimitMillis;
    if (request_.holdLimitMillis > 0 && request_.holdLimitMillis < options.holdLimitMillis) {
      options.holdLimitMillis = static_cast<DWORD>(request_.holdLimitMillis);
    }
    if (options.full && !settings_.allowFull) {
      fail(Stage::kPrepare, FailureCode::kUnsupported,
           "FULL backups are not allowed here (windows.allowFull in agent.conf)", S_OK);
      return false;
    }
    std::vector<WantedDisk> wanted;
    for (const agent::Disk& disk : request_.disks) {
      wanted.push_back({disk.index, disk.serial, disk.scsi});
    }
    VolumeChoice choice = chooseVolumes(volumeSource(settings_)->list(), wanted);
    if (!requester_.prepare(options, choice.chosen, static_cast<DWORD>(request_.limitMillis))) {
      const VssError& error = requester_.error();
      fail(Stage::kPrepare,
           error.code == E_INVALIDARG ? FailureCode::kUnsupported : codeOf(error.code),
           error.message, error.code);
      return false;
    }
    PreparedEvent event;
    for (const Volume& volume : choice.chosen) {
      event.volumes.push_back(toUtf8(volume.label()));
    }
    for (const SkippedVolume& skipped : choice.skipped) {
      event.skipped.push_back({skipped.volume, skipped.reason});
    }
    event.writers = protocolWriters(requester_.writers());
    events_.post(ticket_, event);
    return true;
  }

  void hold() {
    RequesterResult times;
    requester_.awaitRelease(agent::kMaxHoldMillis + 4000, times);
    ReleasedEvent event;
    event.released = releasedAs(times.released, asked_);
    event.writersFrozenMillis = times.writersFrozenMillis;
    event.writesHeldMillis = times.writesHeldMillis;
    events_.post(ticket_, event);
    RequesterResult result = requester_.finish(kFinishMillis);
    FinishedEvent finished;
    agent::Report& report = finished.report;
    report.success = result.success;
    report.reached = !result.success      ? Consistency::kCrash
                     : result.application ? Consistency::kApplication
                                          : Consistency::kFileSystem;
    report.reason = result.reason;
    report.writersFrozenMillis = result.writersFrozenMillis;
    report.writesHeldMillis = result.writesHeldMillis;
    report.writers = protocolWriters(result.writers);
    report.hooks = hooks_;
    if (request_.hooks) {
      afterHooks();
      report.hooks = hooks_;
      if (report.reason.empty()) {
        report.reason = afterReason_;
      }
    }
    finished.document = result.documents;
    report.documentBytes = result.documents.size();
    if (!result.documents.empty()) {
      report.documentSha256 = sha256Hex(result.documents);
    }
    events_.post(ticket_, std::move(finished));
  }

  /** What pre-freeze scripts stopped is started again, whatever came between. */
  void afterHooks() {
    if (!request_.hooks) {
      return;
    }
    HookFolder folder(paths_, [] { return false; });
    agent::HookOutcome outcome =
        agent::runHooks(folder, agent::kPostThaw, settings_.shared.hookLimitMillis);
    hooks_.insert(hooks_.end(), outcome.results.begin(), outcome.results.end());
    afterReason_ = outcome.reason;
  }

  void fail(Stage stage, FailureCode code, const std::string& message, HRESULT result) {
    FailedEvent event;
    event.stage = stage;
    event.code = code;
    event.message = message;
    if (FAILED(result)) {
      event.hresult = hex32(static_cast<unsigned long>(result));
    }
    events_.post(ticket_, event);
  }

  Paths paths_;
  Settings settings_;
  agent::Prepare request_;
  std::uint64_t ticket_;
  agent::FreezerEvents& events_;
  Requester requester_;
  Handle freezeAsked_{CreateEventW(nullptr, TRUE, FALSE, nullptr)};
  Handle releaseAsked_{CreateEventW(nullptr, TRUE, FALSE, nullptr)};
  std::atomic<std::int64_t> freezeLimit_{0};
  std::atomic<bool> released_{false};
  std::atomic<Released> asked_{Released::kSystem};
  std::vector<agent::HookResult> hooks_;
  std::string afterReason_;
};

VssFreezer::VssFreezer(Paths paths, Settings settings)
    : paths_(std::move(paths)), settings_(std::move(settings)) {}

VssFreezer::~VssFreezer() {
  release(Released::kAbort);
  if (thread_.joinable()) {
    thread_.join();
  }
}

void VssFreezer::prepare(const agent::Prepare& request, std::uint64_t ticket,
                         agent::FreezerEvents& events) {
  if (thread_.joinable()) {
    thread_.join();  // it has posted its last event
  }
  auto run = std::make_shared<Run>(paths_, settings_, request, ticket, events);
  {
    std::lock_guard<std::mutex> lock(mutex_);
    run_ = run;
  }
  thread_ = std::thread([run] { run->execute(); });
}

void VssFreezer::freeze(std::int64_t limitMillis) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (run_) {
    run_->freeze(limitMillis);
  }
}

void VssFreezer::release(Released reason) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (run_) {
    run_->release(reason);
  }
}

}  // namespace dvx
