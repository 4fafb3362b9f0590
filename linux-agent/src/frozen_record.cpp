#include "frozen_record.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <sstream>
#include <thread>

#include "fd.h"
#include "mounts.h"

namespace dvx::agent {
namespace {

constexpr std::size_t kMaxRecordBytes = 65536;
constexpr std::size_t kMaxMountInfoBytes = 4u << 20;
constexpr auto kThawLimit = std::chrono::seconds(20);

struct Thaws {
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t left = 0;
  std::string report;
  bool good = true;
};

void thawOne(const std::shared_ptr<Thaws>& thaws, const std::shared_ptr<Fd>& mount, const std::string& where) {
  int result;
  do {
    result = ::ioctl(mount->get(), FITHAW, 0);
  } while (result != 0 && errno == EINTR);
  int error = errno;
  std::lock_guard<std::mutex> guard(thaws->mutex);
  thaws->left--;
  if (result == 0) {
    thaws->report += " Thawed " + where + ".";
  } else if (error != EINVAL) {
    errno = error;
    thaws->report += " Cannot thaw " + where + ": " + errnoText() + ".";
    thaws->good = false;
  }
  thaws->changed.notify_all();
}

}  // namespace

bool FrozenRecord::write(const std::vector<std::string>& devices, std::string& error) {
  std::string content;
  for (const std::string& device : devices) {
    content += device + "\n";
  }
  return replaceFile(path_, content, 0600, error);
}

void FrozenRecord::remove() { ::unlink(path_.c_str()); }

bool FrozenRecord::exists() const { return ::access(path_.c_str(), F_OK) == 0; }

bool FrozenRecord::thawAll(std::string& report) {
  std::string content;
  if (!readFile(path_, kMaxRecordBytes, content)) {
    if (errno == ENOENT) {
      return true;
    }
    report = "The record " + path_ + " cannot be read: " + errnoText() + ".";
    return false;
  }
  std::string mountInfo;
  if (!readFile("/proc/self/mountinfo", kMaxMountInfoBytes, mountInfo)) {
    report = "The mount table cannot be read: " + errnoText() + ".";
    return false;
  }
  std::vector<Mount> mounts = parseMountInfo(mountInfo);
  auto thaws = std::make_shared<Thaws>();
  std::istringstream lines(content);
  for (std::string device; std::getline(lines, device);) {
    std::shared_ptr<Fd> opened;
    std::string where;
    for (const Mount& mount : mounts) {
      if (mount.device == device && (!opened || !opened->valid())) {
        opened = std::make_shared<Fd>(::open(mount.mountPoint.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
        where = mount.mountPoint;
      }
    }
    std::lock_guard<std::mutex> guard(thaws->mutex);
    if (!opened) {
      thaws->report += " The file system " + device + " is not mounted any more.";
    } else if (!opened->valid()) {
      thaws->report += " " + where + " cannot be opened.";
      thaws->good = false;
    } else {
      thaws->left++;
      std::thread([thaws, opened, where] { thawOne(thaws, opened, where); }).detach();
    }
  }
  std::unique_lock<std::mutex> lock(thaws->mutex);
  if (!thaws->changed.wait_for(lock, kThawLimit, [&] { return thaws->left == 0; })) {
    thaws->good = false;
    thaws->report += " A thaw does not come to an end.";
  }
  report = "An earlier freeze was not finished." + thaws->report;
  if (thaws->good) {
    remove();
  }
  return thaws->good;
}

}  // namespace dvx::agent
