#include "commands.h"

#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <mutex>

#include "block_devices.h"
#include "bounded_json.h"
#include "boot_clock.h"
#include "enrolment.h"
#include "fd.h"
#include "hook_folder.h"
#include "identity_file.h"
#include "linux_machine.h"
#include "mounts.h"
#include "text.h"
#include "watchdog.h"

namespace dvx::agent {
namespace {

constexpr std::size_t kMaxReportBytes = 1u << 20;
constexpr std::int64_t kSelftestMillis = 60 * 1000;

/** Hands a freezer's events to the thread that waits for them. */
class EventQueue : public FreezerEvents {
 public:
  void post(std::uint64_t, FreezerEvent event) override {
    std::lock_guard<std::mutex> guard(mutex_);
    events_.push_back(std::move(event));
    changed_.notify_all();
  }

  bool take(FreezerEvent& event) {
    std::unique_lock<std::mutex> lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::milliseconds(kSelftestMillis), [&] { return !events_.empty(); })) {
      return false;
    }
    event = std::move(events_.front());
    events_.pop_front();
    return true;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<FreezerEvent> events_;
};

void say(const std::string& text) { std::printf("%s\n", text.c_str()); }

/** A freeze as short as it can be: prepare, freeze, release. */
int freezeOnce(const Settings& settings) {
  EventQueue events;
  LinuxFreezer freezer(freezerOptions(settings));
  Prepare request;
  request.session = "00000000-0000-4000-8000-000000000000";
  request.limitMillis = kSelftestMillis;
  request.holdLimitMillis = 2000;
  freezer.prepare(request, 1, events);
  FreezerEvent event;
  while (events.take(event)) {
    if (std::holds_alternative<PreparedEvent>(event)) {
      freezer.freeze(kSelftestMillis / 2);
    } else if (std::holds_alternative<FrozenEvent>(event)) {
      freezer.release(Released::kCommitted);
    } else if (auto* released = std::get_if<ReleasedEvent>(&event)) {
      say("frozen and thawed: writes were held for " + std::to_string(released->writesHeldMillis) + " ms, ended by " +
          name(released->released));
    } else if (auto* failed = std::get_if<FailedEvent>(&event)) {
      return fail("The freeze failed", std::string(name(failed->code)) + ": " + failed->message,
                  "Read the message; nothing is frozen now");
    } else if (auto* finished = std::get_if<FinishedEvent>(&event)) {
      say(std::string("reached: ") + name(finished->report.reached) + " " + finished->report.reason);
      return finished->report.success ? kDone : kFailed;
    }
  }
  return fail("The freeze failed", "It did not come to an end", "Run: dvx-agent thaw");
}

}  // namespace

int fail(const std::string& what, const std::string& cause, const std::string& remedy) {
  std::fprintf(stderr, "error: %s\n  cause:   %s\n  to do:   %s\n", what.c_str(), cause.c_str(), remedy.c_str());
  return kFailed;
}

bool parseEnroll(const std::vector<std::string>& arguments, EnrollArguments& parsed) {
  for (std::size_t i = 0; i < arguments.size(); i += 2) {
    std::string* target = arguments[i] == "--server"       ? &parsed.server
                          : arguments[i] == "--token-file" ? &parsed.tokenFile
                          : arguments[i] == "--token"      ? &parsed.token
                                                           : nullptr;
    if (target == nullptr || !target->empty() || i + 1 == arguments.size()) {
      return false;
    }
    *target = arguments[i + 1];
  }
  return !parsed.server.empty() && parsed.token.empty() != parsed.tokenFile.empty();
}

bool readToken(const std::string& file, std::string& token, std::string& error) {
  if (!readFile(file == "-" ? "/dev/stdin" : file, 4096, token)) {
    error = "The token file " + file + " cannot be read: " + errnoText();
    return false;
  }
  return true;
}

LinuxFreezerOptions freezerOptions(const Settings& settings) {
  LinuxFreezerOptions options;
  options.hookFolder = settings.hookFolder;
  options.runFolder = settings.runFolder;
  options.sysFolder = settings.sysFolder;
  options.onlyMounts = settings.onlyMounts;
  options.hookLimitMillis = settings.config.hookLimitMillis;
  options.syncLimitMillis = settings.config.syncLimitMillis;
  options.hooksQuiesceApplications = settings.config.hooksQuiesceApplications;
  return options;
}

