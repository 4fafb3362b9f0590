#include "fd.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "text.h"

namespace dvx::agent {

std::string errnoText() { return std::strerror(errno); }

bool readFile(const std::string& path, std::size_t maxBytes, std::string& content) {
  content.clear();
  Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file.valid()) {
    return false;
  }
  char buffer[4096];
  while (content.size() < maxBytes) {
    ssize_t count = ::read(file.get(), buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return false;
    }
    if (count == 0) {
      break;
    }
    content.append(buffer, static_cast<std::size_t>(count));
  }
  if (content.size() > maxBytes) {
    content.resize(maxBytes);
  }
  return true;
}

std::string readLine(const std::string& path) {
  std::string content;
  if (!readFile(path, 4096, content)) {
    return "";
  }
  return trim(content.substr(0, content.find('\n')));
}

bool replaceFile(const std::string& path, const std::string& content, mode_t mode, std::string& error) {
  std::string temporary = path + ".new";
  std::string folder = path.substr(0, path.find_last_of('/') + 1);
  auto fail = [&](const char* what) {
    error = std::string(what) + " " + path + ": " + errnoText();
    ::unlink(temporary.c_str());
    return false;
  };
  ::unlink(temporary.c_str());
  Fd file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!file.valid() || ::fchmod(file.get(), mode) != 0) {
    return fail("cannot make");
  }
  for (std::size_t at = 0; at < content.size();) {
    ssize_t count = ::write(file.get(), content.data() + at, content.size() - at);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count <= 0) {
      return fail("cannot write");
    }
    at += static_cast<std::size_t>(count);
  }
  if (::fsync(file.get()) != 0 || ::rename(temporary.c_str(), path.c_str()) != 0) {
    return fail("cannot replace");
  }
  Fd directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid() || ::fsync(directory.get()) != 0) {
    error = "cannot sync " + folder + ": " + errnoText();
    return false;
  }
  return true;
}

bool makeFolders(const std::string& path, std::string& error) {
  for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    std::string part = path.substr(0, slash);
    if (::mkdir(part.c_str(), slash == std::string::npos ? 0700 : 0755) != 0 && errno != EEXIST) {
      error = "cannot make the folder " + part + ": " + errnoText();
      return false;
    }
    if (slash == std::string::npos) {
      return true;
    }
  }
}

}  // namespace dvx::agent
