// The agent: connects, proves who it is, answers, freezes when asked. Everything but the platform.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "config.h"
#include "freezer.h"
#include "platform.h"

namespace dvx::agent {

struct AgentParts {
  Clock& clock;
  Transport& transport;
  IdentityStore& identity;
  Machine& machine;
  Freezer& freezer;
  Log& log;
  /** Any 32 bits, unpredictable; for the jitter. */
  std::function<std::uint32_t()> random;
  /** Keeps the JSON text of the last report over a restart. Never called while writes are held. */
  std::function<void(const std::string& session, const std::string& report)> keepReport;
  /** Asked after stop(): whether the agent ends because its operating system shuts down in good order, to power the
   * machine off. Bounded in time. */
  std::function<bool()> machineGoesOff;
};

struct AgentOptions {
  /** Version text. */
  std::string agent;
  std::vector<std::string> capabilities;
  /** Overrides the enrolment's server where its host is not empty. */
  Endpoint server;
  /** The last session before this start, or empty. */
  std::string lastSession;
  /** The waits between attempts to connect. */
  std::int64_t reconnectMillis = 1000;
  std::int64_t reconnectLongestMillis = 60 * 1000;
};

enum class AgentEnd {
  /** stop() was called. */
  kStopped,
  /** A freezer does not come back: the process must end, its service manager starts it anew. */
  kStuck,
};

class Agent {
 public:
  Agent(AgentParts parts, AgentOptions options);
  ~Agent();
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  /** Connects and serves until stop(). Without an enrolment it waits for one to appear in the store. */
  AgentEnd run();

  /** One enrolment attempt with a token, or as a clone (empty text). */
  bool enroll(const Endpoint& server, const std::string& token, const std::string& caPin, std::string& error);

  /** Ends run() soon; any thread. Writes that are held are released first. */
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dvx::agent
