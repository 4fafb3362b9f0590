// Threads that thaw: one for each file system, so that one whose thaw has to wait keeps none of the others frozen.
#pragma once

#include <pthread.h>

#include <cstdint>

#include "hold_page.h"

namespace dvx::agent {

/** start() allocates and makes the threads; after that nothing here allocates, writes or logs. */
class ThawCrew {
 public:
  ThawCrew(HoldPage& page, const int* mounts) : page_(page), mounts_(mounts) {}
  ThawCrew(const ThawCrew&) = delete;
  ThawCrew& operator=(const ThawCrew&) = delete;
  /** The threads must have been let run to their end (thaw and wait, or dismiss). */
  ~ThawCrew();

  bool start();
  /** Every thread thaws its file system, again and again until it is surely thawed. */
  void thaw();
  /** Waits until all are thawed; the time is put into the page. False if that took longer. */
  bool wait(std::int64_t limitMicros);
  /** Ends the threads without a thaw. */
  void dismiss();

 private:
  enum Order : std::int32_t { kWait, kThaw, kDismiss };
  struct Member {
    ThawCrew* crew;
    int index;
    pthread_t thread;
  };

  static void* runMember(void* argument);
  void thawOne(int index);
  void give(Order order);

  HoldPage& page_;
  const int* mounts_;
  int started_ = 0;
  bool joined_ = false;
  std::atomic<std::int32_t> order_{kWait};
  std::atomic<std::int32_t> left_{0};
  Member members_[kMaxFileSystems] = {};
};

}  // namespace dvx::agent
