#include "event_log.h"

#include <cstdio>

#include "events.h"
#include "text.h"

namespace dvx {
namespace {

constexpr LONGLONG kMaxLogBytes = 1 << 20;
constexpr wchar_t kSourceKey[] =
    L"SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application\\OpenDVX Agent";

}  // namespace

WindowsLog::WindowsLog(std::wstring file, bool console)
    : file_(std::move(file)),
      console_(console),
      source_(RegisterEventSourceW(nullptr, kEventSource)) {}

WindowsLog::~WindowsLog() {
  if (source_ != nullptr) {
    DeregisterEventSource(source_);
  }
}

void WindowsLog::write(agent::Level level, const std::string& text) {
  switch (level) {
    case agent::Level::kInfo:
      report(EVENTLOG_INFORMATION_TYPE, DVX_EVENT_INFORMATION, text);
      append("INFO", text);
      break;
    case agent::Level::kWarning:
      report(EVENTLOG_WARNING_TYPE, DVX_EVENT_WARNING, text);
      append("WARNING", text);
      break;
    case agent::Level::kError:
      report(EVENTLOG_ERROR_TYPE, DVX_EVENT_ERROR, text);
      append("ERROR", text);
      break;
  }
}

void WindowsLog::started(const std::string& version) {
  report(EVENTLOG_INFORMATION_TYPE, DVX_EVENT_STARTED, version);
  append("INFO", "started, version " + version);
}

void WindowsLog::stopped() {
  report(EVENTLOG_INFORMATION_TYPE, DVX_EVENT_STOPPED, "");
  append("INFO", "stopped");
}

void WindowsLog::report(WORD type, DWORD event, const std::string& text) {
  if (source_ == nullptr) {
    return;
  }
  // The Event Log takes at most 31,839 characters.
  std::wstring wide = toWide(text).substr(0, 30000);
  const wchar_t* texts[1] = {wide.c_str()};
  ReportEventW(source_, type, 0, event, nullptr, 1, 0, texts, nullptr);
}

void WindowsLog::append(const char* level, const std::string& text) {
  std::lock_guard<std::mutex> lock(mutex_);
  SYSTEMTIME time;
  GetSystemTime(&time);
  char stamp[64];
  snprintf(stamp, sizeof stamp, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ %s ", time.wYear, time.wMonth,
           time.wDay, time.wHour, time.wMinute, time.wSecond, time.wMilliseconds, level);
  std::string line = stamp + text + "\r\n";
  if (console_) {
    fputs(line.c_str(), stderr);
    fflush(stderr);
  }
  Handle file(CreateFileW(file_.c_str(), FILE_APPEND_DATA, FILE_SHARE_READ, nullptr, OPEN_ALWAYS,
                          FILE_ATTRIBUTE_NORMAL, nullptr));
  LARGE_INTEGER size = {};
  if (file && GetFileSizeEx(file.get(), &size) && size.QuadPart > kMaxLogBytes) {
    file.reset(nullptr);
    MoveFileExW(file_.c_str(), (file_ + L".1").c_str(), MOVEFILE_REPLACE_EXISTING);
    file.reset(CreateFileW(file_.c_str(), FILE_APPEND_DATA, FILE_SHARE_READ, nullptr, OPEN_ALWAYS,
                           FILE_ATTRIBUTE_NORMAL, nullptr));
  }
  if (file) {
    DWORD written = 0;
    WriteFile(file.get(), line.data(), static_cast<DWORD>(line.size()), &written, nullptr);
  }
}

bool eventSourcePresent(const std::wstring& program) {
  wchar_t text[MAX_PATH] = {};
  DWORD bytes = sizeof text - sizeof(wchar_t);
  DWORD types = 0, typesBytes = sizeof types;
  return RegGetValueW(HKEY_LOCAL_MACHINE, kSourceKey, L"EventMessageFile", RRF_RT_REG_SZ, nullptr,
                      text, &bytes) == ERROR_SUCCESS &&
         lower(text) == lower(program) &&
         RegGetValueW(HKEY_LOCAL_MACHINE, kSourceKey, L"TypesSupported", RRF_RT_REG_DWORD, nullptr,
                      &types, &typesBytes) == ERROR_SUCCESS &&
         types == 7;
}

bool createEventSource(const std::wstring& program, std::string& error) {
  HKEY key;
  LONG result = RegCreateKeyExW(HKEY_LOCAL_MACHINE, kSourceKey, 0, nullptr, 0, KEY_WRITE, nullptr,
                                &key, nullptr);
  if (result == ERROR_SUCCESS) {
    DWORD types = 7;
    result = RegSetValueExW(key, L"EventMessageFile", 0, REG_SZ,
                            reinterpret_cast<const BYTE*>(program.c_str()),
                            static_cast<DWORD>((program.size() + 1) * sizeof(wchar_t)));
    if (result == ERROR_SUCCESS) {
      result = RegSetValueExW(key, L"TypesSupported", 0, REG_DWORD,
                              reinterpret_cast<const BYTE*>(&types), sizeof types);
    }
    RegCloseKey(key);
  }
  if (result != ERROR_SUCCESS) {
    error = "cannot register the event source: " + systemMessage(static_cast<DWORD>(result));
  }
  return result == ERROR_SUCCESS;
}

bool removeEventSource(std::string& error) {
  LONG result = RegDeleteTreeW(HKEY_LOCAL_MACHINE, kSourceKey);
  if (result != ERROR_SUCCESS && result != ERROR_FILE_NOT_FOUND) {
    error = "cannot remove the event source: " + systemMessage(static_cast<DWORD>(result));
    return false;
  }
  return true;
}

}  // namespace dvx
