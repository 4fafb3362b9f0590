#include "config.h"

#include <cstdlib>
#include <sstream>
#include <vector>

#include "text.h"

namespace dvx {
namespace {

constexpr size_t kMaxConfig = 64 * 1024;

bool parseNumber(const std::string& text, DWORD least, DWORD most, DWORD& out) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string::npos ||
      text.size() > 9) {
    return false;
  }
  unsigned long value = strtoul(text.c_str(), nullptr, 10);
  if (value < least || value > most) {
    return false;
  }
  out = value;
  return true;
}

bool parseSwitch(const std::string& text, bool& out) {
  if (text == "yes" || text == "no") {
    out = text == "yes";
    return true;
  }
  return false;
}

bool apply(Config& config, const std::string& key, const std::string& value) {
  if (key == "Server") {
    config.server = value;
    return value.empty() || value.size() < 300;
  }
  if (key == "HoldLimitMillis") {
    return parseNumber(value, 100, 8000, config.holdLimitMillis);
  }
  if (key == "HookLimitSeconds") {
    return parseNumber(value, 1, 600, config.hookLimitSeconds);
  }
  if (key == "Hooks") {
    return parseSwitch(value, config.hooks);
  }
  if (key == "AllowFull") {
    return parseSwitch(value, config.allowFull);
  }
  if (key == "KeyStore") {
    if (value != "machine" && value != "user") {
      return false;
    }
    config.keyStore = value == "machine" ? KeyStore::kCngMachine : KeyStore::kCapiUser;
    return true;
  }
  if (key == "VmToolsd") {
    config.vmtoolsd = toWide(value);
    return true;
  }
  if (key == "VolumeList") {
    config.volumeList = toWide(value);
    return true;
  }
  return true;
}

}  // namespace

Paths Paths::standard() {
  Paths paths;
  paths.data = programDataFolder() + L"\\DVX";
  paths.config = paths.data + L"\\agent.conf";
  paths.identity = paths.data + L"\\identity";
  paths.preFreeze = paths.data + L"\\pre-freeze.d";
  paths.postThaw = paths.data + L"\\post-thaw.d";
  paths.log = paths.data + L"\\agent.log";
  return paths;
}

Config Config::defaults() {
  Config config;
  wchar_t programs[MAX_PATH];
  DWORD length = GetEnvironmentVariableW(L"ProgramFiles", programs, MAX_PATH);
  std::wstring folder = length == 0 || length >= MAX_PATH ? L"C:\\Program Files" : programs;
  config.vmtoolsd = folder + L"\\VMware\\VMware Tools\\vmtoolsd.exe";
  return config;
}

bool loadConfig(const Paths& paths, Config& config, std::string& error) {
  config = Config::defaults();
  std::string text;
  if (!readFile(paths.config, kMaxConfig, text)) {
    DWORD code = GetLastError();
    if (code == ERROR_FILE_NOT_FOUND || code == ERROR_PATH_NOT_FOUND) {
      return true;
    }
    error = "cannot read " + toUtf8(paths.config) + ": " + systemMessage(code);
    return false;
  }
  std::istringstream lines(text);
  std::string line;
  while (std::getline(lines, line)) {
    line = trim(line);
    size_t equals = line.find('=');
    if (line.empty() || line[0] == '#' || equals == std::string::npos) {
      continue;
    }
    std::string key = trim(line.substr(0, equals));
    if (!apply(config, key, trim(line.substr(equals + 1)))) {
      error = toUtf8(paths.config) + ": wrong value for " + key;
      return false;
    }
  }
  return true;
}

bool setConfigValue(const Paths& paths, const std::string& key, const std::string& value,
                    std::string& error) {
  std::string text;
  if (!readFile(paths.config, kMaxConfig, text)) {
    text = defaultConfigText();
  }
  std::istringstream lines(text);
  std::string line, out;
  bool done = false;
  while (std::getline(lines, line)) {
    if (!line.empty() && line.back() == '\r') {
      line.pop_back();
    }
    if (line.compare(0, key.size() + 1, key + "=") == 0) {
      line = key + "=" + value;
      done = true;
    }
    out += line + "\r\n";
  }
  if (!done) {
    out += key + "=" + value + "\r\n";
  }
  if (!writeFileAtomically(paths.config, out)) {
    error = "cannot write " + toUtf8(paths.config) + ": " + systemMessage(GetLastError());
    return false;
  }
  return true;
}

std::string defaultConfigText() {
  return "# Settings of the OpenDVX guest agent. An upgrade keeps them.\r\n"
         "# host:port of the coordinator\r\n"
         "Server=\r\n"
         "# Writes are never held for longer, at most 8000\r\n"
         "HoldLimitMillis=8000\r\n"
         "# Scripts of pre-freeze.d and post-thaw.d: whether they run, and how long each may take\r\n"
         "Hooks=yes\r\n"
         "HookLimitSeconds=60\r\n"
         "# VSS_BT_FULL breaks the log chains of other SQL Server backups\r\n"
         "AllowFull=no\r\n";
}

}  // namespace dvx
