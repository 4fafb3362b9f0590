// What a platform does in a freeze, behind one interface: VSS on Windows, FIFREEZE on Linux.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "messages.h"

namespace dvx::agent {

/** Writes are not held yet; freeze() may be called. The session is filled in by the state machine. */
struct PreparedEvent {
  std::vector<std::string> volumes;
  std::vector<Skipped> skipped;
  std::vector<Writer> writers;
};
/** Writes are held as of now. */
struct FrozenEvent {
  std::int64_t writersFrozenMillis = 0;
};
/** Writes are no longer held. Comes only after FrozenEvent. kCommitted only if writes were held right up to the
 * handling of release(kCommitted): a dead-man timer that was quicker says kDeadman. */
struct ReleasedEvent {
  Released released = Released::kSystem;
  std::int64_t writersFrozenMillis = 0;
  std::int64_t writesHeldMillis = 0;
};
/** The end: everything is released and cleaned up. `report.session` is filled in by the state machine. */
struct FinishedEvent {
  Report report;
  /** The writers' documents, at most kMaxDocumentBytes; `report.documentSha256` is of these bytes. */
  std::string document;
};
/** The end: it could not; everything is released and cleaned up. */
struct FailedEvent {
  Stage stage = Stage::kPrepare;
  FailureCode code = FailureCode::kSystem;
  std::string message;
  std::string hresult;
};

using FreezerEvent = std::variant<PreparedEvent, FrozenEvent, ReleasedEvent, FinishedEvent, FailedEvent>;

/** Takes the events of a freezer; may be called on any thread; returns at once. */
class FreezerEvents {
 public:
  virtual ~FreezerEvents() = default;
  /** `ticket` is the one that prepare() was given: an event of an older freeze is dropped. */
  virtual void post(std::uint64_t ticket, FreezerEvent event) = 0;
};

/**
 * One freeze at a time. All calls come on the agent's thread and return at once; the work is done on threads or in
 * processes of the freezer's own, which post what happened.
 *
 * For each prepare(): PreparedEvent? FrozenEvent? ReleasedEvent? and then exactly one FinishedEvent or FailedEvent.
 * The freezer, not its caller, holds the limit of the hold (a party that outlives the agent's process does).
 */
class Freezer {
 public:
  virtual ~Freezer() = default;
  virtual void prepare(const Prepare& request, std::uint64_t ticket, FreezerEvents& events) = 0;
  /** After PreparedEvent. Where it takes longer than the limit, the freezer releases and fails with kTimeout. */
  virtual void freeze(std::int64_t limitMillis) = 0;
  /** Let go, at whatever point: kCommitted after the cut; kAbort and kLost also end a preparation. May be called
   * again and after the end. */
  virtual void release(Released reason) = 0;
};

}  // namespace dvx::agent