bool LastReport::keep(const std::string&, const std::string& report, std::string& error) {
  return replaceFile(path_, report + "\n", 0600, error);
}

std::string LastReport::text() const {
  std::string content;
  return readFile(path_, kMaxReportBytes, content) ? content : "";
}

std::string LastReport::session() const {
  nlohmann::json value;
  std::string error;
  if (!parseBounded(text(), value, error) || !value.contains("session") || !value["session"].is_string()) {
    return "";
  }
  std::string session = value["session"].get<std::string>();
  return isUuid(session) ? session : "";
}

int selftest(const Settings& settings, bool freeze) {
  if (::geteuid() != 0) {
    return fail("The self-test cannot run", "Freezing needs root", "Run it as root");
  }
  std::string error;
  std::string mountInfo;
  if (!makeFolders(settings.runFolder, error) || !readFile("/proc/self/mountinfo", 4u << 20, mountInfo)) {
    return fail("The self-test failed", error.empty() ? "The mount table cannot be read" : error, "Run it as root");
  }
  SysBlockDevices devices(settings.sysFolder);
  FreezePlan plan = planFreeze(parseMountInfo(mountInfo), {}, devices, settings.onlyMounts);
  for (const FileSystem& one : plan.fileSystems) {
    std::string disks;
    for (const std::string& disk : devices.disksBelow(one.mount.device)) {
      disks += " " + disk;
    }
    say("would freeze: " + one.mount.mountPoint + " (" + one.mount.type + ")" + (disks.empty() ? "" : " on" + disks));
  }
  for (const Skipped& one : plan.skipped) {
    say("would skip:   " + one.volume + ": " + one.reason);
  }
  for (const char* phase : {kPreFreeze, kPostThaw}) {
    std::vector<std::string> refused;
    HookFolder hooks(settings.hookFolder, "", [] { return false; });
    for (const std::string& path : hooks.list(phase, refused)) {
      say(std::string(phase) + " script: " + path);
    }
    for (const std::string& path : refused) {
      say(std::string(phase) + " script REFUSED (others than root may change it): " + path);
    }
  }
  MachineInfo machine = LinuxMachine(settings.sysFolder, settings.nonceCommand).describe();
  say("machine: " + machine.os + ", BIOS UUID " + (machine.biosUuid.empty() ? "unknown" : machine.biosUuid));
  if (plan.fileSystems.empty()) {
    return fail("The self-test failed", "There is no file system to freeze", "Check linux.onlyMounts");
  }
  Fd mount(::dup(0));
  Watchdog watchdog;
  if (!watchdog.start({mount.get()}, 1000, error)) {
    return fail("The self-test failed", error, "Run it as root, with LimitMEMLOCK=infinity");
  }
  watchdog.finish();
  say("watchdog: starts and ends");
  return freeze ? freezeOnce(settings) : kDone;
}

int thaw(const Settings& settings) {
  FrozenRecord record(settings.runFolder);
  if (!record.exists()) {
    say("Nothing is recorded as frozen.");
    return kDone;
  }
  std::string report;
  bool thawed = record.thawAll(report);
  say(report);
  return thawed ? kDone : kFailed;
}

int status(const Settings& settings) {
  IdentityFile identity(settings.stateFolder);
  Enrolment enrolment;
  std::string error;
  switch (identity.load(enrolment, error)) {
    case Loaded::kPresent:
      say("enrolled as " + enrolment.agent + " with " + toText(enrolment.server));
      break;
    case Loaded::kAbsent:
      say(enrolment.caPin.empty() ? "not enrolled" : "to be enrolled anew with " + toText(enrolment.server));
      break;
    case Loaded::kBroken:
      say("identity cannot be used: " + error);
      break;
  }
  say(FrozenRecord(settings.runFolder).exists() ? "frozen: a freeze is on, or was not finished (see dvx-agent thaw)"
                                                : "frozen: nothing");
  std::string report = LastReport(settings.stateFolder).text();
  say("last report: " + (report.empty() ? "none" : trim(report)));
  return kDone;
}

}  // namespace dvx::agent
