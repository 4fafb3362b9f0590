#include "thaw_crew.h"

#include <linux/fs.h>
#include <linux/futex.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <climits>

#include "boot_clock.h"

namespace dvx::agent {
namespace {

constexpr std::size_t kStackBytes = 128 * 1024;
constexpr std::int64_t kRetryMicros = 5000;

void pauseMicros(std::int64_t micros) {
  timespec wait{static_cast<time_t>(micros / 1000000), static_cast<long>(micros % 1000000) * 1000};
  ::nanosleep(&wait, nullptr);
}

void futexWait(std::atomic<std::int32_t>& word, std::int32_t seen) {
  ::syscall(SYS_futex, reinterpret_cast<std::int32_t*>(&word), FUTEX_WAIT_PRIVATE, seen, nullptr, nullptr, 0);
}

void futexWakeAll(std::atomic<std::int32_t>& word) {
  ::syscall(SYS_futex, reinterpret_cast<std::int32_t*>(&word), FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

}  // namespace

bool ThawCrew::start() {
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) {
    return false;
  }
  pthread_attr_setstacksize(&attributes, kStackBytes);
  left_ = page_.count;
  bool good = true;
  for (int i = 0; i < page_.count && good; i++) {
    members_[i].crew = this;
    members_[i].index = i;
    good = pthread_create(&members_[i].thread, &attributes, runMember, &members_[i]) == 0;
    started_ += good ? 1 : 0;
  }
  pthread_attr_destroy(&attributes);
  if (!good) {
    dismiss();
  }
  return good;
}

void* ThawCrew::runMember(void* argument) {
  Member* member = static_cast<Member*>(argument);
  ThawCrew& crew = *member->crew;
  std::int32_t order = kWait;
  while ((order = crew.order_.load()) == kWait) {
    futexWait(crew.order_, kWait);
  }
  if (order == kThaw) {
    crew.thawOne(member->index);
    crew.left_.fetch_sub(1);
  }
  return nullptr;
}

void ThawCrew::thawOne(int index) {
  std::atomic<std::int32_t>& state = page_.states[index];
  for (;;) {
    // Read before the attempt: only an attempt made after the last FIFREEZE ended can be the last one.
    bool done = page_.freezingDone.load() != 0;
    std::int32_t seen = state.load();
    if (seen == kTrying || seen == kFrozenState) {
      if (::ioctl(mounts_[index], FITHAW, 0) == 0) {
        state = kThawed;
        // A FIFREEZE of the agent may have ended just now and still be marked by it: one more round if so.
        if (done) {
          return;
        }
      } else if (errno == EINVAL && done) {
        if (state.exchange(kThawed) == kFrozenState) {
          page_.early = 1;
        }
        return;
      } else if (errno == EINVAL && seen == kFrozenState) {
        page_.early = 1;
      }
    } else if (done) {
      return;
    }
    pauseMicros(kRetryMicros);
  }
}

void ThawCrew::give(Order order) {
  std::int32_t none = kWait;
  if (order_.compare_exchange_strong(none, order)) {
    futexWakeAll(order_);
  }
}

void ThawCrew::thaw() {
  page_.stop = 1;
  give(kThaw);
}

bool ThawCrew::wait(std::int64_t limitMicros) {
  std::int64_t until = bootMicros() + limitMicros;
  while (left_.load() > 0) {
    if (bootMicros() >= until) {
      return false;
    }
    pauseMicros(200);
  }
  std::int64_t none = 0;
  page_.releasedMicros.compare_exchange_strong(none, bootMicros());
  return true;
}

void ThawCrew::dismiss() {
  give(kDismiss);
  for (int i = 0; i < started_ && !joined_; i++) {
    pthread_join(members_[i].thread, nullptr);
  }
  joined_ = true;
}

ThawCrew::~ThawCrew() { dismiss(); }

}  // namespace dvx::agent
