// Pre-freeze and post-thaw scripts: what the platforms share. Starting and ending a script is the platform's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "messages.h"

namespace dvx::agent {

constexpr char kPreFreeze[] = "pre-freeze";
constexpr char kPostThaw[] = "post-thaw";
constexpr std::size_t kMaxHooks = 64;

/** Starts one script and waits for it. */
class HookRunner {
 public:
  virtual ~HookRunner() = default;

  /** Full paths of the phase's scripts in the order of their names; only files that nobody but the system may write.
   * Others are named in `refused`. */
  virtual std::vector<std::string> list(const std::string& phase, std::vector<std::string>& refused) = 0;

  /** Runs one script with what it started, ends all of it after `limitMillis` or once `cancelled()`. Sets exit, millis
   * and output (raw). */
  virtual HookResult run(const std::string& path, const std::string& phase, std::int64_t limitMillis) = 0;

  /** Asked between scripts; the platform asks it while one runs too. */
  virtual bool cancelled() = 0;
};

struct HookOutcome {
  std::vector<HookResult> results;
  /** Every script ran and exited with 0. True also where there is none. */
  bool succeeded = true;
  /** The first thing that went wrong. */
  std::string reason;
};

/** Runs a phase's scripts in order. Pre-freeze stops at the first failure; post-thaw runs them all, cancelled or not.
 * `limitMillis` is for each script. */
HookOutcome runHooks(HookRunner& runner, const std::string& phase, std::int64_t limitMillis);

}  // namespace dvx::agent
