// The provider's view of the requester's session.
#pragma once

#include "../shared/hold.h"

namespace dvx {

/** A running session of our own requester; opened before the freeze, closed after the thaw. */
class HoldSession {
 public:
  HoldSession() = default;
  ~HoldSession() { close(); }
  HoldSession(const HoldSession&) = delete;
  HoldSession& operator=(const HoldSession&) = delete;

  /** Opens block, events and the requester's process; false when no live session of ours exists. */
  bool open();
  void close();
  bool isOpen() const { return block_ != nullptr; }
  HoldBlock* block() const { return block_; }

  /**
   * Says that writes are held and waits for the requester's word, its death or the limit. It makes
   * three kinds of system calls only: read the clock, set an event, wait. No memory is allocated
   * and nothing is read or written outside of the locked page.
   */
  Release hold();

 private:
  HANDLE section_ = nullptr;
  HANDLE held_ = nullptr;
  HANDLE release_ = nullptr;
  HANDLE released_ = nullptr;
  HANDLE requester_ = nullptr;
  HoldBlock* block_ = nullptr;
  LONGLONG perSecond_ = 0;
};

/** True while our own requester lives and has a session open. */
bool sessionRuns();

}  // namespace dvx
