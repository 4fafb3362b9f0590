#include "agent.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include "connection.h"
#include "enrolment.h"
#include "bounds.h"
#include "session.h"
#include "timing.h"

namespace dvx::agent {
namespace {

/** An idle connection is made anew so often: the greeting is where the coordinator asks for a renewal. */
constexpr std::int64_t kReconnectMillis = 6 * 3600 * 1000;
/** A connection that lasted so long was a good one. */
constexpr std::int64_t kGoodConnectionMillis = 30 * 1000;
constexpr std::int64_t kLongestWaitMillis = 1000;
/** On stop(): the wait for the release and the clean-up of a running freeze. */
constexpr std::int64_t kStopMillis = 20 * 1000;
constexpr std::int64_t kLookAgainMillis = 5 * 1000;
constexpr std::size_t kMaxHeldLines = 64;

}  // namespace

class Agent::Impl : public FreezerEvents, public SessionOutput {
 public:
  Impl(AgentParts parts, AgentOptions options)
      : parts_(std::move(parts)),
        options_(std::move(options)),
        session_(parts_.freezer, *this, *this),
        backoff_(parts_.random, options_.reconnectMillis, options_.reconnectLongestMillis) {
    session_.restoreLastSession(options_.lastSession);
  }

  AgentEnd run();
  bool enroll(const Endpoint& server, const std::string& token, const std::string& caPin, std::string& error);
  void stop();

  void post(std::uint64_t ticket, FreezerEvent event) override;
  void send(const Prepared& message) override { sendNow(message); }
  void send(const Frozen& message) override { sendNow(message); }
  void send(const Thawed& message) override { sendNow(message); }
  void send(const DocumentPart& message) override { sendNow(message); }
  void send(const Report& message) override { sendNow(message); }
  void send(const Failed& message) override { sendNow(message); }
  void keep(const Report& report) override { parts_.keepReport(report.session, encode(report, 1)); }

 private:
  enum class Answer { kGoOn, kClose };

  template <typename Message>
  void sendNow(const Message& message) {
    if (connection_) {
      connection_->send(message);
    }
  }

  void attempt();
  void serve(const Enrolment& enrolment, const MachineInfo& machine);
  void serveLoop(std::int64_t connectedAt);
  void pause(std::int64_t millis);
  void drainEvents();
  void note(Level level, const std::string& text);
  void once(Level level, const std::string& text);
  void flushNotes();
  void renewIfIdle();
  bool finishEnrolment(const Endpoint& server, const std::string& token, const std::string& caPin,
                       const MachineInfo& machine, std::string& error);

  Answer handle(const CoordinatorMessage& message);
  Answer unexpected(const char* type);
  Answer on(const Enrolled&) { return unexpected("enrolled"); }
  Answer on(const Challenge& message);
  Answer on(const Welcome& message);
  Answer on(const Heartbeat& message);
  Answer on(const Renewed& message);
  Answer on(const Refused& message);
  template <typename Message>
  Answer on(const Message& message) {
    if (!welcomed_) {
      return unexpected("a freeze");
    }
    session_.on(message, parts_.clock.nowMillis());
    return Answer::kGoOn;
  }
  Answer on(const UnknownMessage& message) {
    session_.onUnknown(message);
    return Answer::kGoOn;
  }

