#include "thaw_crew.h"

#include <linux/fs.h>
#include <sys/ioctl.h>

#include <cerrno>

#include "boot_clock.h"
#include "futex.h"

namespace dvx::agent {
namespace {

constexpr std::size_t kStackBytes = 128 * 1024;
constexpr std::int64_t kRetryMicros = 5000;

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
      // Only the first to try can tell that a stranger was here before: later ones may find each other's work.
      bool first = page_.attempts[index].fetch_add(1) == 0;
      if (::ioctl(mounts_[index], FITHAW, 0) == 0) {
        state = kThawed;
        // A FIFREEZE of the agent may just be ending: then one more round.
        if (done) {
          return;
        }
      } else if (errno == EINVAL) {
        if (first && seen == kFrozenState) {
          page_.early = 1;
        }
        if (done) {
          state = kThawed;
          return;
        }
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
