// Messages for people: the Windows Event Log, a small file, the console.
#pragma once

#include <windows.h>

#include <mutex>

#include "../common/platform.h"
#include "settings.h"

namespace dvx {

constexpr wchar_t kEventSource[] = L"OpenDVX Agent";

/** Never called while writes are held. */
class WindowsLog final : public agent::Log {
 public:
  WindowsLog(std::wstring file, bool console);
  ~WindowsLog() override;
  void write(agent::Level level, const std::string& text) override;
  void started(const std::string& version);
  void stopped();

 private:
  void report(WORD type, DWORD event, const std::string& text);
  void append(const char* level, const std::string& text);

  std::mutex mutex_;
  std::wstring file_;
  bool console_;
  HANDLE source_;
};

/** The registry entry of the event source. */
bool eventSourcePresent(const std::wstring& program);
bool createEventSource(const std::wstring& program, std::string& error);
bool removeEventSource(std::string& error);

}  // namespace dvx
