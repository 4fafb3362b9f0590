// The state of one freeze as the agent sees it: the protocol's rules, no input or output of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "freezer.h"
#include "messages.h"

namespace dvx::agent {

/** Where a session's answers go. A closed connection drops them. */
class SessionOutput {
 public:
  virtual ~SessionOutput() = default;
  virtual void send(const Prepared& message) = 0;
  virtual void send(const Frozen& message) = 0;
  virtual void send(const Thawed& message) = 0;
  virtual void send(const DocumentPart& message) = 0;
  virtual void send(const Report& message) = 0;
  virtual void send(const Failed& message) = 0;
  /** The end of a session whose coordinator may not have heard of it. */
  virtual void keep(const Report& report) = 0;
};

enum class SessionState {
  kIdle,
  kPreparing,
  kPrepared,
  kFreezing,
  kHolding,
  /** Let go, and waiting for the freezer to finish. */
  kFinishing,
  /** The report was sent and is not acknowledged. */
  kReporting,
};

const char* name(SessionState state);

/** Not for several threads: messages, events and ticks come on the agent's thread. Times are of the agent's Clock. */
class Session {
 public:
  Session(Freezer& freezer, FreezerEvents& events, SessionOutput& output);

  void on(const Prepare& message, std::int64_t nowMillis);
  void on(const Freeze& message, std::int64_t nowMillis);
  void on(const Committed& message, std::int64_t nowMillis);
  void on(const Reported& message, std::int64_t nowMillis);
  void on(const Abort& message, std::int64_t nowMillis);
  void onUnknown(const UnknownMessage& message);

  /** An event that the freezer posted. */
  void on(std::uint64_t ticket, const FreezerEvent& event, std::int64_t nowMillis);

  /** The connection ended: what is held is released, what is prepared is dropped. */
  void connectionLost(std::int64_t nowMillis);

  /** Enforces the stages' limits. Call it at least once a second. */
  void tick(std::int64_t nowMillis);

  SessionState state() const { return state_; }
  bool busy() const { return state_ != SessionState::kIdle; }
  /** Writes are held or about to be: no log, no file, no wait of the agent's own. */
  bool quiet() const { return state_ == SessionState::kFreezing || state_ == SessionState::kHolding; }
  /** The freezer was told to let go and has not ended for kStuckMillis: the process must go. */
  bool stuck() const { return stuck_; }
  /** The last session that came to an end here, or empty. */
  const std::string& lastSession() const { return lastSession_; }
  void restoreLastSession(const std::string& session) { lastSession_ = session; }
  /** The first instant at which tick() has something to do, or -1. */
  std::int64_t deadlineMillis() const { return deadline_; }

 private:
  void onEvent(const PreparedEvent& event, std::int64_t now);
  void onEvent(const FrozenEvent& event, std::int64_t now);
  void onEvent(const ReleasedEvent& event, std::int64_t now);
  void onEvent(const FinishedEvent& event, std::int64_t now);
  void onEvent(const FailedEvent& event, std::int64_t now);

  bool current(const std::string& session, Stage stage);
  void reject(const std::string& session, Stage stage, FailureCode code, const std::string& reason);
  void letGo(Released reason, std::int64_t now);
  void timeOut(Stage stage, const std::string& reason, std::int64_t now);
  void enter(SessionState state, std::int64_t deadline);
  void end();

  Freezer& freezer_;
  FreezerEvents& events_;
  SessionOutput& output_;
  SessionState state_ = SessionState::kIdle;
  std::uint64_t ticket_ = 0;
  std::int64_t deadline_ = -1;
  std::string session_;
  std::string lastSession_;
  /** The coordinator that asked for this session is gone. */
  bool orphan_ = false;
  bool stuck_ = false;
  bool wasFrozen_ = false;
  bool thawedSent_ = false;
  /** Set where a limit of this side ended the session. */
  bool timedOut_ = false;
  /** The coordinator called it off: it hears a report. */
  bool aborted_ = false;
  FailedEvent timeOut_;
};

}  // namespace dvx::agent
