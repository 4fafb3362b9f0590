// What the agent and its watchdog share in memory while file systems are frozen. See watchdog.h.
#pragma once

#include <atomic>
#include <cstdint>

namespace dvx::agent {

constexpr int kMaxFileSystems = 128;
constexpr std::uint32_t kHoldPageMagic = 0x41585644;

enum HoldState : std::int32_t {
  kUntouched = 0,
  /** Set before FIFREEZE is called: whoever thaws must try. */
  kTrying = 1,
  kFrozenState = 2,
  kThawed = 3,
};

/** Why the hold ended; the first who writes it is right. */
enum HoldEnd : std::int32_t {
  kNotEnded = 0,
  kEndCommitted = 1,
  kEndDeadman = 2,
  kEndAbort = 3,
  kEndLost = 4,
  kEndSystem = 5,
};

struct HoldPage {
  std::uint32_t magic;
  std::int32_t count;
  std::int64_t holdLimitMicros;
  /** CLOCK_BOOTTIME before the first FIFREEZE; 0: not begun. */
  std::atomic<std::int64_t> beganMicros;
  /** CLOCK_BOOTTIME after the last FITHAW; 0: not yet. */
  std::atomic<std::int64_t> releasedMicros;
  /** A HoldEnd. */
  std::atomic<std::int32_t> end;
  /** The agent must call no further FIFREEZE. */
  std::atomic<std::int32_t> stop;
  /** The agent is in no FIFREEZE and will call none. */
  std::atomic<std::int32_t> freezingDone;
  /** A file system was found thawed that should have been frozen: somebody else let go. */
  std::atomic<std::int32_t> early;
  /** Each a HoldState. */
  std::atomic<std::int32_t> states[kMaxFileSystems];
  /** How often FITHAW was called, by whichever of the two. */
  std::atomic<std::int32_t> attempts[kMaxFileSystems];
};

static_assert(std::atomic<std::int64_t>::is_always_lock_free && std::atomic<std::int32_t>::is_always_lock_free,
              "shared between processes");

/** The first end counts. */
inline void endHold(HoldPage& page, HoldEnd why) {
  std::int32_t none = kNotEnded;
  page.end.compare_exchange_strong(none, why);
}

}  // namespace dvx::agent
