// A file descriptor that closes itself, and small file helpers.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <cstddef>
#include <string>
#include <utility>

namespace dvx::agent {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  ~Fd() { reset(); }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  void reset() {
    if (fd_ >= 0) {
      ::close(fd_);
      fd_ = -1;
    }
  }

 private:
  int fd_ = -1;
};

/** The error of errno in words. */
std::string errnoText();

/** At most `maxBytes` of a file; false with errno. */
bool readFile(const std::string& path, std::size_t maxBytes, std::string& content);

/** First line of a small file without its end, or empty. */
std::string readLine(const std::string& path);

/** Replaces a file in one step, durably. False with the reason in `error`; the old file then still stands. */
bool replaceFile(const std::string& path, const std::string& content, mode_t mode, std::string& error);

/** Makes a folder (0700) with its parents where it is not there. */
bool makeFolders(const std::string& path, std::string& error);

}  // namespace dvx::agent
