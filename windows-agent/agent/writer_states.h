// How the writers fare, before and after.
#pragma once

#include <string>
#include <vector>

#include "vss_calls.h"

namespace dvx {

/** A writer as GatherWriterStatus reports it. */
struct WriterStatus {
  std::string name;
  GUID id = {};
  GUID instance = {};
  int state = 0;
  HRESULT failure = 0;

  bool good() const;
};

/** The states of all writers; false, with the error in `calls`, when they are not all known. */
bool gatherStates(IVssBackupComponents* backup, VssCalls& calls, ULONGLONG deadline,
                  std::vector<WriterStatus>& out);

/**
 * Why not every application's data is consistent, empty when it is: a writer failed, before or after the
 * freeze, or one that was there before is not there any more, and nobody knows how it fared.
 */
std::string whyNotAll(const std::vector<WriterStatus>& before,
                      const std::vector<WriterStatus>& after);

}  // namespace dvx
