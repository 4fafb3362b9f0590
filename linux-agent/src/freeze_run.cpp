#include "freeze_run.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cerrno>

#include "block_devices.h"
#include "boot_clock.h"
#include "sync.h"

namespace dvx::agent {
namespace {

constexpr std::size_t kMaxMountInfoBytes = 4u << 20;
/** The agent thaws by itself if the watchdog has not by then. */
constexpr std::int64_t kWatchdogGraceMicros = 250 * 1000;
constexpr std::int64_t kLookMillis = 250;

HoldEnd toEnd(Released reason) {
  switch (reason) {
    case Released::kCommitted:
      return kEndCommitted;
    case Released::kDeadman:
      return kEndDeadman;
    case Released::kAbort:
      return kEndAbort;
    case Released::kLost:
      return kEndLost;
    case Released::kSystem:
      break;
  }
  return kEndSystem;
}

Released toReleased(std::int32_t end, bool early) {
  if (early && (end == kEndCommitted || end == kNotEnded)) {
    return Released::kSystem;
  }
  switch (end) {
    case kEndCommitted:
      return Released::kCommitted;
    case kEndDeadman:
      return Released::kDeadman;
    case kEndAbort:
      return Released::kAbort;
    case kEndLost:
      return Released::kLost;
    default:
      return Released::kSystem;
  }
}

}  // namespace

FreezeRun::FreezeRun(const LinuxFreezerOptions& options, const Prepare& request, std::uint64_t ticket,
                     FreezerEvents& events)
    : options_(options),
      request_(request),
      ticket_(ticket),
      events_(events),
      record_(options.runFolder),
      hooks_(options.hookFolder, request.session, [this] { return cancelled(); }),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

bool FreezeRun::fail(Stage stage, FailureCode code, const std::string& message) {
  if (!failed_) {
    failed_ = true;
    failure_ = FailedEvent{stage, code, message, ""};
  }
  return false;
}

void FreezeRun::go(std::int64_t limitMillis) {
  freezeLimit_ = limitMillis;
  ::eventfd_write(wake_.get(), 1);
}

void FreezeRun::letGo(Released reason) {
  int none = -1;
  release_.compare_exchange_strong(none, static_cast<int>(reason));
  {
    std::lock_guard<std::mutex> guard(mutex_);
    if (armed_) {
      endHold(watchdog_.page(), toEnd(reason));
      watchdog_.page().stop = 1;
      watchdog_.askThaw();
    }
  }
  ::eventfd_write(wake_.get(), 1);
}

void FreezeRun::run() {
  if (prepare() && waitForGo() && freezeAll()) {
    hold();
  }
  end();
}

bool FreezeRun::prepare() {
  std::int64_t until = bootMillis() + request_.limitMillis;
  if (!wake_.valid()) {
    return fail(Stage::kPrepare, FailureCode::kSystem, "no event descriptor");
  }
  if (request_.hooks) {
    hooksBegun_ = true;
    before_ = runHooks(hooks_, kPreFreeze, std::min(options_.hookLimitMillis, request_.limitMillis));
    if (!before_.succeeded) {
      return fail(Stage::kPrepare, FailureCode::kHook, before_.reason);
    }
  }
  if (!openFileSystems() || !bringSync(std::min(options_.syncLimitMillis, until - bootMillis()), Stage::kPrepare) ||
      !startWatchdog()) {
    return false;
  }
  PreparedEvent event;
  for (const FileSystem& one : plan_.fileSystems) {
    event.volumes.push_back(one.mount.mountPoint);
  }
  event.skipped = plan_.skipped;
  events_.post(ticket_, event);
  return true;
}

bool FreezeRun::openFileSystems() {
  std::string mountInfo;
  if (!readFile("/proc/self/mountinfo", kMaxMountInfoBytes, mountInfo)) {
    return fail(Stage::kPrepare, FailureCode::kSystem, "The mount table cannot be read: " + errnoText());
  }
  SysBlockDevices devices(options_.sysFolder);
  plan_ = planFreeze(parseMountInfo(mountInfo), request_.disks, devices, options_.onlyMounts);
  struct stat runFolder {};
  if (::stat(options_.runFolder.c_str(), &runFolder) != 0) {
    return fail(Stage::kPrepare, FailureCode::kSystem, "There is no folder " + options_.runFolder);
  }
  std::string runDevice = std::to_string(major(runFolder.st_dev)) + ":" + std::to_string(minor(runFolder.st_dev));
  std::vector<FileSystem> opened;
  for (const FileSystem& one : plan_.fileSystems) {
    Fd mount;
    std::string error;
    if (!openOne(one, mount, error)) {
      plan_.skipped.push_back({one.mount.mountPoint, "cannot be opened: " + error});
      plan_.lowered = one.mount.mountPoint + " cannot be opened.";
      continue;
    }
    if (one.mount.device == runDevice) {
      return fail(Stage::kPrepare, FailureCode::kUnsupported,
                  "The folder " + options_.runFolder + " must be in memory, but it is on " + one.mount.mountPoint +
                      ", which is to be frozen.");
    }
    mountFds_.push_back(mount.get());
    mounts_.push_back(std::move(mount));
    devices_.push_back(one.mount.device);
    levels_.push_back(one.level);
    opened.push_back(one);
  }
  plan_.fileSystems = opened;
  if (opened.empty()) {
    return fail(Stage::kPrepare, FailureCode::kUnsupported, "There is no file system to freeze on these disks.");
  }
  return true;
}

/** A mount point may be hidden below another mount: only a descriptor of the right file system counts. */
bool FreezeRun::openOne(const FileSystem& one, Fd& opened, std::string& error) {
  std::vector<std::string> points = {one.mount.mountPoint};
  points.insert(points.end(), one.otherMountPoints.begin(), one.otherMountPoints.end());
  for (const std::string& point : points) {
    Fd file(::open(point.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    struct stat status {};
    if (!file.valid() || ::fstat(file.get(), &status) != 0) {
      error = errnoText();
      continue;
    }
    std::string device = std::to_string(major(status.st_dev)) + ":" + std::to_string(minor(status.st_dev));
    // A btrfs subvolume shows a device number of its own.
    if (device == one.mount.device || (one.mount.type == "btrfs" && major(status.st_dev) == 0)) {
      opened = std::move(file);
      return true;
    }
    error = "hidden by another mount";
  }
  return false;
}

bool FreezeRun::bringSync(std::int64_t limitMillis, Stage stage) {
  std::string error;
  switch (syncFileSystems(mountFds_, limitMillis, [this] { return cancelled(); }, error)) {
    case SyncResult::kDone:
      return true;
    case SyncResult::kCancelled:
      return fail(stage, FailureCode::kTimeout, "The freeze was called off during the sync.");
    case SyncResult::kTimeout:
      return fail(stage, FailureCode::kTimeout, "Nothing was frozen: " + error + ".");
    case SyncResult::kFailed:
      break;
  }
  return fail(stage, FailureCode::kSystem, "Nothing was frozen: the sync failed: " + error + ".");
}

bool FreezeRun::startWatchdog() {
  std::string error;
  if (!watchdog_.start(mountFds_, request_.holdLimitMillis, error)) {
    return fail(Stage::kPrepare, FailureCode::kSystem, "No watchdog, so no freeze: " + error + ".");
  }
  crew_ = std::make_unique<ThawCrew>(watchdog_.page(), mountFds_.data());
  freezers_ = std::make_unique<FreezeCrew>(watchdog_.page(), mountFds_.data(), levels_.data());
  if (!crew_->start() || !freezers_->start()) {
    return fail(Stage::kPrepare, FailureCode::kSystem, "No threads for freeze and thaw, so no freeze.");
  }
  return true;
}

bool FreezeRun::waitForGo() {
  while (freezeLimit_.load() == 0) {
    if (cancelled()) {
      return fail(Stage::kFreeze, FailureCode::kTimeout, "The freeze was called off.");
    }
    if (watchdog_.hear() == Heard::kGone) {
      return fail(Stage::kFreeze, FailureCode::kSystem, "The watchdog ended before the freeze, so there was none.");
    }
    pollfd both[2] = {{wake_.get(), POLLIN, 0}, {watchdog_.socket(), POLLIN, 0}};
    ::poll(both, 2, 1000);
    eventfd_t ignored;
    ::eventfd_read(wake_.get(), &ignored);
  }
  return true;
}

/** From begin() to the thaw: no input or output, no log, and no memory that is not there already. */
bool FreezeRun::freezeAll() {
  std::int64_t limit = freezeLimit_.load();
  std::int64_t until = bootMillis() + limit;
  std::string error;
  // What was written since the preparation would else be written while writers wait.
  if (!bringSync(limit, Stage::kFreeze)) {
    return false;
  }
  if (!record_.write(devices_, error)) {
    return fail(Stage::kFreeze, FailureCode::kSystem, "Nothing was frozen: " + error + ".");
  }
  HoldPage& page = watchdog_.page();
  if (!watchdog_.begin()) {
    record_.remove();
    return fail(Stage::kFreeze, FailureCode::kSystem, "The watchdog does not answer, so there was no freeze.");
  }
  {
    std::lock_guard<std::mutex> guard(mutex_);
    armed_ = true;
  }
  if (cancelled()) {
    page.stop = 1;
  }
  bool whole = freezers_->freezeAll(until * 1000);
  page.freezingDone = 1;
  if (whole && watchdog_.hear() == Heard::kNothing) {
    return true;
  }
  int broken = freezers_->error();
  endHold(page, cancelled() ? toEnd(static_cast<Released>(release_.load())) : kEndSystem);
  watchdog_.askThaw();
  awaitThaw();
  if (broken == EBUSY) {
    return fail(Stage::kFreeze, FailureCode::kVeto,
                plan_.fileSystems[freezers_->failedIndex()].mount.mountPoint + " is already frozen by another program.");
  }
  if (broken != 0) {
    errno = broken;
    return fail(Stage::kFreeze, FailureCode::kSystem,
                plan_.fileSystems[freezers_->failedIndex()].mount.mountPoint + " cannot be frozen: " + errnoText() + ".");
  }
  return fail(Stage::kFreeze, whole ? FailureCode::kSystem : FailureCode::kTimeout,
              whole ? "The watchdog ended during the freeze: all was thawed at once."
                    : "The freeze did not come to its end in time: all was thawed.");
}

std::int64_t FreezeRun::heldMillis() const {
  const HoldPage& page = const_cast<FreezeRun*>(this)->watchdog_.page();
  std::int64_t began = page.beganMicros.load();
  std::int64_t released = page.releasedMicros.load();
  return microsToMillis((released == 0 ? bootMicros() : released) - began);
}

void FreezeRun::hold() {
  heldOnce_ = true;
  events_.post(ticket_, FrozenEvent{heldMillis()});
  awaitThaw();
}

/** Until the watchdog has thawed, at the hold's end or because it was asked to; else thaws itself. */
void FreezeRun::awaitThaw() {
  HoldPage& page = watchdog_.page();
  std::int64_t latest = holdDeadlineMicros(page) + kWatchdogGraceMicros;
  for (;;) {
    Heard heard = watchdog_.hear();
    if (heard == Heard::kDone) {
      break;
    }
    std::int64_t now = bootMicros();
    if (page.end.load() != kNotEnded) {
      latest = std::min(latest, now + kWatchdogGraceMicros);
    }
    if (heard == Heard::kGone || now >= latest) {
      endHold(page, now >= latest ? kEndDeadman : kEndSystem);
      thawHere();
      break;
    }
    pollfd both[2] = {{wake_.get(), POLLIN, 0}, {watchdog_.socket(), POLLIN, 0}};
    ::poll(both, 2, static_cast<int>(std::min<std::int64_t>(microsToMillis(latest - now), kLookMillis)));
    eventfd_t ignored;
    ::eventfd_read(wake_.get(), &ignored);
  }
  record_.remove();
}

void FreezeRun::thawHere() {
  crew_->thaw();
  // It goes on until it has worked: there is nothing better to do with a frozen file system.
  while (!crew_->wait(1000 * 1000)) {
  }
}

void FreezeRun::runPostThaw() {
  if (hooksBegun_) {
    after_ = runHooks(hooks_, kPostThaw, options_.hookLimitMillis);
  }
}

std::vector<HookResult> FreezeRun::allHooks() const {
  std::vector<HookResult> hooks = before_.results;
  hooks.insert(hooks.end(), after_.results.begin(), after_.results.end());
  return hooks;
}

Report FreezeRun::report() const {
  const HoldPage& page = const_cast<FreezeRun*>(this)->watchdog_.page();
  Report report;
  Released released = toReleased(page.end.load(), page.early.load() != 0);
  report.writersFrozenMillis = heldMillis();
  report.writesHeldMillis = heldMillis();
  report.hooks = allHooks();
  report.success = released == Released::kCommitted;
  if (!report.success) {
    report.reason = std::string("The hold ended before the cut was confirmed: ") + name(released) + ".";
    return report;
  }
  if (!plan_.lowered.empty()) {
    report.reason = plan_.lowered;
    return report;
  }
  report.reached = Consistency::kFileSystem;
  if (request_.consistency == Consistency::kApplication) {
    if (!request_.hooks || before_.results.empty()) {
      report.reason = "No pre-freeze script ran, so the applications were not quiesced.";
    } else if (!options_.hooksQuiesceApplications) {
      report.reason = "The agent's configuration does not say that the scripts quiesce the applications.";
    } else {
      report.reached = Consistency::kApplication;
    }
  }
  if (!after_.succeeded && report.reason.empty()) {
    report.reason = after_.reason;
  }
  return report;
}

void FreezeRun::end() {
  {
    std::lock_guard<std::mutex> guard(mutex_);
    armed_ = false;
  }
  if (heldOnce_) {
    const HoldPage& page = watchdog_.page();
    ReleasedEvent released;
    released.released = toReleased(page.end.load(), page.early.load() != 0);
    released.writersFrozenMillis = heldMillis();
    released.writesHeldMillis = heldMillis();
    events_.post(ticket_, released);
  }
  freezers_.reset();
  if (crew_) {
    crew_->dismiss();
  }
  watchdog_.finish();
  runPostThaw();
  if (failed_ && release_.load() == static_cast<int>(Released::kAbort)) {
    FinishedEvent finished;
    finished.report.reason = failure_.message;
    finished.report.hooks = allHooks();
    events_.post(ticket_, finished);
  } else if (failed_) {
    events_.post(ticket_, failure_);
  } else {
    events_.post(ticket_, FinishedEvent{report(), ""});
  }
}

}  // namespace dvx::agent
