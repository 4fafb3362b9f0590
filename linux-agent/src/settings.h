// Where the agent's files are, from its configuration.
#pragma once

#include <string>
#include <vector>

#include "config.h"

namespace dvx::agent {

struct Settings {
  Config config;
  std::string stateFolder = "/var/lib/dvx-agent";
  std::string runFolder = "/run/dvx-agent";
  std::string hookFolder = "/etc/dvx-agent";
  std::string nonceCommand;
  std::string systemctl = "/usr/bin/systemctl";
  std::string sysFolder = "/sys";
  std::vector<std::string> onlyMounts;
};

/** A file that is not there gives the defaults, unless it was named. */
bool loadSettings(const std::string& path, bool mustExist, Settings& settings, std::string& error);

}  // namespace dvx::agent
