// Frames, JSON with limits, messages, texts; and what random bytes do to them.
#include <random>

#include "../bounded_json.h"
#include "../bounds.h"
#include "../frame.h"
#include "../messages.h"
#include "../text.h"
#include "check.h"

using namespace dvx::agent;

namespace {

constexpr char kSession[] = "0b2f1c9e-6a57-4f0e-9d0c-3f5a1b2c3d4e";

FrameStatus firstOf(const std::string& bytes, std::string& body) {
  FrameReader reader;
  reader.append(bytes.data(), bytes.size());
  return reader.next(body);
}

std::string withBytes(std::string frame, std::size_t at, const std::string& bytes) {
  return frame.replace(at, bytes.size(), bytes);
}

bool parses(const std::string& text) {
  nlohmann::json value;
  std::string error;
  return parseBounded(text, value, error);
}

std::string repeat(const std::string& text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; i++) {
    all += text;
  }
  return all;
}

bool decodes(const std::string& body) {
  CoordinatorMessage message;
  std::uint64_t seq = 0;
  std::string error;
  return decode(body, message, seq, error);
}

std::string prepareBody(const std::string& changed = "", const std::string& to = "") {
  std::string body = std::string("{\"type\":\"prepare\",\"seq\":7,\"session\":\"") + kSession +
                     "\",\"limit\":60000,\"consistency\":\"APPLICATION\",\"backup\":\"COPY\",\"disks\":[{\"index\":0,"
                     "\"serial\":\"6000c29\",\"scsi\":\"0:1:0\"}],\"holdLimit\":8000,\"hooks\":true}";
  if (!changed.empty()) {
    std::size_t at = body.find(changed);
    CHECK(at != std::string::npos);
    body.replace(at, changed.size(), to);
  }
  return body;
}

}  // namespace

TEST(aFrameIsReadBackHoweverItIsCut) {
  std::string stream = encodeFrame("{}") + encodeFrame("{\"a\":1}") + encodeFrame(std::string(kMaxBodyBytes, ' '));
  for (std::size_t step : {std::size_t{1}, std::size_t{5}, std::size_t{4096}, stream.size()}) {
    FrameReader reader;
    std::vector<std::string> bodies;
    std::string body;
    for (std::size_t at = 0; at < stream.size(); at += step) {
      reader.append(stream.data() + at, std::min(step, stream.size() - at));
      while (reader.next(body) == FrameStatus::kFrame) {
        bodies.push_back(body);
      }
    }
    CHECK_EQUAL(std::size_t{3}, bodies.size());
    CHECK_EQUAL("{\"a\":1}", bodies[1]);
    CHECK_EQUAL(kMaxBodyBytes, bodies[2].size());
    CHECK_EQUAL(std::size_t{0}, reader.pending());
  }
}

TEST(aBadHeaderIsRefusedAsSoonAsItIsSeenAndForGood) {
  std::string body;
  std::string good = encodeFrame("{}");
  CHECK(firstOf("GET", body) == FrameStatus::kBadMagic);
  CHECK(firstOf(withBytes(good, 4, std::string("\0\2", 2)).substr(0, 6), body) == FrameStatus::kBadVersion);
  CHECK(firstOf(withBytes(good, 6, "\1"), body) == FrameStatus::kBadReserved);
  CHECK(firstOf(withBytes(good, 8, std::string("\0\0\0\1", 4)), body) == FrameStatus::kBadLength);
  CHECK(firstOf(withBytes(good, 8, std::string("\0\4\0\1", 4)), body) == FrameStatus::kBadLength);
  CHECK(firstOf(withBytes(good, 8, "\xff\xff\xff\xff").substr(0, 12), body) == FrameStatus::kBadLength);
  FrameReader reader;
  reader.append("XXXX", 4);
  CHECK(reader.next(body) == FrameStatus::kBadMagic);
  reader.append(good.data(), good.size());
  CHECK(reader.next(body) == FrameStatus::kBadMagic);
}

