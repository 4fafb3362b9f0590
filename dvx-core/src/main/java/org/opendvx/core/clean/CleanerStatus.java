package org.opendvx.core.clean;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the cleaner did since it was started, and what it knows.
 *
 * @param state what it is doing
 * @param trouble why the last round failed, or why none is made here; null while all is well
 * @param troubleSince since when rounds have failed; null while all is well
 * @param rounds ended
 * @param failures rounds that failed; they are tried again
 * @param deletedContainers containers given back
 * @param deletedBytes bytes of them
 * @param movedSlots live slots copied
 * @param writtenBytes bytes of the containers that they were copied to
 * @param reclaimableBytes garbage, as the last walk estimated it; -1 before the first
 * @param liveBytes bytes of the containers that it looked at which are alive
 * @param condemnedContainers being cleaned
 * @param stuckContainers that cannot be cleaned now, since something in them cannot be read
 * @param movedContainers containers whose slots are elsewhere than their addresses say
 * @param walkedNodes nodes visited by the last walk
 * @param walkSeconds that it took
 * @param waitingWrites that wait for room now
 * @param stuck some of those that cannot be cleaned, and why
 */
public record CleanerStatus(
    State state,
    @Nullable String trouble,
    @Nullable Instant troubleSince,
    long rounds,
    long failures,
    long deletedContainers,
    long deletedBytes,
    long movedSlots,
    long writtenBytes,
    long reclaimableBytes,
    long liveBytes,
    int condemnedContainers,
    int stuckContainers,
    int movedContainers,
    long walkedNodes,
    double walkSeconds,
    int waitingWrites,
    List<Stuck> stuck) {

  /** What the cleaner is doing. */
  public enum State {
    /** It was not started: nothing is given back but on demand. */
    OFF,
    /** It waits for something to do. */
    IDLE,
    /** A round is under way. */
    WORKING,
    /** The last round failed; it is tried again. */
    FAILING,
    /** It may not clean this pool: nothing is given back. */
    REFUSING,
    /** Another host cleans the pool. */
    ELSEWHERE
  }

  /**
   * That of a host that does not clean the pool.
   *
   * @param why who does
   */
  public static CleanerStatus elsewhere(String why) {
    return new CleanerStatus(
        State.ELSEWHERE, why, null, 0, 0, 0, 0, 0, 0, -1, 0, 0, 0, 0, 0, 0, 0, List.of());
  }

  /**
   * A container that is left alone for now.
   *
   * @param since when it was found so last
   */
  public record Stuck(long container, String why, Instant since) {}

  /** Bytes that came back. */
  public long freedBytes() {
    return deletedBytes - writtenBytes;
  }
}
