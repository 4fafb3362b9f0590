#include "session.h"

#include <algorithm>

#include "bounds.h"

namespace dvx::agent {

const char* name(SessionState state) {
  switch (state) {
    case SessionState::kIdle:
      return "idle";
    case SessionState::kPreparing:
      return "preparing";
    case SessionState::kPrepared:
      return "prepared";
    case SessionState::kFreezing:
      return "freezing";
    case SessionState::kHolding:
      return "holding";
    case SessionState::kFinishing:
      return "finishing";
    case SessionState::kReporting:
      break;
  }
  return "reporting";
}

Session::Session(Freezer& freezer, FreezerEvents& events, SessionOutput& output)
    : freezer_(freezer), events_(events), output_(output) {}

void Session::enter(SessionState state, std::int64_t deadline) {
  state_ = state;
  deadline_ = deadline;
}

void Session::end() {
  lastSession_ = session_;
  session_.clear();
  enter(SessionState::kIdle, -1);
}

void Session::reject(const std::string& session, Stage stage, FailureCode code, const std::string& reason) {
  Failed failed;
  failed.session = session;
  failed.stage = stage;
  failed.code = code;
  failed.message = reason;
  output_.send(failed);
}

bool Session::current(const std::string& session, Stage stage) {
  if (busy() && !orphan_ && session == session_) {
    return true;
  }
  reject(session, stage, FailureCode::kProtocol, "This is not the agent's current session.");
  return false;
}

void Session::on(const Prepare& message, std::int64_t now) {
  if (busy()) {
    reject(message.session, Stage::kPrepare, FailureCode::kBusy,
           "The agent is in another session: it is " + std::string(name(state_)) + ".");
    return;
  }
  session_ = message.session;
  orphan_ = false;
  wasFrozen_ = false;
  thawedSent_ = false;
  timedOut_ = false;
  aborted_ = false;
  ticket_++;
  enter(SessionState::kPreparing, now + message.limitMillis);
  freezer_.prepare(message, ticket_, events_);
}

void Session::on(const Freeze& message, std::int64_t now) {
  if (!current(message.session, Stage::kFreeze)) {
    return;
  }
  if (state_ != SessionState::kPrepared) {
    reject(message.session, Stage::kFreeze, FailureCode::kProtocol,
           "freeze is expected after prepared; the agent is " + std::string(name(state_)) + ".");
    return;
  }
  enter(SessionState::kFreezing, now + message.limitMillis);
  freezer_.freeze(message.limitMillis);
}

void Session::on(const Committed& message, std::int64_t now) {
  if (!current(message.session, Stage::kHold)) {
    return;
  }
  switch (state_) {
    case SessionState::kHolding:
      letGo(Released::kCommitted, now);
      return;
    case SessionState::kFinishing:
    case SessionState::kReporting:
      // The dead-man timer was quicker: what is on its way to the coordinator says so.
      return;
    default:
      // A cut without a hold: nothing of it may count.
      reject(message.session, Stage::kHold, FailureCode::kProtocol,
             "committed is expected after frozen; the agent is " + std::string(name(state_)) + ".");
      letGo(Released::kAbort, now);
  }
}

void Session::on(const Abort& message, std::int64_t now) {
  if (!busy() || orphan_ || message.session != session_ || state_ == SessionState::kReporting) {
    return;
  }
  aborted_ = true;
  letGo(Released::kAbort, now);
}

void Session::on(const Reported& message, std::int64_t) {
  if (!current(message.session, Stage::kReport)) {
    return;
  }
  if (state_ != SessionState::kReporting) {
    reject(message.session, Stage::kReport, FailureCode::kProtocol, "No report was sent yet.");
    return;
  }
  end();
}

void Session::onUnknown(const UnknownMessage& message) {
  reject(message.session, Stage::kPrepare, FailureCode::kUnknown, "Unknown message type: " + message.type);
}

void Session::letGo(Released reason, std::int64_t now) {
  if (state_ != SessionState::kFinishing) {
    enter(SessionState::kFinishing, now + kStuckMillis);
  }
  freezer_.release(reason);
}

void Session::connectionLost(std::int64_t now) {
  if (!busy() || orphan_) {
    return;
  }
  orphan_ = true;
  if (state_ == SessionState::kReporting) {
    end();
    return;
  }
  letGo(Released::kLost, now);
}

void Session::timeOut(Stage stage, const std::string& reason, std::int64_t now) {
  timedOut_ = true;
  timeOut_ = FailedEvent{stage, FailureCode::kTimeout, reason, ""};
  letGo(Released::kAbort, now);
}

void Session::tick(std::int64_t now) {
  if (deadline_ < 0 || now < deadline_) {
    return;
  }
  switch (state_) {
    case SessionState::kIdle:
      return;
    case SessionState::kPreparing:
      timeOut(Stage::kPrepare, "The preparation took longer than its limit.", now);
      return;
    case SessionState::kPrepared:
      timeOut(Stage::kFreeze, "The coordinator did not go on after the preparation.", now);
      return;
    case SessionState::kFreezing:
      timeOut(Stage::kFreeze, "The freeze took longer than its limit.", now);
      return;
    case SessionState::kHolding:
      // The party that holds the limit should have let go by now.
      letGo(Released::kAbort, now);
      return;
    case SessionState::kFinishing:
      stuck_ = true;
      return;
    case SessionState::kReporting:
      end();
      return;
  }
}

void Session::on(std::uint64_t ticket, const FreezerEvent& event, std::int64_t now) {
  if (ticket != ticket_ || state_ == SessionState::kIdle || state_ == SessionState::kReporting) {
    return;
  }
  std::visit([&](const auto& one) { onEvent(one, now); }, event);
}

void Session::onEvent(const PreparedEvent& event, std::int64_t now) {
  if (state_ != SessionState::kPreparing) {
    return;
  }
  enter(SessionState::kPrepared, now + kPreparedMillis);
  output_.send(Prepared{session_, event.volumes, event.skipped, event.writers});
}

void Session::onEvent(const FrozenEvent& event, std::int64_t now) {
  wasFrozen_ = true;
  if (state_ != SessionState::kFreezing) {
    return;
  }
  enter(SessionState::kHolding, now + kMaxHoldMillis + 2000);
  output_.send(Frozen{session_, event.writersFrozenMillis});
}

void Session::onEvent(const ReleasedEvent& event, std::int64_t now) {
  if (!wasFrozen_ || thawedSent_) {
    return;
  }
  thawedSent_ = true;
  if (state_ != SessionState::kFinishing) {
    enter(SessionState::kFinishing, now + kStuckMillis);
  }
  if (!orphan_) {
    Thawed thawed;
    thawed.session = session_;
    thawed.held = event.released == Released::kCommitted;
    thawed.released = event.released;
    thawed.writersFrozenMillis = event.writersFrozenMillis;
    thawed.writesHeldMillis = event.writesHeldMillis;
    output_.send(thawed);
  }
}

void Session::onEvent(const FinishedEvent& event, std::int64_t now) {
  if (timedOut_) {
    onEvent(timeOut_, now);
    return;
  }
  Report report = event.report;
  report.session = session_;
  std::size_t total = std::min(event.document.size(), kMaxDocumentBytes);
  report.documentBytes = total;
  output_.keep(report);
  if (orphan_) {
    end();
    return;
  }
  enter(SessionState::kReporting, now + kReportedMillis);
  for (std::size_t at = 0, part = 0; at < total; at += kMaxDocumentPartBytes, part++) {
    DocumentPart piece;
    piece.session = session_;
    piece.part = static_cast<std::int64_t>(part);
    piece.data = event.document.substr(at, std::min(kMaxDocumentPartBytes, total - at));
    piece.last = at + piece.data.size() == total;
    output_.send(piece);
  }
  output_.send(report);
}

void Session::onEvent(const FailedEvent& event, std::int64_t now) {
  if (aborted_ && !timedOut_) {
    // An abort is answered with a report, whatever the freezer was doing.
    FinishedEvent finished;
    finished.report.reason = std::string(name(event.code)) + ": " + event.message;
    onEvent(finished, now);
    return;
  }
  const FailedEvent& told = timedOut_ ? timeOut_ : event;
  Report report;
  report.session = session_;
  report.reason = std::string(name(told.code)) + ": " + told.message;
  output_.keep(report);
  if (!orphan_) {
    output_.send(Failed{session_, told.stage, told.code, told.message, told.hresult});
  }
  end();
}

}  // namespace dvx::agent
