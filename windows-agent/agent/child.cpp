#include "child.h"

#include <vector>

#include "text.h"

namespace dvx {
namespace {

constexpr DWORD kPollMillis = 25;

/** Takes what is in the pipe now; what is beyond the limit is read and dropped. */
void drain(HANDLE pipe, std::string& output, size_t limit) {
  char buffer[4096];
  DWORD available = 0;
  while (PeekNamedPipe(pipe, nullptr, 0, nullptr, &available, nullptr) && available != 0) {
    DWORD got = 0;
    DWORD wanted = available < sizeof buffer ? available : static_cast<DWORD>(sizeof buffer);
    if (!ReadFile(pipe, buffer, wanted, &got, nullptr) || got == 0) {
      return;
    }
    size_t room = output.size() < limit ? limit - output.size() : 0;
    output.append(buffer, got < room ? got : room);
  }
}

}  // namespace

ChildResult runChild(const std::wstring& commandLine, DWORD limitMillis, size_t outputLimit,
                     const std::function<bool()>& cancelled) {
  ChildResult result;
  SECURITY_ATTRIBUTES inherit = {sizeof inherit, nullptr, TRUE};
  HANDLE readEnd = nullptr, writeEnd = nullptr;
  if (!CreatePipe(&readEnd, &writeEnd, &inherit, 64 * 1024)) {
    return result;
  }
  Handle read(readEnd), write(writeEnd);
  SetHandleInformation(readEnd, HANDLE_FLAG_INHERIT, 0);
  Handle nothing(CreateFileW(L"NUL", GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, &inherit,
                             OPEN_EXISTING, 0, nullptr));
  Handle job(CreateJobObjectW(nullptr, nullptr));
  if (job) {
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {};
    limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
    SetInformationJobObject(job.get(), JobObjectExtendedLimitInformation, &limits, sizeof limits);
  }
  STARTUPINFOW startup = {};
  startup.cb = sizeof startup;
  startup.dwFlags = STARTF_USESTDHANDLES;
  startup.hStdInput = nothing.get();
  startup.hStdOutput = writeEnd;
  startup.hStdError = writeEnd;
  std::vector<wchar_t> command(commandLine.begin(), commandLine.end());
  command.push_back(0);
  PROCESS_INFORMATION info = {};
  ULONGLONG start = GetTickCount64();
  if (!CreateProcessW(nullptr, command.data(), nullptr, nullptr, TRUE,
                      CREATE_NO_WINDOW | CREATE_SUSPENDED, nullptr, nullptr, &startup, &info)) {
    result.output = systemMessage(GetLastError());
    return result;
  }
  Handle process(info.hProcess), thread(info.hThread);
  result.started = true;
  bool inJob = job && AssignProcessToJobObject(job.get(), info.hProcess);
  ResumeThread(info.hThread);
  write.reset(nullptr);
  for (;;) {
    DWORD woken = WaitForSingleObject(info.hProcess, kPollMillis);
    drain(readEnd, result.output, outputLimit);
    if (woken == WAIT_OBJECT_0) {
      break;
    }
    result.timedOut = GetTickCount64() - start >= limitMillis;
    result.cancelled = !result.timedOut && cancelled();
    if (result.timedOut || result.cancelled) {
      if (inJob) {
        TerminateJobObject(job.get(), 1);
      } else {
        TerminateProcess(info.hProcess, 1);
      }
      WaitForSingleObject(info.hProcess, 5000);
      break;
    }
  }
  drain(readEnd, result.output, outputLimit);
  GetExitCodeProcess(info.hProcess, &result.exitCode);
  result.millis = static_cast<LONGLONG>(GetTickCount64() - start);
  return result;
}

}  // namespace dvx
