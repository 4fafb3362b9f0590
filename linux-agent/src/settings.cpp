#include "settings.h"

#include <cerrno>
#include <sstream>

#include "fd.h"

namespace dvx::agent {

bool loadSettings(const std::string& path, bool mustExist, Settings& settings, std::string& error) {
  std::string content;
  if (!readFile(path, 65537, content)) {
    if (errno == ENOENT && !mustExist) {
      return true;
    }
    error = path + ": " + errnoText();
    return false;
  }
  if (!parseConfig(content, "linux.", settings.config, error)) {
    error = path + ": " + error;
    return false;
  }
  for (const auto& [key, value] : settings.config.platform) {
    bool isPath = !value.empty() && value[0] == '/';
    std::string* target = key == "stateFolder"    ? &settings.stateFolder
                          : key == "runFolder"    ? &settings.runFolder
                          : key == "hookFolder"   ? &settings.hookFolder
                          : key == "nonceCommand" ? &settings.nonceCommand
                          : key == "systemctl"    ? &settings.systemctl
                          : key == "sysFolder"    ? &settings.sysFolder
                                                  : nullptr;
    if (target != nullptr && isPath) {
      *target = value;
    } else if (key == "onlyMounts") {
      std::istringstream words(value);
      for (std::string word; words >> word;) {
        settings.onlyMounts.push_back(word);
      }
    } else {
      error = path + ": " + (target == nullptr ? "unknown key" : "no full path in") + " linux." + key;
      return false;
    }
  }
  return true;
}

}  // namespace dvx::agent
