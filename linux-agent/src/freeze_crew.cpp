#include "freeze_crew.h"

#include <linux/fs.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>

#include "boot_clock.h"
#include "futex.h"

namespace dvx::agent {
namespace {
constexpr std::size_t kStackBytes = 128 * 1024;
}

bool FreezeCrew::start() {
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) {
    return false;
  }
  pthread_attr_setstacksize(&attributes, kStackBytes);
  bool good = true;
  for (int i = 0; i < page_.count && good; i++) {
    members_[i].crew = this;
    members_[i].index = i;
    good = pthread_create(&members_[i].thread, &attributes, runMember, &members_[i]) == 0;
    started_ += good ? 1 : 0;
  }
  pthread_attr_destroy(&attributes);
  return good;
}

FreezeCrew::~FreezeCrew() {
  setTurn(kEnd);
  for (int i = 0; i < started_; i++) {
    pthread_join(members_[i].thread, nullptr);
  }
}

void FreezeCrew::setTurn(std::int32_t turn) {
  turn_ = turn;
  futexWakeAll(turn_);
}

void* FreezeCrew::runMember(void* argument) {
  Member* member = static_cast<Member*>(argument);
  FreezeCrew& crew = *member->crew;
  for (;;) {
    std::int32_t turn = crew.turn_.load();
    if (turn == kEnd) {
      return nullptr;
    }
    if (turn == crew.levels_[member->index]) {
      crew.freezeOne(member->index);
      crew.left_.fetch_sub(1);
      return nullptr;
    }
    futexWait(crew.turn_, turn);
  }
}

void FreezeCrew::freezeOne(int index) {
  if (page_.stop.load() != 0) {
    return;
  }
  std::int32_t trying = kTrying;
  page_.states[index] = kTrying;
  int failure = ::ioctl(mounts_[index], FIFREEZE, 0) == 0 ? 0 : errno;
  page_.states[index].compare_exchange_strong(trying, failure == 0 ? kFrozenState : kUntouched);
  std::int32_t none = 0;
  if (failure == 0) {
    frozen_.fetch_add(1);
  } else if (error_.compare_exchange_strong(none, failure)) {
    failedIndex_ = index;
  }
}

bool FreezeCrew::freezeAll(std::int64_t untilMicros) {
  int highest = *std::max_element(levels_, levels_ + page_.count);
  for (int level = highest; level >= 0; level--) {
    if (page_.stop.load() != 0 || error_.load() != 0 || bootMicros() >= untilMicros) {
      break;
    }
    left_ = static_cast<std::int32_t>(std::count(levels_, levels_ + page_.count, level));
    setTurn(level);
    while (left_.load() > 0) {
      pauseMicros(200);
    }
  }
  return frozen_.load() == page_.count && page_.stop.load() == 0 && bootMicros() < untilMicros;
}

}  // namespace dvx::agent
