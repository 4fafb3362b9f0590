// One freeze from its hooks to its report. run() goes on a thread of its own.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "freeze_crew.h"
#include "hook_folder.h"
#include "linux_freezer.h"
#include "mounts.h"
#include "thaw_crew.h"
#include "watchdog.h"

namespace dvx::agent {

class FreezeRun {
 public:
  FreezeRun(const LinuxFreezerOptions& options, const Prepare& request, std::uint64_t ticket, FreezerEvents& events);

  void run();

  /** Any thread. */
  void go(std::int64_t limitMillis);
  void letGo(Released reason);

 private:
  bool prepare();
  bool waitForGo();
  bool freezeAll();
  void hold();
  void end();

  bool openFileSystems();
  bool openOne(const FileSystem& one, Fd& opened, std::string& error);
  bool startWatchdog();
  bool bringSync(std::int64_t limitMillis, Stage stage);
  /** Thaws in this process: the watchdog is gone, or does not do its work. */
  void thawHere();
  bool fail(Stage stage, FailureCode code, const std::string& message);
  bool cancelled() const { return release_.load() >= 0; }
  void awaitThaw();
  std::int64_t heldMillis() const;
  void runPostThaw();
  std::vector<HookResult> allHooks() const;
  Report report() const;

  const LinuxFreezerOptions options_;
  const Prepare request_;
  const std::uint64_t ticket_;
  FreezerEvents& events_;
  FrozenRecord record_;
  HookFolder hooks_;
  Fd wake_;
  /** A Released once somebody asked for the release; -1 before. */
  std::atomic<int> release_{-1};
  std::atomic<std::int64_t> freezeLimit_{0};

  FreezePlan plan_;
  std::vector<Fd> mounts_;
  std::vector<int> mountFds_;
  std::vector<int> levels_;
  std::vector<std::string> devices_;
  HookOutcome before_;
  HookOutcome after_;
  bool hooksBegun_ = false;

  /** Guards that `armed_` and the watchdog's socket are there while letGo() uses them. */
  std::mutex mutex_;
  bool armed_ = false;
  Watchdog watchdog_;
  std::unique_ptr<ThawCrew> crew_;
  std::unique_ptr<FreezeCrew> freezers_;
  bool heldOnce_ = false;
  FailedEvent failure_;
  bool failed_ = false;
};

}  // namespace dvx::agent
