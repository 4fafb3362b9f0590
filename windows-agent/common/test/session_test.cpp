// The state machine of a freeze against a freezer that does what the test says.
#include <random>
#include <utility>

#include "../bounds.h"
#include "../session.h"
#include "check.h"

using namespace dvx::agent;

namespace {

constexpr char kOne[] = "0b2f1c9e-6a57-4f0e-9d0c-3f5a1b2c3d4e";
constexpr char kOther[] = "11111111-6a57-4f0e-9d0c-3f5a1b2c3d4e";

struct FakeFreezer : Freezer {
  void prepare(const Prepare&, std::uint64_t given, FreezerEvents&) override {
    ticket = given;
    calls += "prepare ";
  }
  void freeze(std::int64_t) override { calls += "freeze "; }
  void release(Released reason) override { calls += std::string("release:") + name(reason) + " "; }
  std::string calls;
  std::uint64_t ticket = 0;
};

struct FakeOutput : SessionOutput, FreezerEvents {
  void send(const Prepared&) override { sent += "prepared "; }
  void send(const Frozen&) override { sent += "frozen "; }
  void send(const Thawed& message) override {
    sent += std::string("thawed:") + name(message.released) + (message.held ? ":held " : " ");
  }
  void send(const DocumentPart& message) override {
    sent += message.last ? "document:last " : "document ";
    document += message.data;
  }
  void send(const Report& message) override { sent += message.success ? "report:good " : "report:bad "; }
  void send(const Failed& message) override { sent += std::string("failed:") + name(message.code) + " "; }
  void keep(const Report&) override { kept++; }
  void post(std::uint64_t, FreezerEvent) override {}
  std::string take() { return std::exchange(sent, ""); }
  std::string sent;
  std::string document;
  int kept = 0;
};

struct Bench {
  FakeFreezer freezer;
  FakeOutput output;
  Session session{freezer, output, output};
  std::int64_t now = 1000;

  void prepare(const char* id = kOne) {
    Prepare message;
    message.session = id;
    message.limitMillis = 5000;
    message.holdLimitMillis = 8000;
    session.on(message, now);
  }
  void event(FreezerEvent one) { session.on(freezer.ticket, one, now); }
  void toHolding() {
    prepare();
    event(PreparedEvent{});
    session.on(Freeze{kOne, 3000}, now);
    event(FrozenEvent{});
  }
  void finish(bool good) {
    FinishedEvent finished;
    finished.report.success = good;
    event(finished);
  }
};

}  // namespace

TEST(aFreezeGoesItsWay) {
  Bench bench;
  bench.toHolding();
  CHECK(bench.session.quiet());
  bench.session.on(Committed{kOne}, bench.now);
  bench.event(ReleasedEvent{Released::kCommitted, 10, 8});
  bench.finish(true);
  CHECK_EQUAL("prepared frozen thawed:COMMITTED:held report:good ", bench.output.take());
  CHECK_EQUAL("prepare freeze release:COMMITTED ", bench.freezer.calls);
  CHECK(bench.session.busy());
  bench.session.on(Reported{kOne}, bench.now);
  CHECK(!bench.session.busy());
  CHECK_EQUAL(kOne, bench.session.lastSession());
}

TEST(aHoldThatEndedBeforeTheCutIsNoHold) {
  Bench bench;
  bench.toHolding();
  bench.event(ReleasedEvent{Released::kDeadman, 8000, 8000});
  bench.session.on(Committed{kOne}, bench.now);
  bench.finish(false);
  CHECK_EQUAL("prepared frozen thawed:DEADMAN report:bad ", bench.output.take());
}

TEST(aCutWithoutAHoldIsRefusedAndReleased) {
  Bench bench;
  bench.prepare();
  bench.event(PreparedEvent{});
  bench.session.on(Committed{kOne}, bench.now);
  CHECK_EQUAL("prepared failed:PROTOCOL ", bench.output.take());
  CHECK_EQUAL("prepare release:ABORT ", bench.freezer.calls);
}

TEST(oneFreezeAtATime) {
  Bench bench;
  bench.toHolding();
  bench.output.take();
  bench.prepare(kOther);
  bench.session.on(Freeze{kOther, 1000}, bench.now);
  bench.session.on(Committed{kOther}, bench.now);
  bench.session.on(Abort{kOther, ""}, bench.now);
  CHECK_EQUAL("failed:BUSY failed:PROTOCOL failed:PROTOCOL ", bench.output.take());
  CHECK(bench.session.state() == SessionState::kHolding);
}

