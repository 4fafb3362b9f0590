#include "selftest.h"

#include <cstdio>

#include "requester.h"
#include "text.h"
#include "vss_freezer.h"

namespace dvx {
namespace {

constexpr DWORD kPrepareMillis = 180 * 1000;
constexpr DWORD kFreezeMillis = 120 * 1000;
constexpr DWORD kFinishMillis = 240 * 1000;

const char* releaseText(Release release) {
  switch (release) {
    case kReleaseCommitted:
      return "COMMITTED";
    case kReleaseDeadman:
      return "DEADMAN";
    case kReleaseAbort:
      return "ABORT";
    case kReleaseLost:
      return "LOST";
    default:
      return "SYSTEM";
  }
}

void printWriters(const char* when, const std::vector<WriterStatus>& writers) {
  for (const WriterStatus& writer : writers) {
    printf("writer %s: %s state=%d failure=%s %s\n", when, writer.name.c_str(), writer.state,
           hex32(static_cast<unsigned long>(writer.failure)).c_str(),
           writer.good() ? "good" : "FAILED");
  }
}

bool failed(const Requester& requester) {
  const VssError& error = requester.error();
  printf("failed: %s hresult=%s\n", error.message.c_str(),
         hex32(static_cast<unsigned long>(error.code)).c_str());
  printf("selftest: FAILED\n");
  return false;
}

}  // namespace

bool runSelftest(const Settings& settings, const SelftestOptions& options) {
  VolumeChoice choice = chooseVolumes(volumeSource(settings)->list(), {});
  for (const Volume& volume : choice.chosen) {
    printf("volume: %s %s\n", toUtf8(volume.label()).c_str(), toUtf8(volume.fileSystem).c_str());
  }
  for (const SkippedVolume& skipped : choice.skipped) {
    printf("skipped: %s: %s\n", skipped.volume.c_str(), skipped.reason.c_str());
  }
  Requester requester;
  RequesterOptions request;
  request.application = options.application;
  request.holdLimitMillis = options.holdLimitMillis;
  if (!requester.prepare(request, choice.chosen, kPrepareMillis)) {
    return failed(requester);
  }
  printWriters("before", requester.writers());
  fflush(stdout);
  if (!requester.freeze(kFreezeMillis)) {
    printWriters("after", requester.writers());
    return failed(requester);
  }
  // From here to the release: nothing is printed, since a write to a held volume never ends.
  RequesterResult times;
  if (!options.deadman) {
    WaitForSingleObject(requester.releasedEvent(), options.holdMillis);
    requester.release(kReleaseCommitted);
  }
  requester.awaitRelease(kMaxHoldMillis + 4000, times);
  RequesterResult result = requester.finish(kFinishMillis);
  printf("released: %s\n", releaseText(times.released));
  printf("writes held ms: %lld\n", times.writesHeldMillis);
  printf("writers frozen ms: %lld\n", result.writersFrozenMillis);
  printWriters("after", result.writers);
  printf("documents: %zu bytes\n", result.documents.size());
  if (!options.documents.empty() && !writeFileAtomically(options.documents, result.documents)) {
    printf("the documents could not be written: %s\n", systemMessage(GetLastError()).c_str());
  }
  printf("outcome: %s\n", !result.success      ? "FAILED"
                          : result.application ? "APPLICATION"
                                               : "FILE_SYSTEM");
  if (!result.reason.empty()) {
    printf("reason: %s\n", result.reason.c_str());
  }
  bool good;
  if (options.deadman) {
    good = times.released == kReleaseDeadman && !result.success &&
           times.writesHeldMillis <= options.holdLimitMillis + 1000;
  } else {
    good = result.success && (result.application || !options.application);
  }
  printf("selftest: %s\n", good ? "PASSED" : "FAILED");
  return good;
}

}  // namespace dvx