  AgentParts parts_;
  AgentOptions options_;
  Session session_;
  Backoff backoff_;
  HeartbeatTimer heartbeats_;
  std::optional<Connection> connection_;
  Enrolment enrolment_;
  MachineInfo machine_;
  bool welcomed_ = false;
  /** The coordinator was told that a session goes on, and waits to hear that it is over. */
  bool saidBusy_ = false;
  bool renewWanted_ = false;
  bool renewSent_ = false;
  std::optional<Renewed> renewed_;
  bool newCertificate_ = false;
  /** The coordinator wants this machine to enrol anew; kept over attempts until that worked. */
  bool enrolAnew_ = false;
  std::string lastNote_;
  std::deque<std::pair<Level, std::string>> heldNotes_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::pair<std::uint64_t, FreezerEvent>> queue_;
  std::atomic<bool> stopping_{false};
};

void Agent::Impl::post(std::uint64_t ticket, FreezerEvent event) {
  {
    std::lock_guard<std::mutex> guard(mutex_);
    queue_.emplace_back(ticket, std::move(event));
  }
  changed_.notify_all();
  parts_.transport.wake();
}

void Agent::Impl::stop() {
  stopping_ = true;
  {
    // Taken so that a pause() cannot miss the change between its check and its wait.
    std::lock_guard<std::mutex> guard(mutex_);
  }
  changed_.notify_all();
  parts_.transport.wake();
}

void Agent::Impl::note(Level level, const std::string& text) {
  if (!session_.quiet()) {
    parts_.log.write(level, text);
  } else if (heldNotes_.size() < kMaxHeldLines) {
    heldNotes_.emplace_back(level, text);
  }
}

void Agent::Impl::once(Level level, const std::string& text) {
  if (text != lastNote_) {
    lastNote_ = text;
    note(level, text);
  }
}

void Agent::Impl::flushNotes() {
  while (!session_.quiet() && !heldNotes_.empty()) {
    parts_.log.write(heldNotes_.front().first, heldNotes_.front().second);
    heldNotes_.pop_front();
  }
}

void Agent::Impl::drainEvents() {
  for (;;) {
    std::pair<std::uint64_t, FreezerEvent> event;
    {
      std::lock_guard<std::mutex> guard(mutex_);
      if (queue_.empty()) {
        break;
      }
      event = std::move(queue_.front());
      queue_.pop_front();
    }
    session_.on(event.first, event.second, parts_.clock.nowMillis());
  }
  session_.tick(parts_.clock.nowMillis());
  flushNotes();
}

/** Waits without a connection, and still hears what the freezer says. */
void Agent::Impl::pause(std::int64_t millis) {
  std::int64_t until = parts_.clock.nowMillis() + millis;
  while (!stopping_ && !session_.stuck()) {
    drainEvents();
    std::int64_t left = until - parts_.clock.nowMillis();
    if (left <= 0) {
      return;
    }
    std::unique_lock<std::mutex> lock(mutex_);
    if (queue_.empty() && !stopping_) {
      changed_.wait_for(lock, std::chrono::milliseconds(std::min(left, kLongestWaitMillis)));
    }
  }
}

AgentEnd Agent::Impl::run() {
  while (!stopping_ && !session_.stuck()) {
    attempt();
    if (!stopping_ && !session_.stuck()) {
      pause(backoff_.nextMillis());
    }
  }
  session_.connectionLost(parts_.clock.nowMillis());
  std::int64_t until = parts_.clock.nowMillis() + kStopMillis;
  while (session_.busy() && !session_.stuck() && parts_.clock.nowMillis() < until) {
    drainEvents();
    std::unique_lock<std::mutex> lock(mutex_);
    if (queue_.empty()) {
      changed_.wait_for(lock, std::chrono::milliseconds(100));
    }
  }
  drainEvents();
  return session_.stuck() ? AgentEnd::kStuck : AgentEnd::kStopped;
}

/** One connection, from reading the identity to its end. */
void Agent::Impl::attempt() {
  std::string error;
  Enrolment enrolment;
  Loaded loaded = parts_.identity.load(enrolment, error);
  if (loaded == Loaded::kBroken) {
    once(Level::kError, "The agent's identity cannot be read: " + error);
    return;
  }
  MachineInfo machine = parts_.machine.describe();
  if (loaded == Loaded::kPresent && isClone(enrolment, machine)) {
    note(Level::kWarning,
         "This machine is not the one that enrolled: it is a clone or was restored. Its key is dropped; it enrols anew.");
    if (!parts_.identity.dropKey(error)) {
      once(Level::kError, "The key cannot be dropped: " + error);
      return;
    }
    loaded = Loaded::kAbsent;
  }
  Endpoint server = options_.server.host.empty() ? enrolment.server : options_.server;
  if (loaded == Loaded::kAbsent && enrolment.caPin.empty()) {
    once(Level::kInfo, "The agent is not enrolled yet: run dvx-agent enroll.");
    pause(kLookAgainMillis);
    backoff_.reset();
    return;
  }
  if (loaded == Loaded::kAbsent || enrolAnew_) {
    if (!finishEnrolment(server, "", enrolment.caPin, machine, error)) {
      once(Level::kWarning, "The machine could not enrol anew: " + error);
      return;
    }
    enrolAnew_ = false;
    note(Level::kInfo, "The machine has enrolled anew.");
    if (parts_.identity.load(enrolment, error) != Loaded::kPresent) {
      once(Level::kError, "The new identity cannot be read: " + error);
      return;
    }
  }
  enrolment.server = server;
  serve(enrolment, machine);
}

void Agent::Impl::serve(const Enrolment& enrolment, const MachineInfo& machine) {
  std::string error;
  if (!parts_.transport.connect(enrolment.server, enrolment.caPin, true, kConnectMillis, error)) {
    once(Level::kWarning, "No connection to " + toText(enrolment.server) + ": " + error);
    parts_.transport.close();
    return;
  }
  enrolment_ = enrolment;
  machine_ = machine;
  welcomed_ = false;
  renewWanted_ = false;
  renewSent_ = false;
  renewed_.reset();
  newCertificate_ = false;
  heartbeats_.stop();
  connection_.emplace(parts_.transport);
  std::int64_t connectedAt = parts_.clock.nowMillis();
  Hello hello;
  hello.agent = options_.agent;
  hello.machine = machine;
  hello.capabilities = options_.capabilities;
  hello.busy = session_.busy();
  saidBusy_ = hello.busy;
  hello.lastSession = session_.lastSession();
  connection_->send(hello);
  serveLoop(connectedAt);
  bool good = welcomed_ && parts_.clock.nowMillis() - connectedAt >= kGoodConnectionMillis;
  // First the release, then everything else: closing a connection may take a while.
  session_.connectionLost(parts_.clock.nowMillis());
  if (stopping_ && welcomed_ && !connection_->broken() && parts_.machineGoesOff()) {
    connection_->send(Shutdown{});
  }
  parts_.transport.close();
  connection_.reset();
  if (good || newCertificate_) {
    backoff_.reset();
  }
}

void Agent::Impl::serveLoop(std::int64_t connectedAt) {
  while (!stopping_ && !session_.stuck()) {
    drainEvents();
    std::int64_t now = parts_.clock.nowMillis();
    std::int64_t ping = 0;
    if (heartbeats_.dead(now)) {
      once(Level::kWarning, "The coordinator does not answer heartbeats any more.");
      return;
    }
    if (heartbeats_.due(now, ping)) {
      connection_->send(Heartbeat{ping});
    }
    if (!welcomed_ && now - connectedAt > kGreetingMillis) {
      once(Level::kWarning, "The coordinator did not finish the greeting.");
      return;
    }
    if (saidBusy_ && welcomed_ && !session_.busy()) {
      saidBusy_ = false;
      connection_->send(Idle{session_.lastSession()});
    }
    renewIfIdle();
    bool old = now - connectedAt > kReconnectMillis;
    if (!session_.busy() && (newCertificate_ || old)) {
      return;
    }
    std::int64_t wait = kLongestWaitMillis;
    for (std::int64_t deadline : {session_.deadlineMillis(), heartbeats_.nextMillis()}) {
      if (deadline >= 0) {
        wait = std::min(wait, std::max<std::int64_t>(deadline - now, 0));
      }
    }
    CoordinatorMessage message;
    std::string reason;
    switch (connection_->next(message, wait, reason)) {
      case Next::kMessage:
        if (handle(message) == Answer::kClose) {
          return;
        }
        break;
      case Next::kNothing:
        break;
      case Next::kClosed:
      case Next::kViolation:
        once(Level::kWarning, reason);
        return;
    }
  }
}

Agent::Impl::Answer Agent::Impl::handle(const CoordinatorMessage& message) {
  // What the freezer posted before this message came is told before it is acted upon.
  drainEvents();
  return std::visit([this](const auto& one) { return on(one); }, message);
}

Agent::Impl::Answer Agent::Impl::unexpected(const char* type) {
  once(Level::kWarning, std::string("The coordinator sent what was not its turn: ") + type + ".");
  return Answer::kClose;
}

Agent::Impl::Answer Agent::Impl::on(const Challenge& message) {
  if (welcomed_) {
    return unexpected("challenge");
  }
  connection_->send(Proof{parts_.machine.readNonce(message.property)});
  return Answer::kGoOn;
}

Agent::Impl::Answer Agent::Impl::on(const Welcome& message) {
  if (message.agent != enrolment_.agent) {
    return unexpected("a welcome for another agent");
  }
  if (!welcomed_) {
    lastNote_.clear();
    note(Level::kInfo, "Connected to " + toText(enrolment_.server) + " as " + message.agent + ".");
  }
  welcomed_ = true;
  renewWanted_ = renewWanted_ || message.renew;
  heartbeats_.start(message.heartbeatSeconds * 1000, parts_.clock.nowMillis());
  return Answer::kGoOn;
}

Agent::Impl::Answer Agent::Impl::on(const Heartbeat& message) {
  return heartbeats_.answered(message.ping) ? Answer::kGoOn : unexpected("an answer to no heartbeat");
}

Agent::Impl::Answer Agent::Impl::on(const Renewed& message) {
  if (!renewSent_ || renewed_ || newCertificate_) {
    return unexpected("renewed");
  }
  renewed_ = message;
  return Answer::kGoOn;
}

Agent::Impl::Answer Agent::Impl::on(const Refused& message) {
  once(Level::kError, "The coordinator refused this agent: " + message.code + ": " + message.message);
  std::string error;
  if (message.code == "CLONE") {
    if (!parts_.identity.dropKey(error)) {
      note(Level::kError, "The key cannot be dropped: " + error);
    }
  } else if (message.code == "CERTIFICATE") {
    // It may have expired while the machine was off. The key stays until the new one is there.
    enrolAnew_ = true;
  }
  return Answer::kClose;
}

/** Key and certificate are files: they are only touched while no freeze is on. */
void Agent::Impl::renewIfIdle() {
  if (session_.busy() || !welcomed_) {
    return;
  }
  std::string error;
  if (renewed_) {
    if (parts_.identity.install(enrolment_, renewed_->certificate, renewed_->ca, error)) {
      note(Level::kInfo, "The certificate was renewed.");
      newCertificate_ = true;
    } else {
      note(Level::kError, "The renewed certificate is not taken: " + error);
    }
    renewed_.reset();
  } else if (renewWanted_ && !renewSent_) {
    std::string csr;
    renewSent_ = true;
    if (parts_.identity.makeRequest(csr, error)) {
      connection_->send(Renew{csr});
    } else {
      note(Level::kError, "No new key for the renewal: " + error);
    }
  }
}

bool Agent::Impl::enroll(const Endpoint& server, const std::string& token, const std::string& caPin,
                         std::string& error) {
  return finishEnrolment(server, token, caPin, parts_.machine.describe(), error);
}

bool Agent::Impl::finishEnrolment(const Endpoint& server, const std::string& token, const std::string& caPin,
                                  const MachineInfo& machine, std::string& error) {
  std::string csr;
  if (!parts_.identity.makeRequest(csr, error)) {
    return false;
  }
  if (!parts_.transport.connect(server, caPin, false, kConnectMillis, error)) {
    parts_.transport.close();
    return false;
  }
  Connection connection(parts_.transport);
  connection.send(Enroll{token, csr, machine});
  std::int64_t until = parts_.clock.nowMillis() + kGreetingMillis;
  bool done = false;
  error = "The coordinator did not answer in time.";
  for (bool goOn = true; goOn && !stopping_ && parts_.clock.nowMillis() < until;) {
    drainEvents();
    CoordinatorMessage message;
    std::string reason;
    Next next = connection.next(message, kLongestWaitMillis, reason);
    if (next == Next::kNothing) {
      continue;
    }
    if (next != Next::kMessage) {
      error = reason;
      break;
    }
    if (auto* challenge = std::get_if<Challenge>(&message)) {
      connection.send(Proof{parts_.machine.readNonce(challenge->property)});
      continue;
    }
    goOn = false;
    if (auto* refused = std::get_if<Refused>(&message)) {
      error = "The coordinator refused: " + refused->code + ": " + refused->message;
    } else if (auto* enrolled = std::get_if<Enrolled>(&message)) {
      Enrolment enrolment{enrolled->agent, server, caPin, machine.biosUuid, machine.generationId};
      done = parts_.identity.install(enrolment, enrolled->certificate, enrolled->ca, error);
    } else {
      error = "The coordinator sent something else than an answer to enroll.";
    }
  }
  parts_.transport.close();
  return done;
}

Agent::Agent(AgentParts parts, AgentOptions options)
    : impl_(std::make_unique<Impl>(std::move(parts), std::move(options))) {}

Agent::~Agent() = default;

AgentEnd Agent::run() { return impl_->run(); }

bool Agent::enroll(const Endpoint& server, const std::string& token, const std::string& caPin, std::string& error) {
  return impl_->enroll(server, token, caPin, error);
}

void Agent::stop() { impl_->stop(); }

}  // namespace dvx::agent
