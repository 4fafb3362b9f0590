#include "frame.h"

#include <cstdint>

#include "bounds.h"

namespace dvx::agent {
namespace {

constexpr char kMagic[4] = {'D', 'V', 'X', 'A'};

std::uint32_t readBytes(const char* at, int count) {
  std::uint32_t value = 0;
  for (int i = 0; i < count; i++) {
    value = value << 8 | static_cast<unsigned char>(at[i]);
  }
  return value;
}

}  // namespace

bool fitsFrame(const std::string& body) { return body.size() >= kMinBodyBytes && body.size() <= kMaxBodyBytes; }

std::string encodeFrame(const std::string& body) {
  std::string frame;
  frame.reserve(kHeaderBytes + body.size());
  frame.append(kMagic, sizeof kMagic);
  frame.push_back(static_cast<char>(kProtocolVersion >> 8));
  frame.push_back(static_cast<char>(kProtocolVersion & 0xff));
  frame.append(2, '\0');
  for (int shift = 24; shift >= 0; shift -= 8) {
    frame.push_back(static_cast<char>(body.size() >> shift & 0xff));
  }
  frame += body;
  return frame;
}

const char* describe(FrameStatus status) {
  switch (status) {
    case FrameStatus::kNeedMore:
      return "an unfinished frame";
    case FrameStatus::kFrame:
      return "a frame";
    case FrameStatus::kBadMagic:
      return "bytes that are no frame of the agent protocol";
    case FrameStatus::kBadVersion:
      return "a frame of another protocol version";
    case FrameStatus::kBadReserved:
      return "a frame whose reserved bytes are not zero";
    case FrameStatus::kBadLength:
      return "a frame whose length is out of bounds";
  }
  return "an unknown state";
}

FrameReader::FrameReader() {
  // One frame and one read more: no growing while writes are held.
  buffer_.reserve(2 * (kHeaderBytes + kMaxBodyBytes));
}

void FrameReader::append(const char* bytes, std::size_t count) {
  if (failure_ != FrameStatus::kFrame) {
    return;
  }
  if (start_ > 0) {
    buffer_.erase(0, start_);
    start_ = 0;
  }
  buffer_.append(bytes, count);
}

FrameStatus FrameReader::next(std::string& body) {
  if (failure_ != FrameStatus::kFrame) {
    return failure_;
  }
  const char* at = buffer_.data() + start_;
  std::size_t there = pending();
  for (std::size_t i = 0; i < sizeof kMagic && i < there; i++) {
    if (at[i] != kMagic[i]) {
      return failure_ = FrameStatus::kBadMagic;
    }
  }
  if (there >= 6 && readBytes(at + 4, 2) != kProtocolVersion) {
    return failure_ = FrameStatus::kBadVersion;
  }
  if (there < kHeaderBytes) {
    return FrameStatus::kNeedMore;
  }
  if (readBytes(at + 6, 2) != 0) {
    return failure_ = FrameStatus::kBadReserved;
  }
  std::size_t length = readBytes(at + 8, 4);
  if (length < kMinBodyBytes || length > kMaxBodyBytes) {
    return failure_ = FrameStatus::kBadLength;
  }
  if (there - kHeaderBytes < length) {
    return FrameStatus::kNeedMore;
  }
  body.assign(at + kHeaderBytes, length);
  start_ += kHeaderBytes + length;
  return FrameStatus::kFrame;
}

}  // namespace dvx::agent
