package org.opendvx.core.clean;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.clean.CleanerStatus.State;
import org.opendvx.core.clean.CleanerStatus.Stuck;
import org.opendvx.core.clean.CleaningRound.Result;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/** Sums over the rounds, and how the last one ended. Thread-safe. */
final class CleanerCounters {
  private long rounds;
  private long failures;
  private long deletedContainers;
  private long deletedBytes;
  private long movedSlots;
  private long writtenBytes;
  private long walkedNodes;
  private double walkSeconds;
  private boolean started;
  private boolean working;
  private boolean refused;
  private @Nullable String trouble;
  private @Nullable Instant troubleSince;

  /** Rounds are made in the background from now on. */
  synchronized void started() {
    started = true;
  }

  synchronized void begun() {
    working = true;
  }

  synchronized void ended(Result result, double seconds) {
    rounds++;
    deletedContainers += result.deleted();
    deletedBytes += result.deletedBytes();
    movedSlots += result.moved();
    writtenBytes += result.writtenBytes();
    walkedNodes = result.census().visited();
    walkSeconds = seconds;
    trouble = null;
    troubleSince = null;
    refused = false;
  }

  /** The round that had begun is over, whatever became of it. */
  synchronized void over() {
    working = false;
  }

  synchronized void failed(Exception failure) {
    failures++;
    refused = failure instanceof DvxException known && known.kind() == Kind.UNSUPPORTED;
    trouble = said(failure);
    if (troubleSince == null) {
      troubleSince = Instant.now();
    }
  }

  private static String said(Exception failure) {
    if (failure instanceof DvxException known) {
      String details = known.report().details().isEmpty() ? "" : " " + known.report().details();
      return known.getMessage() + details;
    }
    return "Unexpected: " + failure;
  }

  private State state() {
    if (refused) {
      return State.REFUSING;
    }
    if (trouble != null) {
      return State.FAILING;
    }
    if (working) {
      return State.WORKING;
    }
    return started ? State.IDLE : State.OFF;
  }

  synchronized CleanerStatus status(
      long reclaimable,
      long live,
      int condemned,
      int stuck,
      int moved,
      int waiting,
      List<Stuck> listed) {
    return new CleanerStatus(
        state(),
        trouble,
        troubleSince,
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
        walkSeconds,
        waiting,
        listed);
  }
}
