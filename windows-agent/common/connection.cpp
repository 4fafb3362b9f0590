#include "connection.h"

namespace dvx::agent {

bool Connection::sendBody(const std::string& body) {
  if (broken_) {
    return false;
  }
  if (!fitsFrame(body) || !transport_.send(encodeFrame(body), kSendMillis)) {
    broken_ = true;
  }
  return !broken_;
}

Next Connection::violation(const std::string& text, std::string& reason) {
  broken_ = true;
  reason = "The coordinator broke the protocol: " + text + ".";
  return Next::kViolation;
}

Next Connection::next(CoordinatorMessage& message, std::int64_t waitMillis, std::string& reason) {
  if (broken_) {
    reason = "The connection is broken.";
    return Next::kClosed;
  }
  FrameStatus status = reader_.next(body_);
  if (status == FrameStatus::kNeedMore) {
    std::size_t count = 0;
    Received received = transport_.receive(buffer_.data(), buffer_.size(), count, waitMillis);
    if (received == Received::kClosed) {
      broken_ = true;
      reason = "The coordinator closed the connection, or it broke.";
      return Next::kClosed;
    }
    if (received == Received::kNothing || count == 0) {
      return Next::kNothing;
    }
    reader_.append(buffer_.data(), count);
    status = reader_.next(body_);
  }
  if (status == FrameStatus::kNeedMore) {
    return Next::kNothing;
  }
  if (status != FrameStatus::kFrame) {
    return violation(describe(status), reason);
  }
  std::uint64_t seq = 0;
  std::string error;
  bool good = decode(body_, message, seq, error);
  if (seq != received_ + 1) {
    return violation(seq == 0 ? error : "sequence number " + std::to_string(seq) + " instead of " +
                                            std::to_string(received_ + 1),
                     reason);
  }
  received_ = seq;
  if (!good) {
    Failed failed;
    failed.code = FailureCode::kProtocol;
    failed.message = error;
    send(failed);
    return violation(error, reason);
  }
  return Next::kMessage;
}

}  // namespace dvx::agent
