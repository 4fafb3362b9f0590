package org.opendvx.core.clean;

import org.opendvx.core.clean.CleaningRound.Result;

/** Sums over the rounds. Thread-safe. */
final class CleanerCounters {
  private long rounds;
  private long failures;
  private long deletedContainers;
  private long deletedBytes;
  private long movedSlots;
  private long writtenBytes;
  private long walkedNodes;

  synchronized void ended(Result result) {
    rounds++;
    deletedContainers += result.deleted();
    deletedBytes += result.deletedBytes();
    movedSlots += result.moved();
    writtenBytes += result.writtenBytes();
    walkedNodes = result.census().visited();
  }

  synchronized void failed() {
    failures++;
  }

  synchronized CleanerStatus status(
      long reclaimable, long live, int condemned, int stuck, int moved, long walkNanos) {
    return new CleanerStatus(
        rounds,
        failures,
        deletedContainers,
        deletedBytes,
        movedSlots,
        writtenBytes,
        reclaimable,
        live,
        condemned,
        stuck,
        moved,
        walkedNodes,
        walkNanos / 1e9);
  }
}
