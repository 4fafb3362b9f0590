// The messages of docs/formats/agent-protocol.md as values, and their JSON.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace dvx::agent {

/** What the guest says of itself. It proves nothing. */
struct MachineInfo {
  std::string platform;
  std::string os;
  std::string hostName;
  /** 32 lower case hex digits in the order of the SMBIOS table's bytes, or empty. */
  std::string biosUuid;
  /** Hex, or empty where the guest cannot read it. */
  std::string generationId;
  std::vector<std::string> macs;
  /** Changes with each boot. */
  std::string bootId;
};

enum class Consistency { kCrash, kFileSystem, kApplication };
enum class Backup { kCopy, kFull };
enum class Stage { kPrepare, kFreeze, kHold, kReport };
enum class Released { kCommitted, kDeadman, kAbort, kLost, kSystem };
enum class FailureCode { kBusy, kUnknown, kUnsupported, kWriter, kVeto, kTimeout, kHook, kSystem, kProtocol };

const char* name(Consistency value);
const char* name(Stage value);
const char* name(Released value);
const char* name(FailureCode value);

struct Disk {
  std::int64_t index = 0;
  std::string serial;
  /** bus:target:lun, or empty. */
  std::string scsi;
};

struct Skipped {
  std::string volume;
  std::string reason;
};

/** A VSS writer; other systems have none. */
struct Writer {
  std::string name;
  std::string id;
  std::string instance;
  std::int64_t state = 0;
  std::string failure = "0x00000000";
};

struct HookResult {
  std::string name;
  /** pre-freeze or post-thaw. */
  std::string phase;
  /** The exit status; -1: ended by a signal, by its limit, or not startable. */
  std::int64_t exit = 0;
  std::int64_t millis = 0;
  std::string output;
};

// From the coordinator.

struct Enrolled {
  std::string agent;
  /** DER. */
  std::string certificate;
  std::string ca;
  std::int64_t expiresInSeconds = 0;
};
struct Challenge {
  std::string property;
};
struct Welcome {
  std::int64_t heartbeatSeconds = 0;
  std::string agent;
  bool renew = false;
};
struct Heartbeat {
  std::int64_t ping = 0;
};
struct Renewed {
  std::string certificate;
  std::string ca;
  std::int64_t expiresInSeconds = 0;
};
struct Refused {
  std::string code;
  std::string message;
};
struct Prepare {
  std::string session;
  std::int64_t limitMillis = 0;
  Consistency consistency = Consistency::kFileSystem;
  Backup backup = Backup::kCopy;
  /** Empty: all fixed volumes. */
  std::vector<Disk> disks;
  std::int64_t holdLimitMillis = 0;
  bool hooks = false;
};
struct Freeze {
  std::string session;
  std::int64_t limitMillis = 0;
};
struct Committed {
  std::string session;
};
struct Reported {
  std::string session;
};
struct Abort {
  std::string session;
  std::string reason;
};
/** A type that this version does not know. */
struct UnknownMessage {
  std::string type;
  std::string session;
};

using CoordinatorMessage = std::variant<Enrolled, Challenge, Welcome, Heartbeat, Renewed, Refused, Prepare, Freeze,
                                        Committed, Reported, Abort, UnknownMessage>;

/** A body from the coordinator. False with the reason in `error`; `seq` as the body has it. */
bool decode(const std::string& body, CoordinatorMessage& message, std::uint64_t& seq, std::string& error);

// From the agent. Every encode gives the JSON body with its seq, within the limits: texts are clipped.

struct Enroll {
  std::string token;
  std::string csr;
  MachineInfo machine;
};
struct Hello {
  std::string agent;
  MachineInfo machine;
  std::vector<std::string> capabilities;
  bool busy = false;
  std::string lastSession;
};
struct Proof {
  std::string nonce;
};
struct Renew {
  std::string csr;
};
struct Prepared {
  std::string session;
  std::vector<std::string> volumes;
  std::vector<Skipped> skipped;
  std::vector<Writer> writers;
};
struct Frozen {
  std::string session;
  std::int64_t writersFrozenMillis = 0;
};
struct Thawed {
  std::string session;
  bool held = false;
  Released released = Released::kSystem;
  std::int64_t writersFrozenMillis = 0;
  std::int64_t writesHeldMillis = 0;
};
struct DocumentPart {
  std::string session;
  std::int64_t part = 0;
  bool last = false;
  /** At most kMaxDocumentPartBytes, not yet base64. */
  std::string data;
};
struct Report {
  std::string session;
  bool success = false;
  Consistency reached = Consistency::kCrash;
  std::string reason;
  std::int64_t writersFrozenMillis = 0;
  std::int64_t writesHeldMillis = 0;
  std::vector<Writer> writers;
  std::vector<HookResult> hooks;
  std::size_t documentBytes = 0;
  /** Hex, empty without documents. */
  std::string documentSha256;
};
/** The session that was still going on when the connection began is over. */
struct Idle {
  std::string lastSession;
};
/** The operating system shuts down to power the machine off; the last message. */
struct Shutdown {};
struct Failed {
  std::string session;
  Stage stage = Stage::kPrepare;
  FailureCode code = FailureCode::kSystem;
  std::string message;
  /** Hex text, or empty. */
  std::string hresult;
};

std::string encode(const Enroll& message, std::uint64_t seq);
std::string encode(const Hello& message, std::uint64_t seq);
std::string encode(const Proof& message, std::uint64_t seq);
std::string encode(const Heartbeat& message, std::uint64_t seq);
std::string encode(const Renew& message, std::uint64_t seq);
std::string encode(const Prepared& message, std::uint64_t seq);
std::string encode(const Frozen& message, std::uint64_t seq);
std::string encode(const Thawed& message, std::uint64_t seq);
std::string encode(const DocumentPart& message, std::uint64_t seq);
std::string encode(const Report& message, std::uint64_t seq);
std::string encode(const Idle& message, std::uint64_t seq);
std::string encode(const Shutdown& message, std::uint64_t seq);
std::string encode(const Failed& message, std::uint64_t seq);

}  // namespace dvx::agent
