// Messages over a transport: frames and sequence numbers in both directions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "frame.h"
#include "bounds.h"
#include "messages.h"
#include "platform.h"

namespace dvx::agent {

enum class Next { kMessage, kNothing, kClosed, kViolation };

/** One connection's worth of state; make a new one for each. On the agent's thread. */
class Connection {
 public:
  explicit Connection(Transport& transport) : transport_(transport), buffer_(65536) {}

  /** False once the connection is broken. */
  template <typename Message>
  bool send(const Message& message) {
    return sendBody(encode(message, ++sent_));
  }

  /** The next message, or what happened instead within `waitMillis`; `reason` is set for kClosed and kViolation. */
  Next next(CoordinatorMessage& message, std::int64_t waitMillis, std::string& reason);

  bool broken() const { return broken_; }

 private:
  bool sendBody(const std::string& body);
  Next violation(const std::string& text, std::string& reason);

  Transport& transport_;
  FrameReader reader_;
  std::vector<char> buffer_;
  std::string body_;
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
  bool broken_ = false;
};

}  // namespace dvx::agent
