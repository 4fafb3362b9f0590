#include "messages.h"

#include <algorithm>

#include "bounded_json.h"
#include "bounds.h"
#include "text.h"

namespace dvx::agent {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxShortText = 1024;
constexpr std::size_t kMaxList = 512;

/** Reads the members of one body and remembers the first thing that is wrong. */
class Fields {
 public:
  Fields(const json& object, std::string& error) : object_(object), error_(error) {}

  std::string text(const char* key, std::size_t maxChars = kMaxShortText) {
    const json* value = find(key);
    if (value == nullptr || !value->is_string()) {
      wrong(key, "a text");
      return "";
    }
    const std::string& text = value->get_ref<const std::string&>();
    if (countChars(text) > maxChars) {
      wrong(key, "a shorter text");
      return "";
    }
    return text;
  }

  std::string optionalText(const char* key) { return find(key) == nullptr ? "" : text(key); }

  std::int64_t number(const char* key, std::int64_t lowest, std::int64_t highest) {
    const json* value = find(key);
    bool within = value != nullptr && value->is_number_integer() &&
                  (!value->is_number_unsigned() || value->get<std::uint64_t>() <= static_cast<std::uint64_t>(INT64_MAX));
    std::int64_t number = within ? value->get<std::int64_t>() : 0;
    if (!within || number < lowest || number > highest) {
      wrong(key, "a whole number within its bounds");
      return lowest;
    }
    return number;
  }

  bool flag(const char* key) {
    const json* value = find(key);
    if (value == nullptr || !value->is_boolean()) {
      wrong(key, "true or false");
      return false;
    }
    return value->get<bool>();
  }

  std::string session() {
    std::string value = text("session");
    if (!isUuid(value)) {
      wrong("session", "a UUID");
    }
    return value;
  }

  std::string der(const char* key) {
    std::string bytes;
    if (!fromBase64(text(key, 32768), bytes) || bytes.empty()) {
      wrong(key, "base64");
    }
    return bytes;
  }

  const json* list(const char* key) {
    const json* value = find(key);
    if (value == nullptr || !value->is_array()) {
      wrong(key, "a list");
      return nullptr;
    }
    return value;
  }

  void wrong(const char* key, const char* expected) {
    if (error_.empty()) {
      error_ = std::string("\"") + key + "\" is not " + expected;
    }
  }

 private:
  const json* find(const char* key) {
    auto found = object_.find(key);
    return found == object_.end() ? nullptr : &*found;
  }

