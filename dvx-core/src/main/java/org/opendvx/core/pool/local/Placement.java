package org.opendvx.core.pool.local;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/**
 * The layout map's one rule: a new stripe goes to the drives that are least full, no drive twice.
 * Drives that are about equally full are ordered by a hash of container and drive, which spreads
 * stripes over all combinations of drives (declustering) and parity over all drives.
 */
final class Placement {
  /** Drives whose fill differs by less than so many shards count as equally full. */
  private static final int SLACK_SHARDS = 16;

  private Placement() {}

  /** A drive that could take a shard. */
  record Candidate(Drive drive, long used, long total) {
    boolean hasRoomFor(long bytes) {
      return total - used >= bytes;
    }

    /** Fill in steps that a few shards do not change. */
    private long level(long step) {
      return Math.round((double) used / Math.max(1, total) * (1L << 40)) / Math.max(1, step);
    }
  }

  /**
   * Chooses drives for shards.
   *
   * @param bytes what each shard takes
   * @return as many drives as asked for, by shard; fewer when too few have room
   */
  static List<Drive> choose(
      Collection<Candidate> candidates, long containerId, int shards, long bytes) {
    long largest = 1;
    for (Candidate candidate : candidates) {
      largest = Math.max(largest, candidate.total());
    }
    long step = Math.round((double) bytes * SLACK_SHARDS / largest * (1L << 40));
    List<Candidate> roomy = new ArrayList<>();
    for (Candidate candidate : candidates) {
      if (candidate.hasRoomFor(bytes)) {
        roomy.add(candidate);
      }
    }
    roomy.sort(
        Comparator.comparingLong((Candidate candidate) -> candidate.level(step))
            .thenComparingLong(candidate -> hash(containerId, candidate.drive().index())));
    List<Drive> chosen = new ArrayList<>();
    for (Candidate candidate : roomy.subList(0, Math.min(shards, roomy.size()))) {
      chosen.add(candidate.drive());
    }
    chosen.sort(Comparator.comparingLong(drive -> hash(~containerId, drive.index())));
    return chosen;
  }

  /** Mixes all bits of both (the finalizer of SplitMix64). */
  private static long hash(long containerId, int drive) {
    long z = containerId * 0x9E3779B97F4A7C15L + (drive + 1) * 0xD1B54A32D192ED03L;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
