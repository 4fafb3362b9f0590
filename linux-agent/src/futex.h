// Waiting for a word of memory to change, without any allocation.
#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <climits>
#include <cstdint>

namespace dvx::agent {

inline void futexWait(std::atomic<std::int32_t>& word, std::int32_t seen) {
  ::syscall(SYS_futex, reinterpret_cast<std::int32_t*>(&word), FUTEX_WAIT_PRIVATE, seen, nullptr, nullptr, 0);
}

inline void futexWakeAll(std::atomic<std::int32_t>& word) {
  ::syscall(SYS_futex, reinterpret_cast<std::int32_t*>(&word), FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

inline void pauseMicros(std::int64_t micros) {
  timespec wait{static_cast<time_t>(micros / 1000000), static_cast<long>(micros % 1000000) * 1000};
  ::nanosleep(&wait, nullptr);
}

}  // namespace dvx::agent