  const json& object_;
  std::string& error_;
};

bool isSmallText(const std::string& text, const char* allowed) {
  return text.find_first_not_of(allowed) == std::string::npos;
}

std::vector<Disk> readDisks(Fields& fields, std::string& error) {
  std::vector<Disk> disks;
  const json* list = fields.list("disks");
  if (list == nullptr) {
    return disks;
  }
  for (const json& element : *list) {
    if (!element.is_object()) {
      fields.wrong("disks", "a list of objects");
      break;
    }
    Fields one(element, error);
    Disk disk;
    disk.index = one.number("index", 0, 1 << 20);
    disk.serial = one.optionalText("serial");
    disk.scsi = one.optionalText("scsi");
    if (!isSmallText(disk.scsi, "0123456789:")) {
      one.wrong("scsi", "bus:target:lun");
    }
    disks.push_back(disk);
  }
  return disks;
}

Prepare readPrepare(Fields& fields, std::string& error) {
  Prepare message;
  message.session = fields.session();
  message.limitMillis = fields.number("limit", 1, kMaxStageMillis);
  std::string consistency = fields.text("consistency");
  if (consistency == "APPLICATION") {
    message.consistency = Consistency::kApplication;
  } else if (consistency != "FILE_SYSTEM") {
    fields.wrong("consistency", "APPLICATION or FILE_SYSTEM");
  }
  std::string backup = fields.text("backup");
  if (backup == "FULL") {
    message.backup = Backup::kFull;
  } else if (backup != "COPY") {
    fields.wrong("backup", "COPY or FULL");
  }
  message.disks = readDisks(fields, error);
  message.holdLimitMillis = fields.number("holdLimit", 1, kMaxHoldMillis);
  message.hooks = fields.flag("hooks");
  return message;
}

CoordinatorMessage readMessage(const std::string& type, Fields& fields, std::string& error) {
  constexpr std::int64_t kYears = 100LL * 366 * 86400;
  if (type == "heartbeat") {
    return Heartbeat{fields.number("ping", 0, INT64_MAX)};
  }
  if (type == "prepare") {
    return readPrepare(fields, error);
  }
  if (type == "freeze") {
    Freeze message;
    message.session = fields.session();
    message.limitMillis = fields.number("limit", 1, kMaxStageMillis);
    return message;
  }
  if (type == "committed") {
    return Committed{fields.session()};
  }
  if (type == "reported") {
    return Reported{fields.session()};
  }
  if (type == "abort") {
    Abort message;
    message.session = fields.session();
    message.reason = fields.optionalText("reason");
    return message;
  }
  if (type == "enrolled") {
    Enrolled message;
    message.agent = fields.text("agent");
    if (!isUuid(message.agent)) {
      fields.wrong("agent", "a UUID");
    }
    message.certificate = fields.der("certificate");
    message.ca = fields.der("ca");
    message.expiresInSeconds = fields.number("expiresInSeconds", 1, kYears);
    return message;
  }
  if (type == "challenge") {
    Challenge message{fields.text("property", 128)};
    // It becomes an argument of a program: nothing but a plain name, and none that looks like an option.
    if (message.property.empty() || message.property[0] == '-' || message.property[0] == '.' ||
        !isSmallText(message.property, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")) {
      fields.wrong("property", "a plain name");
    }
    return message;
  }
  if (type == "welcome") {
    Welcome message;
    message.heartbeatSeconds = fields.number("heartbeatSeconds", kMinHeartbeatSeconds, kMaxHeartbeatSeconds);
    message.agent = fields.text("agent");
    message.renew = fields.flag("renew");
    return message;
  }
  if (type == "renewed") {
    Renewed message;
    message.certificate = fields.der("certificate");
    message.ca = fields.der("ca");
    message.expiresInSeconds = fields.number("expiresInSeconds", 1, kYears);
    return message;
  }
  if (type == "refused") {
    Refused message;
    message.code = fields.text("code", 64);
    message.message = clipText(fields.text("message", kMaxStringChars), kMaxShortText);
    return message;
  }
  return UnknownMessage{clipText(type, 64), ""};
}

json base(const char* type, std::uint64_t seq) { return json{{"type", type}, {"seq", seq}}; }

json base(const char* type, std::uint64_t seq, const std::string& session) {
  json body = base(type, seq);
  body["session"] = session;
  return body;
}

std::string shortText(const std::string& text) { return clipText(text, kMaxShortText); }

json toJson(const MachineInfo& machine) {
  json macs = json::array();
  for (const std::string& mac : machine.macs) {
    if (macs.size() < kMaxList) {
      macs.push_back(shortText(mac));
    }
  }
  return json{{"platform", shortText(machine.platform)}, {"os", shortText(machine.os)},
              {"hostName", shortText(machine.hostName)}, {"biosUuid", shortText(machine.biosUuid)},
              {"generationId", shortText(machine.generationId)}, {"macs", macs},
              {"bootId", shortText(machine.bootId)}};
}

json toJson(const std::vector<Writer>& writers, std::size_t maxChars) {
  json list = json::array();
  for (const Writer& writer : writers) {
    if (list.size() == kMaxList) {
      break;
    }
    list.push_back(json{{"name", clipText(writer.name, maxChars)},
                        {"id", clipText(writer.id, 64)},
                        {"instance", clipText(writer.instance, 64)},
                        {"state", writer.state},
                        {"failure", clipText(writer.failure, 16)}});
  }
  return list;
}

/** `build(maxChars)` with shorter and shorter texts until the body fits its frame. */
template <typename Build>
std::string fit(Build build) {
  for (std::size_t maxChars = kMaxHookOutputChars;; maxChars /= 2) {
    std::string body = build(maxChars).dump();
    if (body.size() <= kMaxBodyBytes || maxChars == 0) {
      return body;
    }
  }
}

}  // namespace

const char* name(Consistency value) {
  switch (value) {
    case Consistency::kApplication:
      return "APPLICATION";
    case Consistency::kFileSystem:
      return "FILE_SYSTEM";
    case Consistency::kCrash:
      break;
  }
  return "CRASH";
}

const char* name(Stage value) {
  switch (value) {
    case Stage::kPrepare:
      return "PREPARE";
    case Stage::kFreeze:
      return "FREEZE";
    case Stage::kHold:
      return "HOLD";
    case Stage::kReport:
      break;
  }
  return "REPORT";
}

const char* name(Released value) {
  switch (value) {
    case Released::kCommitted:
      return "COMMITTED";
    case Released::kDeadman:
      return "DEADMAN";
    case Released::kAbort:
      return "ABORT";
    case Released::kLost:
      return "LOST";
    case Released::kSystem:
      break;
  }
  return "SYSTEM";
}

const char* name(FailureCode value) {
  switch (value) {
    case FailureCode::kBusy:
      return "BUSY";
    case FailureCode::kUnknown:
      return "UNKNOWN";
    case FailureCode::kUnsupported:
      return "UNSUPPORTED";
    case FailureCode::kWriter:
      return "WRITER";
    case FailureCode::kVeto:
      return "VETO";
    case FailureCode::kTimeout:
      return "TIMEOUT";
    case FailureCode::kHook:
      return "HOOK";
    case FailureCode::kProtocol:
      return "PROTOCOL";
    case FailureCode::kSystem:
      break;
  }
  return "SYSTEM";
}

bool decode(const std::string& body, CoordinatorMessage& message, std::uint64_t& seq, std::string& error) {
  json value;
  if (!parseBounded(body, value, error)) {
    return false;
  }
  Fields fields(value, error);
  std::string type = fields.text("type", 64);
  seq = static_cast<std::uint64_t>(fields.number("seq", 1, INT64_MAX));
  if (!error.empty()) {
    return false;
  }
  message = readMessage(type, fields, error);
  if (auto* unknown = std::get_if<UnknownMessage>(&message)) {
    auto session = value.find("session");
    if (session != value.end() && session->is_string() && isUuid(session->get_ref<const std::string&>())) {
      unknown->session = session->get<std::string>();
    }
  }
  if (!error.empty()) {
    error = clipText(type, 64) + ": " + error;
  }
  return error.empty();
}

std::string encode(const Enroll& message, std::uint64_t seq) {
  json body = base("enroll", seq);
  body["token"] = message.token;
  body["csr"] = toBase64(message.csr);
  body["machine"] = toJson(message.machine);
  return body.dump();
}

std::string encode(const Hello& message, std::uint64_t seq) {
  json body = base("hello", seq);
  body["agent"] = shortText(message.agent);
  body["machine"] = toJson(message.machine);
  body["capabilities"] = message.capabilities;
  body["busy"] = message.busy;
  body["lastSession"] = message.lastSession;
  return body.dump();
}

std::string encode(const Proof& message, std::uint64_t seq) {
  json body = base("proof", seq);
  body["nonce"] = shortText(message.nonce);
  return body.dump();
}

std::string encode(const Heartbeat& message, std::uint64_t seq) {
  json body = base("heartbeat", seq);
  body["ping"] = message.ping;
  return body.dump();
}

std::string encode(const Renew& message, std::uint64_t seq) {
  json body = base("renew", seq);
  body["csr"] = toBase64(message.csr);
  return body.dump();
}

std::string encode(const Prepared& message, std::uint64_t seq) {
  return fit([&](std::size_t maxChars) {
    json body = base("prepared", seq, message.session);
    json volumes = json::array();
    for (const std::string& volume : message.volumes) {
      if (volumes.size() < kMaxArrayElements) {
        volumes.push_back(clipText(volume, maxChars));
      }
    }
    json skipped = json::array();
    for (const Skipped& one : message.skipped) {
      if (skipped.size() < kMaxArrayElements) {
        skipped.push_back(json{{"volume", clipText(one.volume, maxChars)}, {"reason", clipText(one.reason, maxChars)}});
      }
    }
    body["volumes"] = volumes;
    body["skipped"] = skipped;
    body["writers"] = toJson(message.writers, maxChars);
    return body;
  });
}

std::string encode(const Frozen& message, std::uint64_t seq) {
  json body = base("frozen", seq, message.session);
  body["writersFrozen"] = message.writersFrozenMillis;
  return body.dump();
}

std::string encode(const Thawed& message, std::uint64_t seq) {
  json body = base("thawed", seq, message.session);
  body["held"] = message.held;
  body["released"] = name(message.released);
  body["writersFrozen"] = message.writersFrozenMillis;
  body["writesHeld"] = message.writesHeldMillis;
  return body.dump();
}

std::string encode(const DocumentPart& message, std::uint64_t seq) {
  json body = base("document", seq, message.session);
  body["part"] = message.part;
  body["last"] = message.last;
  body["data"] = toBase64(message.data);
  return body.dump();
}

std::string encode(const Report& message, std::uint64_t seq) {
  return fit([&](std::size_t maxChars) {
    json body = base("report", seq, message.session);
    body["outcome"] = message.success ? "SUCCESS" : "FAILED";
    body["reached"] = name(message.reached);
    body["reason"] = clipText(message.reason, maxChars);
    body["writersFrozen"] = message.writersFrozenMillis;
    body["writesHeld"] = message.writesHeldMillis;
    body["writers"] = toJson(message.writers, maxChars);
    json hooks = json::array();
    for (const HookResult& hook : message.hooks) {
      if (hooks.size() < kMaxList) {
        hooks.push_back(json{{"name", clipText(hook.name, std::min<std::size_t>(maxChars, 256))},
                             {"phase", hook.phase},
                             {"exit", hook.exit},
                             {"millis", hook.millis},
                             {"output", clipText(hook.output, maxChars)}});
      }
    }
    body["hooks"] = hooks;
    body["documentBytes"] = message.documentBytes;
    body["documentSha256"] = message.documentSha256;
    return body;
  });
}

std::string encode(const Idle& message, std::uint64_t seq) {
  json body = base("idle", seq);
  body["lastSession"] = message.lastSession;
  return body.dump();
}

std::string encode(const Shutdown&, std::uint64_t seq) { return base("shutdown", seq).dump(); }

std::string encode(const Failed& message, std::uint64_t seq) {
  json body = base("failed", seq);
  if (!message.session.empty()) {
    body["session"] = message.session;
  }
  body["stage"] = name(message.stage);
  body["code"] = name(message.code);
  body["message"] = shortText(message.message);
  if (!message.hresult.empty()) {
    body["hresult"] = shortText(message.hresult);
  }
  return body.dump();
}

}  // namespace dvx::agent
