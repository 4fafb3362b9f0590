// Heartbeats and the waits between attempts to connect.
#pragma once

#include <cstdint>
#include <functional>

namespace dvx::agent {

/** Doubling waits with jitter, so that a thousand guests do not come back in the same second. */
class Backoff {
 public:
  /** `random` gives any 32 bits. */
  Backoff(std::function<std::uint32_t()> random, std::int64_t firstMillis, std::int64_t longestMillis)
      : random_(random), first_(firstMillis), longest_(longestMillis) {}

  /** The wait before the next attempt: between half and all of the first, twice, four times it, ... the longest. */
  std::int64_t nextMillis();

  void reset() { step_ = 0; }

 private:
  std::function<std::uint32_t()> random_;
  std::int64_t first_;
  std::int64_t longest_;
  int step_ = 0;
};

/** The agent's heartbeats on one connection. */
class HeartbeatTimer {
 public:
  /** Begins, or changes the interval; what was sent and answered stays. */
  void start(std::int64_t intervalMillis, std::int64_t now);
  /** Ends and forgets: the connection is gone. */
  void stop();
  bool running() const { return interval_ > 0; }

  /** True when a heartbeat is due; `ping` is its number. */
  bool due(std::int64_t now, std::int64_t& ping);
  /** False for an answer to a ping that was never sent. */
  bool answered(std::int64_t ping);
  /** Three in a row without an answer. */
  bool dead(std::int64_t now) const;
  /** When due() or dead() has to be asked next; -1 if not running. */
  std::int64_t nextMillis() const;

 private:
  std::int64_t interval_ = 0;
  std::int64_t next_ = 0;
  std::int64_t sent_ = 0;
  std::int64_t answered_ = 0;
};

}  // namespace dvx::agent
