#include "hook_folder.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "bounds.h"
#include "process.h"

namespace dvx::agent {
namespace {

/** Root's own, and nobody else may write it. */
bool isTrusted(const struct stat& status) {
  return status.st_uid == 0 && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

}  // namespace

std::vector<std::string> HookFolder::list(const std::string& phase, std::vector<std::string>& refused) {
  std::vector<std::string> paths;
  std::string folder = folder_ + "/" + phase + ".d";
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0) {
    return paths;
  }
  if (!isTrusted(status)) {
    refused.push_back(folder);
    return paths;
  }
  std::error_code error;
  for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    std::string name = it->path().filename().string();
    std::string path = folder + "/" + name;
    bool plain = name[0] != '.' && name.back() != '~' && ::stat(path.c_str(), &status) == 0 &&
                 S_ISREG(status.st_mode) && (status.st_mode & S_IXUSR) != 0;
    if (plain) {
      (isTrusted(status) ? paths : refused).push_back(path);
    }
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

HookResult HookFolder::run(const std::string& path, const std::string& phase, std::int64_t limitMillis) {
  std::vector<std::string> environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "HOME=/",
                                          "DVX_PHASE=" + phase, "DVX_SESSION=" + session_};
  // A script that lets the applications go again is never called off.
  auto calledOff = [&] { return phase == kPreFreeze && cancelled_(); };
  ProcessResult process =
      runProcess({path, phase}, environment, limitMillis, 4 * kMaxHookOutputChars, calledOff);
  HookResult result;
  result.exit = process.exit;
  result.millis = process.millis;
  result.output = process.timedOut ? "[ended by the agent after " + std::to_string(process.millis) + " ms]\n" + process.output
                                   : process.output;
  return result;
}

}  // namespace dvx::agent
