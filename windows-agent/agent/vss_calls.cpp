#include "vss_calls.h"

#include <vsserror.h>

namespace dvx {
namespace {

constexpr DWORD kPollMillis = 20;

}  // namespace

std::wstring takeText(BSTR text) {
  std::wstring out;
  if (text != nullptr) {
    out.assign(text, SysStringLen(text));
    SysFreeString(text);
  }
  return out;
}

bool VssCalls::fail(HRESULT code, const char* call) {
  error.code = code;
  error.call = call;
  error.message = std::string(call) + ": " + vssMessage(code);
  return false;
}

// Polls instead of IVssAsync::Wait, whose time limit old versions of Windows ignore.
HRESULT VssCalls::await(IVssAsync* async, ULONGLONG deadline) {
  for (;;) {
    HRESULT result = S_OK;
    HRESULT queried = async->QueryStatus(&result, nullptr);
    if (FAILED(queried)) {
      return queried;
    }
    if (result != VSS_S_ASYNC_PENDING) {
      return result == VSS_S_ASYNC_FINISHED ? S_OK
                                            : (result == VSS_S_ASYNC_CANCELLED ? E_ABORT : result);
    }
    if (GetTickCount64() >= deadline) {
      async->Cancel();
      return HRESULT_FROM_WIN32(ERROR_TIMEOUT);
    }
    if (WaitForSingleObject(cancelled_.get(), kPollMillis) == WAIT_OBJECT_0) {
      async->Cancel();
      return E_ABORT;
    }
  }
}

}  // namespace dvx
