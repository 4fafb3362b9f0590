#include "sync.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>

#include "boot_clock.h"
#include "fd.h"

namespace dvx::agent {
namespace {

struct Progress {
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t left = 0;
  std::string error;
};

void syncOne(const std::shared_ptr<Progress>& progress, const Fd& mount) {
  int result = ::syncfs(mount.get());
  std::string error = result == 0 ? "" : errnoText();
  std::lock_guard<std::mutex> guard(progress->mutex);
  progress->left--;
  if (progress->error.empty()) {
    progress->error = error;
  }
  progress->changed.notify_all();
}

}  // namespace

SyncResult syncFileSystems(const std::vector<int>& mounts, std::int64_t limitMillis,
                           const std::function<bool()>& cancelled, std::string& error) {
  auto progress = std::make_shared<Progress>();
  progress->left = mounts.size();
  std::int64_t until = bootMillis() + limitMillis;
  for (int mount : mounts) {
    auto copy = std::make_shared<Fd>(::fcntl(mount, F_DUPFD_CLOEXEC, 3));
    if (!copy->valid()) {
      error = errnoText();
      return SyncResult::kFailed;
    }
    try {
      std::thread([progress, copy] { syncOne(progress, *copy); }).detach();
    } catch (const std::system_error& noThread) {
      error = noThread.what();
      return SyncResult::kFailed;
    }
  }
  std::unique_lock<std::mutex> lock(progress->mutex);
  while (progress->left > 0) {
    if (cancelled()) {
      return SyncResult::kCancelled;
    }
    if (bootMillis() >= until) {
      error = "the sync took longer than " + std::to_string(limitMillis) + " ms";
      return SyncResult::kTimeout;
    }
    progress->changed.wait_for(lock, std::chrono::milliseconds(20));
  }
  error = progress->error;
  return error.empty() ? SyncResult::kDone : SyncResult::kFailed;
}

}  // namespace dvx::agent
