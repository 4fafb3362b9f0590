// Configuration, tokens, clones, heartbeats, back-off, hook order.
#include "../bounds.h"
#include "../config.h"
#include "../enrolment.h"
#include "../hooks.h"
#include "../timing.h"
#include "check.h"

using namespace dvx::agent;

TEST(aConfigurationIsReadStrictly) {
  Config config;
  std::string error;
  CHECK(parseConfig("# x\n\nserver = [fd00::1]:99\n hookLimitSeconds=5\r\nlinux.a = b c\n", "linux.", config, error));
  CHECK_EQUAL("fd00::1", config.server.host);
  CHECK_EQUAL("[fd00::1]:99", toText(config.server));
  CHECK_EQUAL(5000, config.hookLimitMillis);
  CHECK_EQUAL("b c", config.platform["a"]);
  for (const char* bad : {"x = 1", "server", "server = a\nserver = b", "hookLimitSeconds = 0", "windows.a = b",
                          "hooksQuiesceApplications = yes", "server = a b", "server = a:0", "server = a:65536"}) {
    Config other;
    CHECK(!parseConfig(bad, "linux.", other, error));
    CHECK(!error.empty());
  }
}

TEST(aTokenCarriesItsPin) {
  std::string secret(43, 'a');
  std::string pin(64, 'A');
  Token token;
  CHECK(parseToken(" dvx1." + secret + "." + pin + "\n", token));
  CHECK_EQUAL(std::string(64, 'a'), token.caPin);
  CHECK(!parseToken("dvx2." + secret + "." + pin, token));
  CHECK(!parseToken("dvx1." + secret + "." + pin + "a", token));
  CHECK(!parseToken("dvx1." + std::string(43, '+') + "." + pin, token));
  CHECK(!parseToken("dvx1." + secret + "." + std::string(64, 'g'), token));
  CHECK(!parseToken("", token));
}

TEST(aCloneIsSeenByWhatIsKnownOnBothSides) {
  Enrolment enrolment;
  MachineInfo machine;
  CHECK(!isClone(enrolment, machine));
  enrolment.biosUuid = "aa";
  CHECK(!isClone(enrolment, machine));
  machine.biosUuid = "AA";
  CHECK(!isClone(enrolment, machine));
  machine.biosUuid = "bb";
  CHECK(isClone(enrolment, machine));
  machine.biosUuid = "aa";
  enrolment.generationId = "1";
  machine.generationId = "2";
  CHECK(isClone(enrolment, machine));
}

TEST(threeMissedHeartbeatsEndTheConnection) {
  HeartbeatTimer timer;
  std::int64_t ping = 0;
  timer.start(1000, 0);
  CHECK(!timer.due(999, ping));
  for (std::int64_t i = 1; i <= 3; i++) {
    CHECK(timer.due(i * 1000, ping));
    CHECK_EQUAL(i, ping);
  }
  CHECK(!timer.dead(3999));
  CHECK(timer.dead(4000));
  CHECK(timer.answered(3));
  CHECK(!timer.dead(4000));
  CHECK(!timer.answered(4) && !timer.answered(0));
}

TEST(theBackOffGrowsToAMinuteAndStartsOver) {
  for (std::uint32_t random : {0u, 0xffffffffu, 12345u}) {
    Backoff backoff([random] { return random; }, 1000, 60000);
    for (std::int64_t full : {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000}) {
      std::int64_t wait = backoff.nextMillis();
      CHECK(wait >= full / 2 && wait <= full);
    }
    backoff.reset();
    CHECK(backoff.nextMillis() <= 1000);
    Backoff quick([random] { return random; }, 100, 150);
    CHECK(quick.nextMillis() <= 100);
    for (int i = 0; i < 100; i++) {
      CHECK(quick.nextMillis() >= 75);
      CHECK(quick.nextMillis() <= 150);
    }
  }
}

namespace {
struct FakeHooks : HookRunner {
  std::vector<std::string> list(const std::string&, std::vector<std::string>& others) override {
    others = refused;
    return {"/x/10", "/x/20", "/x/30"};
  }
  HookResult run(const std::string& path, const std::string&, std::int64_t) override {
    ran += path.substr(3) + " ";
    HookResult result;
    result.exit = path == failing ? 3 : 0;
    result.output = std::string(100000, 'o');
    return result;
  }
  bool cancelled() override { return off; }
  std::string failing;
  std::string ran;
  std::vector<std::string> refused;
  bool off = false;
};
}  // namespace

TEST(preFreezeStopsAtTheFirstFailureAndPostThawDoesNot) {
  FakeHooks hooks;
  hooks.failing = "/x/20";
  HookOutcome outcome = runHooks(hooks, kPreFreeze, 1000);
  CHECK(!outcome.succeeded);
  CHECK_EQUAL("10 20 ", hooks.ran);
  CHECK_EQUAL(kMaxHookOutputChars, outcome.results[0].output.size());
  hooks.ran.clear();
  hooks.off = true;
  CHECK(!runHooks(hooks, kPostThaw, 1000).succeeded);
  CHECK_EQUAL("10 20 30 ", hooks.ran);
  hooks.ran.clear();
  CHECK(!runHooks(hooks, kPreFreeze, 1000).succeeded);
  CHECK_EQUAL("", hooks.ran);
  hooks.off = false;
  hooks.refused = {"/x/05"};
  CHECK(!runHooks(hooks, kPreFreeze, 1000).succeeded);
  CHECK_EQUAL("", hooks.ran);
}
