#include "session.h"

namespace dvx {
namespace {

/** A thread may run so much after its time: the wait ends that much sooner. */
constexpr DWORD kWakeMillis = 10;

LONGLONG creationTime(HANDLE process) {
  FILETIME created, exited, kernel, user;
  if (!GetProcessTimes(process, &created, &exited, &kernel, &user)) {
    return 0;
  }
  return (static_cast<LONGLONG>(created.dwHighDateTime) << 32) | created.dwLowDateTime;
}

void closeHandle(HANDLE& handle) {
  if (handle != nullptr) {
    CloseHandle(handle);
    handle = nullptr;
  }
}

}  // namespace

bool HoldSession::open() {
  if (isOpen()) {
    return true;
  }
  section_ = OpenFileMappingW(FILE_MAP_READ | FILE_MAP_WRITE, FALSE, kSectionName);
  if (section_ != nullptr) {
    block_ = static_cast<HoldBlock*>(
        MapViewOfFile(section_, FILE_MAP_READ | FILE_MAP_WRITE, 0, 0, sizeof(HoldBlock)));
  }
  if (block_ == nullptr || block_->magic != kHoldMagic || block_->version != kHoldVersion) {
    close();
    return false;
  }
  requester_ =
      OpenProcess(SYNCHRONIZE | PROCESS_QUERY_LIMITED_INFORMATION, FALSE, block_->requesterProcess);
  held_ = OpenEventW(EVENT_MODIFY_STATE, FALSE, kHeldEventName);
  release_ = OpenEventW(SYNCHRONIZE, FALSE, kReleaseEventName);
  released_ = OpenEventW(EVENT_MODIFY_STATE, FALSE, kReleasedEventName);
  if (requester_ == nullptr || held_ == nullptr || release_ == nullptr || released_ == nullptr ||
      WaitForSingleObject(requester_, 0) != WAIT_TIMEOUT ||
      creationTime(requester_) != block_->requesterStarted) {
    close();
    return false;
  }
  // A page fault while file systems are held could wait for itself. Failing to lock is no reason
  // to refuse: the page was just touched.
  VirtualLock(block_, sizeof(HoldBlock));
  perSecond_ = ticksPerSecond();
  return true;
}

void HoldSession::close() {
  if (block_ != nullptr) {
    VirtualUnlock(block_, sizeof(HoldBlock));
    UnmapViewOfFile(block_);
    block_ = nullptr;
  }
  closeHandle(section_);
  closeHandle(held_);
  closeHandle(release_);
  closeHandle(released_);
  closeHandle(requester_);
}

Release HoldSession::hold() {
  HoldBlock* block = block_;
  LONGLONG start = block->preCommitTicks;
  LONGLONG now = ticksNow();
  if (start == 0) {
    start = now;
  }
  DWORD limit = block->holdLimitMillis < kMaxHoldMillis ? block->holdLimitMillis : kMaxHoldMillis;
  limit = limit < 2 * kWakeMillis ? 2 * kWakeMillis : limit;
  LONGLONG deadline = start + perSecond_ * (limit - kWakeMillis) / 1000;
  block->heldTicks = now;
  SetEvent(held_);

  HANDLE waited[2] = {release_, requester_};
  Release result = kReleaseDeadman;
  while (now < deadline) {
    DWORD left = static_cast<DWORD>((deadline - now) * 1000 / perSecond_) + 1;
    DWORD woken = WaitForMultipleObjects(2, waited, FALSE, left);
    if (woken == WAIT_OBJECT_0) {
      result = block->command == kReleaseCommitted ? kReleaseCommitted : kReleaseAbort;
      break;
    }
    if (woken == WAIT_OBJECT_0 + 1) {
      result = kReleaseLost;
      break;
    }
    if (woken != WAIT_TIMEOUT) {
      result = kReleaseSystem;
      break;
    }
    now = ticksNow();
  }
  now = ticksNow();
  if (result == kReleaseCommitted && now >= deadline) {
    // The word came, but too late: the limit had passed when this thread ran again.
    result = kReleaseDeadman;
  }
  block->releasedTicks = now;
  InterlockedExchange(&block->released, result);
  SetEvent(released_);
  return result;
}

bool sessionRuns() {
  HoldSession session;
  return session.open();
}

}  // namespace dvx
