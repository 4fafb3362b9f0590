#include "timing.h"

#include <algorithm>

#include "bounds.h"

namespace dvx::agent {

std::int64_t Backoff::nextMillis() {
  constexpr int kMaxSteps = 20;
  std::int64_t full = std::min(first_ << step_, longest_);
  step_ = full == longest_ || step_ == kMaxSteps ? step_ : step_ + 1;
  return full / 2 + static_cast<std::int64_t>(random_()) % (full / 2 + 1);
}

void HeartbeatTimer::stop() {
  interval_ = 0;
  sent_ = 0;
  answered_ = 0;
}

void HeartbeatTimer::start(std::int64_t intervalMillis, std::int64_t now) {
  interval_ = intervalMillis;
  next_ = now + intervalMillis;
}

bool HeartbeatTimer::due(std::int64_t now, std::int64_t& ping) {
  if (!running() || now < next_ || dead(now)) {
    return false;
  }
  ping = ++sent_;
  next_ = now + interval_;
  return true;
}

bool HeartbeatTimer::answered(std::int64_t ping) {
  if (ping < 1 || ping > sent_) {
    return false;
  }
  answered_ = ping > answered_ ? ping : answered_;
  return true;
}

bool HeartbeatTimer::dead(std::int64_t now) const {
  return running() && sent_ - answered_ >= kMissedHeartbeats && now >= next_;
}

std::int64_t HeartbeatTimer::nextMillis() const { return running() ? next_ : -1; }

}  // namespace dvx::agent
