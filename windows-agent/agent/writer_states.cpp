#include "writer_states.h"

#include <vsserror.h>

#include <algorithm>

namespace dvx {
namespace {

/** As many as a message can name. */
constexpr UINT kMaxWriters = 1024;

std::string failureOf(const std::vector<WriterStatus>& writers) {
  for (const WriterStatus& writer : writers) {
    if (!writer.good()) {
      return "writer " + writer.name + ": " + vssMessage(writer.failure);
    }
  }
  return "";
}

}  // namespace

bool WriterStatus::good() const {
  if (FAILED(failure)) {
    return false;
  }
  switch (state) {
    case VSS_WS_STABLE:
    case VSS_WS_WAITING_FOR_FREEZE:
    case VSS_WS_WAITING_FOR_THAW:
    case VSS_WS_WAITING_FOR_POST_SNAPSHOT:
    case VSS_WS_WAITING_FOR_BACKUP_COMPLETE:
      return true;
    default:
      return false;
  }
}

bool gatherStates(IVssBackupComponents* backup, VssCalls& calls, ULONGLONG deadline,
                  std::vector<WriterStatus>& out) {
  out.clear();
  Com<IVssAsync> async;
  if (!calls.run(backup->GatherWriterStatus(async.out()), async, deadline, "GatherWriterStatus")) {
    return false;
  }
  UINT count = 0;
  bool good = calls.check(backup->GetWriterStatusCount(&count), "GetWriterStatusCount") &&
              (count <= kMaxWriters || calls.fail(E_OUTOFMEMORY, "GetWriterStatusCount"));
  for (UINT i = 0; good && i < count; i++) {
    WriterStatus status;
    BSTR name = nullptr;
    VSS_WRITER_STATE state = VSS_WS_UNKNOWN;
    HRESULT failure = S_OK;
    good = calls.check(
        backup->GetWriterStatus(i, &status.instance, &status.id, &name, &state, &failure),
        "GetWriterStatus");
    if (good) {
      status.name = toUtf8(takeText(name));
      status.state = state;
      status.failure = failure;
      out.push_back(status);
    }
  }
  backup->FreeWriterStatus();
  return good;
}

std::string whyNotAll(const std::vector<WriterStatus>& before,
                      const std::vector<WriterStatus>& after) {
  std::string failed = failureOf(after);
  if (failed.empty()) {
    failed = failureOf(before);
  }
  if (!failed.empty()) {
    return failed;
  }
  for (const WriterStatus& one : before) {
    bool there = std::any_of(after.begin(), after.end(), [&](const WriterStatus& other) {
      return IsEqualGUID(one.instance, other.instance);
    });
    if (!there) {
      return "writer " + one.name + " is gone: it ended during the freeze, or was started anew";
    }
  }
  return "";
}

}  // namespace dvx
