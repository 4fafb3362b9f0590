// The agent's clock: time since boot, suspension included; setting the time of day does not move it.
#pragma once

#include <time.h>

#include "platform.h"

namespace dvx::agent {

inline std::int64_t bootMicros() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1000000 + now.tv_nsec / 1000;
}

inline std::int64_t bootMillis() { return bootMicros() / 1000; }

/** Rounded up: a hold is never reported shorter than it was. */
inline std::int64_t microsToMillis(std::int64_t micros) { return micros <= 0 ? 0 : (micros + 999) / 1000; }

class BootClock : public Clock {
 public:
  std::int64_t nowMillis() override { return bootMillis(); }
};

}  // namespace dvx::agent