TEST(everyStageHasItsLimit) {
  for (int stage = 0; stage < 4; stage++) {
    Bench bench;
    bench.prepare();
    if (stage >= 1) bench.event(PreparedEvent{});
    if (stage >= 2) bench.session.on(Freeze{kOne, 3000}, bench.now);
    if (stage >= 3) bench.event(FrozenEvent{});
    bench.output.take();
    CHECK(bench.session.deadlineMillis() > bench.now);
    bench.now = bench.session.deadlineMillis() - 1;
    bench.session.tick(bench.now);
    CHECK(bench.freezer.calls.find("release") == std::string::npos);
    bench.session.tick(++bench.now);
    CHECK(bench.freezer.calls.find("release:ABORT") != std::string::npos);
    if (stage < 3) {
      bench.event(FailedEvent{});
      CHECK_EQUAL("failed:TIMEOUT ", bench.output.take());
      CHECK(!bench.session.busy());
    } else {
      CHECK(bench.now - 1000 <= kMaxHoldMillis + 2000);
    }
    CHECK(!bench.session.stuck());
  }
}

TEST(aFreezerThatDoesNotEndIsStuck) {
  Bench bench;
  bench.toHolding();
  bench.session.on(Abort{kOne, ""}, bench.now);
  bench.now += kStuckMillis;
  bench.session.tick(bench.now);
  CHECK(bench.session.stuck());
}

TEST(aLostConnectionReleasesAndKeepsTheReport) {
  Bench bench;
  bench.toHolding();
  bench.output.take();
  bench.session.connectionLost(bench.now);
  CHECK(bench.freezer.calls.find("release:LOST") != std::string::npos);
  bench.session.on(Committed{kOne}, bench.now);
  bench.prepare(kOther);
  CHECK_EQUAL("failed:PROTOCOL failed:BUSY ", bench.output.take());
  bench.event(ReleasedEvent{Released::kLost, 5, 5});
  bench.finish(false);
  CHECK_EQUAL("", bench.output.take());
  CHECK_EQUAL(1, bench.output.kept);
  CHECK(!bench.session.busy());
  CHECK_EQUAL(kOne, bench.session.lastSession());
}

TEST(anAbortIsAnsweredWithAReport) {
  Bench bench;
  bench.prepare();
  bench.session.on(Abort{kOne, "x"}, bench.now);
  bench.event(FailedEvent{});
  CHECK_EQUAL("report:bad ", bench.output.take());
}

TEST(anEventOfAnOlderFreezeIsDropped) {
  Bench bench;
  bench.prepare();
  std::uint64_t old = bench.freezer.ticket;
  bench.event(FailedEvent{});
  bench.prepare(kOther);
  bench.output.take();
  bench.session.on(old, PreparedEvent{}, bench.now);
  CHECK_EQUAL("", bench.output.take());
  CHECK(bench.session.state() == SessionState::kPreparing);
}

TEST(aDocumentComesInParts) {
  Bench bench;
  bench.toHolding();
  bench.session.on(Committed{kOne}, bench.now);
  bench.event(ReleasedEvent{Released::kCommitted, 1, 1});
  bench.output.take();
  FinishedEvent finished;
  finished.document = std::string(kMaxDocumentPartBytes * 2, 'd');
  bench.event(finished);
  CHECK_EQUAL("document document:last report:bad ", bench.output.take());
  CHECK_EQUAL(finished.document.size(), bench.output.document.size());
}

TEST(anyOrderOfMessagesAndEventsEndsReleased) {
  std::mt19937 random(dvx::agent::test::seed());
  for (int round = 0; round < 20000; round++) {
    Bench bench;
    for (int step = 0; step < 30; step++) {
      const char* id = random() % 5 == 0 ? kOther : kOne;
      bench.now += random() % 4000;
      switch (random() % 13) {
        case 0: case 1: bench.prepare(id); break;
        case 2: bench.session.on(Freeze{id, 1000}, bench.now); break;
        case 3: bench.session.on(Committed{id}, bench.now); break;
        case 4: bench.session.on(Reported{id}, bench.now); break;
        case 5: bench.session.on(Abort{id, ""}, bench.now); break;
        case 6: bench.event(PreparedEvent{}); break;
        case 7: bench.event(FrozenEvent{}); break;
        case 8: bench.event(ReleasedEvent{Released::kDeadman, 1, 1}); break;
        case 9: bench.finish(random() % 2 == 0); break;
        case 10: bench.event(FailedEvent{}); break;
        case 11: bench.session.tick(bench.now); break;
        default: if (random() % 4 == 0) bench.session.connectionLost(bench.now);
      }
      CHECK(bench.session.busy() == (bench.session.deadlineMillis() >= 0));
    }
    CHECK(bench.output.sent.find(":held") == std::string::npos);
    bench.session.connectionLost(bench.now);
    bench.event(FailedEvent{});
    CHECK(!bench.session.busy());
  }
}
