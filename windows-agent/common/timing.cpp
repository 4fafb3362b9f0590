#include "timing.h"

#include "bounds.h"

namespace dvx::agent {

std::int64_t Backoff::nextMillis() {
  constexpr std::int64_t kLongest = 60 * 1000;
  std::int64_t full = step_ >= 6 ? kLongest : std::int64_t{1000} << step_;
  step_ = step_ >= 6 ? 6 : step_ + 1;
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
