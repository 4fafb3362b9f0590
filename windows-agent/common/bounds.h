// The limits of docs/formats/agent-protocol.md, and the agents' own waits.
#pragma once

#include <cstddef>
#include <cstdint>

namespace dvx::agent {

constexpr std::uint16_t kProtocolVersion = 1;
constexpr std::size_t kHeaderBytes = 12;
constexpr std::size_t kMinBodyBytes = 2;
constexpr std::size_t kMaxBodyBytes = 262144;
constexpr std::size_t kMaxDepth = 8;
constexpr std::size_t kMaxStringChars = 196608;
constexpr std::size_t kMaxArrayElements = 1024;
constexpr std::size_t kMaxDocumentPartChars = 131072;
/** Bytes whose base64 form has kMaxDocumentPartChars characters. */
constexpr std::size_t kMaxDocumentPartBytes = kMaxDocumentPartChars / 4 * 3;
constexpr std::size_t kMaxDocumentBytes = 16u << 20;
constexpr std::size_t kMaxHookOutputChars = 4096;

/** Nothing holds a guest's writes for longer, whatever it is asked for. */
constexpr std::int64_t kMaxHoldMillis = 8000;
/** The longest limit of one stage that a coordinator may give. */
constexpr std::int64_t kMaxStageMillis = 3600 * 1000;
constexpr std::int64_t kMinHeartbeatSeconds = 5;
constexpr std::int64_t kMaxHeartbeatSeconds = 300;
/** So many heartbeats without an answer end the connection. */
constexpr std::int64_t kMissedHeartbeats = 3;

/** Connecting, the TLS handshake included. */
constexpr std::int64_t kConnectMillis = 20 * 1000;
/** Sending one frame. */
constexpr std::int64_t kSendMillis = 20 * 1000;
/** From connected to welcome, and from enroll to enrolled. */
constexpr std::int64_t kGreetingMillis = 90 * 1000;
/** A set that was prepared and is then neither frozen nor aborted is given up. */
constexpr std::int64_t kPreparedMillis = 300 * 1000;
/** How long a sent report waits for its acknowledgement. */
constexpr std::int64_t kReportedMillis = 60 * 1000;
/** A freezer that was told to let go and does not come to an end is stuck: the agent's process ends. */
constexpr std::int64_t kStuckMillis = 900 * 1000;

constexpr int kDefaultPort = 7444;

}  // namespace dvx::agent
