// Runs one program with a limit, and takes what it prints.
#pragma once

#include <windows.h>

#include <functional>
#include <string>

namespace dvx {

struct ChildResult {
  bool started = false;
  bool timedOut = false;
  bool cancelled = false;
  DWORD exitCode = 0;
  LONGLONG millis = 0;
  /** Both streams together, cut at the limit. */
  std::string output;
};

/**
 * Runs a command line in a job of its own, without a window and without input. At the limit, or once
 * `cancelled` says so, the whole job ends.
 */
ChildResult runChild(const std::wstring& commandLine, DWORD limitMillis, size_t outputLimit,
                     const std::function<bool()>& cancelled);

}  // namespace dvx
