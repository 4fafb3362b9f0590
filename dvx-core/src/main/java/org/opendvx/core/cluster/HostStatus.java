package org.opendvx.core.cluster;

import java.util.List;
import org.opendvx.core.log.LogStatistics;

/**
 * What a host knows of itself among the others, from memory.
 *
 * @param leaseHeld whether it may answer
 * @param leaseNanos for how long yet; not above 0 when it may not
 * @param life rises by one each time it joins
 * @param roots that it serves
 * @param barred whether changes of files are refused until their machines are confirmed to run here
 * @param localOperations that were carried out here
 * @param forwarded operations that went to another host
 * @param reads where chunks were found
 * @param traffic between this host and its peers
 * @param handOvers of files that came here
 */
public record HostStatus(
    boolean leaseHeld,
    long leaseNanos,
    long life,
    List<String> roots,
    boolean barred,
    long localOperations,
    long forwarded,
    Reads reads,
    PeerNetwork.Traffic traffic,
    HandOvers handOvers) {

  /**
   * Chunks that were read.
   *
   * @param memory from memory
   * @param farther from flash, peers or the pool
   */
  public record Reads(long memory, long farther) {
    static final Reads NONE = new Reads(0, 0);

    Reads plus(LogStatistics log) {
      return new Reads(memory + log.cacheHits(), farther + log.cacheMisses());
    }
  }

  /**
   * Hand-overs.
   *
   * @param sumNanos of all
   * @param longestNanos of the slowest
   * @param lastNanos of the last one
   */
  public record HandOvers(long count, long sumNanos, long longestNanos, long lastNanos) {}

  /**
   * A host as another one sees it.
   *
   * @param state HELD, RELEASED or DEAD
   * @param endpoint where peers reach it
   * @param roots that it serves
   */
  public record Seen(String host, String state, long life, String endpoint, List<String> roots) {}

  /**
   * Where a file is served.
   *
   * @param root its owner
   * @param host which serves that root; empty when none does now
   */
  public record Place(long file, String root, String host) {}
}