TEST(jsonBeyondItsLimitsIsRefused) {
  CHECK(parses("{\"a\":[[[[[[[1]]]]]]]}"));
  CHECK(!parses("{\"a\":[[[[[[[[1]]]]]]]]}"));
  CHECK(!parses("{\"a\":" + repeat("[", 100000) + repeat("]", 100000) + "}"));
  CHECK(parses("{\"a\":\"" + std::string(kMaxStringChars, 'x') + "\"}"));
  CHECK(!parses("{\"a\":\"" + std::string(kMaxStringChars + 1, 'x') + "\"}"));
  CHECK(!parses("{\"" + std::string(kMaxStringChars + 1, 'x') + "\":1}"));
  CHECK(parses("{\"a\":[" + repeat("1,", kMaxArrayElements - 1) + "1]}"));
  CHECK(!parses("{\"a\":[" + repeat("1,", kMaxArrayElements) + "1]}"));
  CHECK(!parses("{\"a\":1,\"a\":1}"));
  CHECK(!parses("{\"b\":{\"a\":1,\"\\u0061\":1}}"));
  CHECK(!parses("[1]") && !parses("1") && !parses("null") && !parses("") && !parses("{} {}") && !parses("{\"a\":}"));
  CHECK(!parses("{\"a\":\"\xff\"}") && !parses("{\"a\":\"\\ud800\"}") && !parses("{\"a\":NaN}") && !parses("{'a':1}"));
  CHECK(!parses("{\"a\":1e999}"));
  CHECK(!parses(std::string("{}\0", 3)));
}

TEST(aPrepareIsReadWithAllItsBounds) {
  CoordinatorMessage message;
  std::uint64_t seq = 0;
  std::string error;
  CHECK(decode(prepareBody(), message, seq, error));
  const Prepare& prepare = std::get<Prepare>(message);
  CHECK_EQUAL(std::uint64_t{7}, seq);
  CHECK_EQUAL(kSession, prepare.session);
  CHECK(prepare.consistency == Consistency::kApplication && prepare.backup == Backup::kCopy && prepare.hooks);
  CHECK_EQUAL("0:1:0", prepare.disks.at(0).scsi);
  CHECK(!decodes(prepareBody("8000", "8001")) && !decodes(prepareBody("8000", "0")));
  CHECK(!decodes(prepareBody("8000", "-1")) && !decodes(prepareBody("8000", "18446744073709551615")));
  CHECK(!decodes(prepareBody("8000", "1.5")) && !decodes(prepareBody("8000", "\"8000\"")));
  CHECK(!decodes(prepareBody("APPLICATION", "CRASH")) && !decodes(prepareBody("COPY", "LOG")));
  CHECK(!decodes(prepareBody(kSession, "x")) && !decodes(prepareBody("\"seq\":7", "\"seq\":0")));
  CHECK(!decodes(prepareBody("0:1:0", "$(x)")) && !decodes(prepareBody("\"hooks\":true", "\"hooks\":1")));
  CHECK(decodes(prepareBody("\"hooks\":true", "\"hooks\":true,\"later\":{}")));
}

TEST(aPropertyThatIsNoPlainNameIsRefused) {
  auto challenge = [](const std::string& property) {
    return decodes("{\"type\":\"challenge\",\"seq\":1,\"property\":\"" + property + "\"}");
  };
  CHECK(challenge("guestinfo.dvx.nonce"));
  CHECK(!challenge("") && !challenge("--help") && !challenge("../x") && !challenge("a b") && !challenge("a;b"));
}

TEST(anUnknownTypeIsNoError) {
  CoordinatorMessage message;
  std::uint64_t seq = 0;
  std::string error;
  CHECK(decode("{\"type\":\"later\",\"seq\":3}", message, seq, error));
  CHECK_EQUAL("later", std::get<UnknownMessage>(message).type);
}

