// The process that thaws whatever happens to the agent.
//
// It is started anew for each freeze, from the same program, in a session of its own, locked in memory, with every
// mount's descriptor open. It shares a page with the agent (hold_page.h) and a socket: the agent's death closes that.
//   agent -> watchdog  B begin (the clock runs)   T thaw   Q quit
//   watchdog -> agent  R ready                    b armed  D done: all thawed
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "fd.h"
#include "hold_page.h"

namespace dvx::agent {

/** The argument that makes the program a watchdog. */
constexpr char kWatchdogCommand[] = "watchdog";

/** The watchdog's own main. */
int watchdogMain();

/** When the watchdog thaws: a little before the limit, so that the thaw itself is done within it. */
std::int64_t holdDeadlineMicros(const HoldPage& page);

enum class Heard { kDone, kNothing, kGone };

/** The agent's end. */
class Watchdog {
 public:
  Watchdog() = default;
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  /** Starts it and waits until it is ready. `mounts` stay the caller's. False with the reason in `error`. */
  bool start(const std::vector<int>& mounts, std::int64_t holdLimitMillis, std::string& error);

  HoldPage& page() { return *page_; }
  int socket() const { return socket_.get(); }
  pid_t process() const { return process_; }

  /** Starts its clock; false if it is not there any more: then nothing may be frozen. */
  bool begin();
  /** Asks for the thaw; any thread; does not wait. */
  void askThaw();
  /** What it said, without waiting. */
  Heard hear();
  /** Lets it go; only when nothing is frozen. */
  void finish();

 private:
  bool expect(char wanted, std::int64_t limitMillis);

  Fd socket_;
  HoldPage* page_ = nullptr;
  pid_t process_ = -1;
};

}  // namespace dvx::agent
