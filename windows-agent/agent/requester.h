// The VSS requester: one snapshot set from preparation to its documents.
#pragma once

#include <windows.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "hold_control.h"
#include "volumes.h"
#include "vss_calls.h"
#include "writer_states.h"

namespace dvx {

struct RequesterOptions {
  /** False: file systems only, no writer is asked. */
  bool application = true;
  /** VSS_BT_FULL instead of VSS_BT_COPY. */
  bool full = false;
  DWORD holdLimitMillis = kMaxHoldMillis;
};

/** How a finished set ended. */
struct RequesterResult {
  bool success = false;
  /** All writers ended well and the backup was completed. */
  bool application = false;
  /** Writes were held until they were released by word. */
  bool held = false;
  Release released = kReleaseNone;
  LONGLONG writersFrozenMillis = 0;
  LONGLONG writesHeldMillis = 0;
  std::vector<WriterStatus> writers;
  /** The writers' documents, UTF-8 XML. */
  std::string documents;
  std::string reason;
  VssError error;
};

/**
 * Calls of one object come from one thread, except release() and cancel(). Every error path aborts
 * the backup; so does the destructor.
 */
class Requester {
 public:
  Requester();
  ~Requester();
  Requester(const Requester&) = delete;
  Requester& operator=(const Requester&) = delete;

  /** All that may take long: writers' metadata, the set, PrepareForBackup. Nothing is held after. */
  bool prepare(const RequesterOptions& options, const std::vector<Volume>& volumes,
               DWORD limitMillis);

  /** Writers' states after prepare(). */
  const std::vector<WriterStatus>& writers() const;

  /** DoSnapshotSet, until writes are held. */
  bool freeze(DWORD limitMillis);

  /** Asks for the release; any thread. */
  void release(Release reason);

  /** Waits for the provider's word that it let go; the times are those of the provider. */
  bool awaitRelease(DWORD limitMillis, RequesterResult& result);

  /** Collects how it ended: states, SetBackupSucceeded, BackupComplete, documents; or AbortBackup. */
  RequesterResult finish(DWORD limitMillis);

  /** AbortBackup; safe in every state, twice as well. */
  void abort();

  /** Makes every wait of the other calls end soon; any thread. */
  void cancel();

  const VssError& error() const;
  /** Milliseconds since the writers were frozen, at most; 0 before. */
  LONGLONG writersFrozenMillis() const;
  HANDLE releasedEvent() const;
  bool stillHeld() const;

 private:
  void complete(ULONGLONG deadline, RequesterResult& result);

  struct State;
  std::unique_ptr<State> state_;
};

/** COM for the whole process, with the security that VSS asks of a requester. */
HRESULT initializeCom();

}  // namespace dvx
