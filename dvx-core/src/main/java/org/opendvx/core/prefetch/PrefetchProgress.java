package org.opendvx.core.prefetch;

import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.vm.VmRef;

/**
 * How far prefetch for a machine's move has come. Bytes are of chunks, 4 KiB each, unless said
 * otherwise.
 *
 * @param id rises with every prefetch of this host
 * @param source the hypervisor host that the machine comes from; empty when unknown or dead
 * @param note what did not go as planned; empty when all did
 * @param announced whether it began before the machine moved
 * @param hotBytes found hot so far
 * @param skippedBytes of them here already
 * @param peerBytes of them fetched from peers
 * @param poolBytes of them fetched from the pool
 * @param missedBytes of them that could not be had or kept
 * @param transferredBytes sealed bytes of what was fetched
 * @param usedBytes of what was fetched and then read here, estimated from a sample
 */
public record PrefetchProgress(
    long id,
    VmRef vm,
    String name,
    String source,
    State state,
    String note,
    boolean announced,
    Instant started,
    @Nullable Instant ended,
    long hotBytes,
    long skippedBytes,
    long peerBytes,
    long poolBytes,
    long missedBytes,
    long transferredBytes,
    long usedBytes) {

  /** What it is doing. */
  public enum State {
    /** Others are fetched for first. */
    WAITING,
    /** Finds out what is hot. */
    LISTING,
    /** Fetches. */
    FETCHING,
    /** Has all that was hot, and looks again until the machine has moved. */
    FOLLOWING,
    /** Done. */
    DONE,
    /** Broken off: the machine went elsewhere, or did not move. */
    CANCELLED,
    /** Could not be done; reads find their way nevertheless. */
    FAILED;

    /** Whether nothing more will be done. */
    public boolean ended() {
      return this == DONE || this == CANCELLED || this == FAILED;
    }
  }

  /** Bytes fetched. */
  public long fetchedBytes() {
    return peerBytes + poolBytes;
  }
}