TEST(aReportAlwaysFitsItsFrame) {
  Report report;
  report.session = kSession;
  for (int i = 0; i < 2000; i++) {
    report.hooks.push_back({std::string(300, '\x01'), "pre-freeze", 1, 5, std::string(50000, '\x02')});
    report.writers.push_back(Writer{std::string(5000, '"'), kSession, kSession, 1, "0x00000000"});
  }
  std::string body = encode(report, 1);
  CHECK(fitsFrame(body));
  Prepared prepared;
  prepared.session = kSession;
  for (int i = 0; i < 5000; i++) {
    prepared.volumes.push_back(std::string(4000, '\\'));
    prepared.skipped.push_back({std::string(4000, '"'), std::string(4000, '"')});
  }
  CHECK(fitsFrame(encode(prepared, 1)));
  DocumentPart part;
  part.session = kSession;
  part.data.assign(kMaxDocumentPartBytes, 'x');
  CHECK(fitsFrame(encode(part, 1)));
}

TEST(textsAreClippedToValidUtf8) {
  CHECK_EQUAL("a?b", clipText("a\xff" "b", 10));
  CHECK_EQUAL("\xc3\xa4\xc3\xa4", clipText("\xc3\xa4\xc3\xa4\xc3\xa4", 2));
  CHECK_EQUAL("???", clipText("\xed\xa0\x80", 10));
  CHECK_EQUAL("?", clipText("\xc3", 10));
  CHECK_EQUAL("a\tb\n??", clipText(std::string("a\tb\n\x1b\0", 6), 10));
}

TEST(base64IsStrict) {
  std::string bytes;
  for (std::size_t length = 0; length < 70; length++) {
    std::string data;
    for (std::size_t i = 0; i < length; i++) {
      data.push_back(static_cast<char>(i * 37 + length));
    }
    CHECK(fromBase64(toBase64(data), bytes));
    CHECK_EQUAL(data, bytes);
  }
  CHECK(!fromBase64("QQ=", bytes) && !fromBase64("QR==", bytes) && !fromBase64("Q===", bytes));
  CHECK(!fromBase64("QQ==QQ==", bytes) && !fromBase64("Q Q=", bytes) && !fromBase64("QQ\n=", bytes));
}

TEST(randomBytesAreAnsweredWithAnErrorAndNothingWorse) {
  std::mt19937 random(dvx::agent::test::seed());
  std::string frame = encodeFrame(prepareBody());
  std::string noise;
  for (int round = 0; round < 30000; round++) {
    std::string bytes = frame;
    int changes = 1 + static_cast<int>(random() % 6);
    for (int i = 0; i < changes; i++) {
      std::size_t at = round % 3 == 0 ? random() % bytes.size() : kHeaderBytes + random() % (bytes.size() - kHeaderBytes);
      switch (random() % 4) {
        case 0:
          bytes[at] = static_cast<char>(random());
          break;
        case 1:
          bytes[at] = "{}[]\",:\\0-e"[random() % 11];
          break;
        case 2:
          bytes.erase(at, 1 + random() % 3);
          break;
        default:
          bytes.insert(at, bytes.substr(at, random() % 20));
      }
      if (bytes.size() <= kHeaderBytes) {
        break;
      }
    }
    FrameReader reader;
    std::string body;
    std::size_t half = random() % (bytes.size() + 1);
    reader.append(bytes.data(), half);
    FrameStatus status = reader.next(body);
    reader.append(bytes.data() + half, bytes.size() - half);
    status = status == FrameStatus::kNeedMore ? reader.next(body) : status;
    // The header may have been changed: the body is judged by itself as well.
    for (const std::string& one : {body, bytes.substr(std::min(kHeaderBytes, bytes.size()))}) {
      CoordinatorMessage message;
      std::uint64_t seq = 0;
      std::string error;
      bool good = decode(one, message, seq, error);
      CHECK(good || !error.empty());
      if (auto* prepare = good ? std::get_if<Prepare>(&message) : nullptr) {
        CHECK(prepare->holdLimitMillis >= 1 && prepare->holdLimitMillis <= kMaxHoldMillis);
      }
    }
    (void)status;
  }
}
