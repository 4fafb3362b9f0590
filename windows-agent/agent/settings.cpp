#include "settings.h"

#include <sstream>

#include "../common/text.h"
#include "text.h"

namespace dvx {
namespace {

constexpr size_t kMaxConfig = 64 * 1024;

bool apply(Settings& settings, const std::string& key, const std::string& value) {
  if (key == "holdLimitMillis") {
    long long number = 0;
    bool good = agent::parseNumber(value, 100, 8000, number);
    settings.holdLimitMillis = static_cast<DWORD>(number);
    return good;
  }
  if (key == "allowFull") {
    settings.allowFull = value == "true";
    return value == "true" || value == "false";
  }
  if (key == "keyStore") {
    settings.keyStore = value == "user" ? KeyStore::kCapiUser : KeyStore::kCngMachine;
    return value == "user" || value == "machine";
  }
  if (key == "vmtoolsd") {
    settings.vmtoolsd = toWide(value);
    return !value.empty();
  }
  if (key == "volumeList") {
    settings.volumeList = toWide(value);
    return true;
  }
  return false;
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
  paths.lastReport = paths.data + L"\\last-report.json";
  return paths;
}

bool loadSettings(const Paths& paths, Settings& settings, std::string& error) {
  settings = Settings();
  wchar_t programs[MAX_PATH];
  DWORD length = GetEnvironmentVariableW(L"ProgramFiles", programs, MAX_PATH);
  std::wstring folder = length == 0 || length >= MAX_PATH ? L"C:\\Program Files" : programs;
  settings.vmtoolsd = folder + L"\\VMware\\VMware Tools\\vmtoolsd.exe";
  std::string text;
  if (!readFile(paths.config, kMaxConfig, text)) {
    DWORD code = GetLastError();
    if (code == ERROR_FILE_NOT_FOUND || code == ERROR_PATH_NOT_FOUND) {
      return true;
    }
    error = "cannot read " + toUtf8(paths.config) + ": " + systemMessage(code);
    return false;
  }
  if (!agent::parseConfig(text, "windows.", settings.shared, error)) {
    error = toUtf8(paths.config) + ": " + error;
    return false;
  }
  for (const auto& entry : settings.shared.platform) {
    if (!apply(settings, entry.first, entry.second)) {
      error = toUtf8(paths.config) + ": unknown key or bad value: windows." + entry.first;
      return false;
    }
  }
  return true;
}

bool setSetting(const Paths& paths, const std::string& key, const std::string& value,
                std::string& error) {
  std::string text;
  if (!readFile(paths.config, kMaxConfig, text)) {
    text = defaultSettingsText();
  }
  std::istringstream lines(text);
  std::string line, out;
  bool done = false;
  while (std::getline(lines, line)) {
    if (!line.empty() && line.back() == '\r') {
      line.pop_back();
    }
    size_t equals = line.find('=');
    if (equals != std::string::npos && line[0] != '#' && trim(line.substr(0, equals)) == key) {
      line = key + " = " + value;
      done = true;
    }
    out += line + "\r\n";
  }
  if (!done) {
    out += key + " = " + value + "\r\n";
  }
  if (!writeFileAtomically(paths.config, out)) {
    error = "cannot write " + toUtf8(paths.config) + ": " + systemMessage(GetLastError());
    return false;
  }
  return true;
}

std::string defaultSettingsText() {
  return "# Settings of the OpenDVX guest agent. An upgrade keeps them. The defaults:\r\n"
         "# server = HOST:PORT            (overrides the one of the enrolment)\r\n"
         "# hookLimitSeconds = 30         (for each script of pre-freeze.d and post-thaw.d)\r\n"
         "# windows.holdLimitMillis = 8000\r\n"
         "# windows.allowFull = false     (FULL breaks the log chains of other SQL Server backups)\r\n";
}

}  // namespace dvx
