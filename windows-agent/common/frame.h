// Frames of the agent protocol: header and body, without any meaning of the body.
#pragma once

#include <cstddef>
#include <string>

namespace dvx::agent {

/** The frame of one body. The body's length must be within the limits (see fitsFrame). */
std::string encodeFrame(const std::string& body);

bool fitsFrame(const std::string& body);

enum class FrameStatus {
  kNeedMore,
  kFrame,
  kBadMagic,
  kBadVersion,
  kBadReserved,
  kBadLength,
};

/** For people. */
const char* describe(FrameStatus status);

/** Cuts a stream of bytes into bodies. After an error it stays in that error. Not for several threads. */
class FrameReader {
 public:
  FrameReader();

  void append(const char* bytes, std::size_t count);

  /** kFrame puts the next body into `body`. The header is judged as soon as its bytes are there. */
  FrameStatus next(std::string& body);

  /** Bytes that are held and not yet given out. */
  std::size_t pending() const { return buffer_.size() - start_; }

 private:
  std::string buffer_;
  std::size_t start_ = 0;
  FrameStatus failure_ = FrameStatus::kFrame;
};

}  // namespace dvx::agent
