// Threads that freeze: file systems of one level at once, since each FIFREEZE waits for the kernel some ten
// milliseconds in which the ones before it are held.
#pragma once

#include <pthread.h>

#include <cstdint>

#include "hold_page.h"

namespace dvx::agent {

/** start() allocates and makes the threads; after that nothing here allocates, writes or logs. */
class FreezeCrew {
 public:
  /** `levels[i]`: file systems of a higher level are frozen before those of a lower one. */
  FreezeCrew(HoldPage& page, const int* mounts, const int* levels) : page_(page), mounts_(mounts), levels_(levels) {}
  ~FreezeCrew();
  FreezeCrew(const FreezeCrew&) = delete;
  FreezeCrew& operator=(const FreezeCrew&) = delete;

  bool start();

  /** Calls FIFREEZE for all, unless the page says stop or `untilMicros` has passed; returns once no FIFREEZE is under
   * way and none will be. True if all are frozen. */
  bool freezeAll(std::int64_t untilMicros);

  /** The first error number and whose it is; 0 if there was none. */
  int error() const { return error_.load(); }
  int failedIndex() const { return failedIndex_; }

 private:
  static constexpr std::int32_t kWait = 1000;
  static constexpr std::int32_t kEnd = -1;
  struct Member {
    FreezeCrew* crew;
    int index;
    pthread_t thread;
  };

  static void* runMember(void* argument);
  void freezeOne(int index);
  void setTurn(std::int32_t turn);

  HoldPage& page_;
  const int* mounts_;
  const int* levels_;
  int started_ = 0;
  /** The level whose turn it is; kWait before, kEnd after. */
  std::atomic<std::int32_t> turn_{kWait};
  /** Members of this turn's level that are not done. */
  std::atomic<std::int32_t> left_{0};
  std::atomic<std::int32_t> error_{0};
  std::atomic<std::int32_t> frozen_{0};
  int failedIndex_ = 0;
  Member members_[kMaxFileSystems] = {};
};

}  // namespace dvx::agent
