#include "hold_control.h"

#include <sddl.h>

namespace dvx {
namespace {

/** SYSTEM, which the service and the provider are. */
constexpr wchar_t kSystemOnly[] = L"D:P(A;;GA;;;SY)";

/**
 * And the account that runs the agent: SYSTEM again for the service; an administrator for `selftest`
 * in a console.
 */
std::wstring accessList() {
  std::wstring list = kSystemOnly;
  HANDLE token = nullptr;
  if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token)) {
    return list;
  }
  Handle closer(token);
  unsigned char buffer[512];
  DWORD length = 0;
  wchar_t* text = nullptr;
  if (GetTokenInformation(token, TokenUser, buffer, sizeof buffer, &length) &&
      ConvertSidToStringSidW(reinterpret_cast<TOKEN_USER*>(buffer)->User.Sid, &text)) {
    list += std::wstring(L"(A;;GA;;;") + text + L")";
    LocalFree(text);
  }
  return list;
}

constexpr int kTries = 20;
constexpr DWORD kTryMillis = 100;

class Descriptor {
 public:
  Descriptor() {
    ConvertStringSecurityDescriptorToSecurityDescriptorW(accessList().c_str(), SDDL_REVISION_1,
                                                         &descriptor_, nullptr);
    attributes_.nLength = sizeof attributes_;
    attributes_.lpSecurityDescriptor = descriptor_;
    attributes_.bInheritHandle = FALSE;
  }
  ~Descriptor() { LocalFree(descriptor_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  SECURITY_ATTRIBUTES* get() { return descriptor_ == nullptr ? nullptr : &attributes_; }

 private:
  PSECURITY_DESCRIPTOR descriptor_ = nullptr;
  SECURITY_ATTRIBUTES attributes_ = {};
};

LONGLONG ownCreationTime() {
  FILETIME created, exited, kernel, user;
  if (!GetProcessTimes(GetCurrentProcess(), &created, &exited, &kernel, &user)) {
    return 0;
  }
  return (static_cast<LONGLONG>(created.dwHighDateTime) << 32) | created.dwLowDateTime;
}

}  // namespace

bool HoldControl::open(DWORD holdLimitMillis, std::string& error) {
  for (int i = 0; i < kTries - 1; i++) {
    error.clear();
    if (tryOpen(holdLimitMillis, false, error)) {
      return true;
    }
    if (!error.empty()) {
      return false;
    }
    Sleep(kTryMillis);
  }
  return tryOpen(holdLimitMillis, true, error);
}

bool HoldControl::tryOpen(DWORD holdLimitMillis, bool lastTry, std::string& error) {
  std::lock_guard<std::mutex> lock(mutex_);
  closeLocked();
  Descriptor descriptor;
  if (descriptor.get() == nullptr) {
    error = "cannot make the access list of the hold objects: " + systemMessage(GetLastError());
    return false;
  }
  section_.reset(CreateFileMappingW(INVALID_HANDLE_VALUE, descriptor.get(), PAGE_READWRITE, 0,
                                    sizeof(HoldBlock), kSectionName));
  bool foreign = section_ && GetLastError() == ERROR_ALREADY_EXISTS;
  Handle* events[3] = {&held_, &release_, &released_};
  const wchar_t* names[3] = {kHeldEventName, kReleaseEventName, kReleasedEventName};
  for (int i = 0; i < 3 && section_ && !foreign; i++) {
    events[i]->reset(CreateEventW(descriptor.get(), TRUE, FALSE, names[i]));
    foreign = *events[i] && GetLastError() == ERROR_ALREADY_EXISTS;
    if (!*events[i]) {
      error = "cannot make " + toUtf8(names[i]) + ": " + systemMessage(GetLastError());
      closeLocked();
      return false;
    }
  }
  if (foreign && !lastTry) {
    // The provider of the set before may still be closing its handles.
    closeLocked();
    return false;
  }
  if (foreign) {
    // Another session, or a program that squats on the names: neither may steer a freeze.
    closeLocked();
    error = "another session of the agent, or another program, holds the names of the hold objects";
    return false;
  }
  if (section_) {
    block_ = static_cast<HoldBlock*>(
        MapViewOfFile(section_.get(), FILE_MAP_READ | FILE_MAP_WRITE, 0, 0, sizeof(HoldBlock)));
  }
  if (block_ == nullptr) {
    error = "cannot make the hold block: " + systemMessage(GetLastError());
    closeLocked();
    return false;
  }
  block_->requesterProcess = GetCurrentProcessId();
  block_->requesterStarted = ownCreationTime();
  block_->holdLimitMillis = holdLimitMillis < kMaxHoldMillis ? holdLimitMillis : kMaxHoldMillis;
  block_->version = kHoldVersion;
  block_->magic = kHoldMagic;
  return true;
}

void HoldControl::release(Release reason) {
  std::lock_guard<std::mutex> lock(mutex_);
  releaseLocked(reason);
}

void HoldControl::close() {
  std::lock_guard<std::mutex> lock(mutex_);
  closeLocked();
}

void HoldControl::releaseLocked(Release reason) {
  if (block_ != nullptr) {
    InterlockedCompareExchange(&block_->command, reason, kReleaseNone);
    SetEvent(release_.get());
  }
}

void HoldControl::closeLocked() {
  if (block_ != nullptr) {
    // A provider that comes too late finds no session.
    block_->magic = 0;
    releaseLocked(kReleaseAbort);
    UnmapViewOfFile(block_);
    block_ = nullptr;
  }
  section_.reset(nullptr);
  held_.reset(nullptr);
  release_.reset(nullptr);
  released_.reset(nullptr);
}

}  // namespace dvx
