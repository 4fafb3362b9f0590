// What every part of the requester needs to call VSS: owned objects, waits that end, the first error.
#pragma once

// clang-format off
#include <windows.h>
#include <vss.h>
#include <vswriter.h>
#include <vsbackup.h>
// clang-format on

#include <string>

#include "com.h"
#include "text.h"

namespace dvx {

/** What went wrong, at which call. */
struct VssError {
  HRESULT code = S_OK;
  /** The call that failed, such as `DoSnapshotSet`. */
  std::string call;
  std::string message;
};

/** The text of a BSTR, which is freed. */
std::wstring takeText(BSTR text);

/** Text of a VSS error code that people can act upon. */
std::string vssMessage(HRESULT code);

/** The calls of one backup. Of one thread, but cancel(). */
class VssCalls {
 public:
  VssError error;

  /** Keeps the error; always false. */
  bool fail(HRESULT code, const char* call);

  /** Whether a call succeeded; else its error is kept. */
  bool check(HRESULT code, const char* call) { return SUCCEEDED(code) || fail(code, call); }

  /** Waits for the end of an asynchronous call until `deadline` (GetTickCount64), or cancel(). */
  HRESULT await(IVssAsync* async, ULONGLONG deadline);

  /** An asynchronous call from its start to its end. */
  bool run(HRESULT started, Com<IVssAsync>& async, ULONGLONG deadline, const char* call) {
    return check(started, call) && check(await(async.get(), deadline), call);
  }

  /** Makes every wait end soon; any thread. */
  void cancel() { SetEvent(cancelled_.get()); }
  HANDLE cancelled() const { return cancelled_.get(); }

 private:
  Handle cancelled_{CreateEventW(nullptr, TRUE, FALSE, nullptr)};
};

}  // namespace dvx
