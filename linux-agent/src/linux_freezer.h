// FIFREEZE behind the agents' Freezer interface.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "fd.h"
#include "freezer.h"
#include "frozen_record.h"

namespace dvx::agent {

struct LinuxFreezerOptions {
  /** Holds pre-freeze.d and post-thaw.d. */
  std::string hookFolder;
  std::string runFolder;
  std::string sysFolder = "/sys";
  std::vector<std::string> onlyMounts;
  std::int64_t hookLimitMillis = 0;
  std::int64_t syncLimitMillis = 0;
  bool hooksQuiesceApplications = false;
};

class FreezeRun;

/** One thread for each freeze; the previous one is joined before the next begins. */
class LinuxFreezer : public Freezer {
 public:
  explicit LinuxFreezer(LinuxFreezerOptions options);
  ~LinuxFreezer() override;

  void prepare(const Prepare& request, std::uint64_t ticket, FreezerEvents& events) override;
  void freeze(std::int64_t limitMillis) override;
  void release(Released reason) override;

 private:
  LinuxFreezerOptions options_;
  std::shared_ptr<FreezeRun> run_;
  std::thread thread_;
};

}  // namespace dvx::agent
