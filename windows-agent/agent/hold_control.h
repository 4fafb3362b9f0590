// The requester's side of the hold: it makes what shared/hold.h describes and asks for the release.
#pragma once

#include <mutex>
#include <string>

#include "../shared/hold.h"
#include "text.h"

namespace dvx {

class HoldControl {
 public:
  HoldControl() = default;
  ~HoldControl() { close(); }
  HoldControl(const HoldControl&) = delete;
  HoldControl& operator=(const HoldControl&) = delete;

  /** Makes block and events for one snapshot set; false with the reason in `error`. */
  bool open(DWORD holdLimitMillis, std::string& error);
  void close();

  HANDLE heldEvent() const { return held_.get(); }
  HANDLE releasedEvent() const { return released_.get(); }
  const HoldBlock* block() const { return block_; }

  /** Asks the provider to let go; returns at once. */
  void release(Release reason);

 private:
  void releaseLocked(Release reason);
  void closeLocked();
  bool tryOpen(DWORD holdLimitMillis, bool lastTry, std::string& error);

  /** release() may come from another thread than close(). */
  std::mutex mutex_;
  Handle section_;
  Handle held_;
  Handle release_;
  Handle released_;
  HoldBlock* block_ = nullptr;
};

}  // namespace dvx
