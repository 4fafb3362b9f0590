#include "linux_machine.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "fd.h"
#include "process.h"
#include "text.h"

namespace dvx::agent {
namespace {

constexpr std::int64_t kNonceMillis = 5000;
constexpr std::int64_t kJobsMillis = 3000;
constexpr std::size_t kMaxJobsBytes = 65536;
constexpr std::size_t kMaxNonceBytes = 1024;
constexpr std::size_t kMaxTableBytes = 1u << 20;

std::string osName() {
  std::string content;
  if (readFile("/etc/os-release", 16384, content)) {
    std::istringstream lines(content);
    for (std::string line; std::getline(lines, line);) {
      if (line.compare(0, 12, "PRETTY_NAME=") == 0) {
        std::string value = line.substr(12);
        value.erase(std::remove(value.begin(), value.end(), '"'), value.end());
        return value;
      }
    }
  }
  return "Linux";
}

std::vector<std::string> macs(const std::string& sys) {
  std::vector<std::string> found;
  std::error_code error;
  for (std::filesystem::directory_iterator it(sys + "/class/net", error), end; !error && it != end;
       it.increment(error)) {
    std::string folder = it->path().string();
    std::error_code missing;
    std::string mac = readLine(folder + "/address");
    // Only interfaces with a device behind them: bridges and the like are none of the hypervisor's.
    if (std::filesystem::exists(folder + "/device", missing) && readLine(folder + "/type") == "1" &&
        mac.size() == 17 && mac != "00:00:00:00:00:00") {
      found.push_back(toLower(mac));
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace

std::string biosUuidOfTable(const std::string& table) {
  auto byte = [&](std::size_t at) -> unsigned { return static_cast<unsigned char>(table[at]); };
  for (std::size_t at = 0; at + 4 <= table.size();) {
    std::size_t length = byte(at + 1);
    if (length < 4 || at + length > table.size()) {
      return "";
    }
    if (byte(at) == 1 && length >= 24) {
      std::string uuid = toHex(table.substr(at + 8, 16));
      bool unset = uuid.find_first_not_of('0') == std::string::npos || uuid.find_first_not_of('f') == std::string::npos;
      return unset ? "" : uuid;
    }
    if (byte(at) == 127) {
      return "";
    }
    // The structure's texts follow it, up to two zero bytes.
    std::size_t next = table.find(std::string(2, '\0'), at + length);
    if (next == std::string::npos) {
      return "";
    }
    at = next + 2;
  }
  return "";
}

std::string biosUuidOfText(const std::string& text) {
  std::string word = toLower(trim(text));
  if (!isUuid(word)) {
    return "";
  }
  word.erase(std::remove(word.begin(), word.end(), '-'), word.end());
  std::string bytes;
  fromHex(word, bytes);
  std::reverse(bytes.begin(), bytes.begin() + 4);
  std::reverse(bytes.begin() + 4, bytes.begin() + 6);
  std::reverse(bytes.begin() + 6, bytes.begin() + 8);
  return toHex(bytes);
}

std::string LinuxMachine::biosUuid() {
  std::string table;
  if (readFile(sys_ + "/firmware/dmi/tables/DMI", kMaxTableBytes, table)) {
    std::string uuid = biosUuidOfTable(table);
    if (!uuid.empty()) {
      return uuid;
    }
  }
  return biosUuidOfText(readLine(sys_ + "/class/dmi/id/product_uuid"));
}

bool powersOff(const std::string& jobs) {
  std::istringstream lines(jobs);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string number, unit, kind;
    if (words >> number >> unit >> kind && kind == "start" && (unit == "poweroff.target" || unit == "halt.target")) {
      return true;
    }
  }
  return false;
}

bool machineGoesOff(const std::string& systemctl) {
  if (::access(systemctl.c_str(), X_OK) != 0) {
    return false;
  }
  ProcessResult result = runProcess({systemctl, "--no-pager", "--no-legend", "list-jobs"},
                                    {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"}, kJobsMillis, kMaxJobsBytes,
                                    [] { return false; });
  return result.exit == 0 && powersOff(result.output);
}

MachineInfo LinuxMachine::describe() {
  MachineInfo info;
  info.platform = "linux";
  info.os = osName();
  char host[256] = {};
  ::gethostname(host, sizeof host - 1);
  info.hostName = host;
  info.biosUuid = biosUuid();
  info.macs = macs(sys_);
  info.bootId = readLine("/proc/sys/kernel/random/boot_id");
  return info;
}

std::string LinuxMachine::readNonce(const std::string& property) {
  std::vector<std::vector<std::string>> commands;
  if (!nonceCommand_.empty()) {
    commands.push_back({nonceCommand_, property});
  } else {
    commands.push_back({"/usr/bin/vmware-rpctool", "info-get " + property});
    commands.push_back({"/usr/bin/vmtoolsd", "--cmd", "info-get " + property});
  }
  for (const std::vector<std::string>& command : commands) {
    if (::access(command[0].c_str(), X_OK) != 0) {
      continue;
    }
    ProcessResult result = runProcess(command, {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"}, kNonceMillis,
                                      kMaxNonceBytes, [] { return false; });
    if (result.exit == 0) {
      return trim(result.output);
    }
  }
  return "";
}

}  // namespace dvx::agent
