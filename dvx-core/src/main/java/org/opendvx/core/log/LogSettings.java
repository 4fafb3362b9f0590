package org.opendvx.core.log;

import java.time.Duration;

/**
 * Sizes and limits of a log.
 *
 * @param cacheBytes memory for plain chunks
 * @param indexBytes memory for the dedupe index
 * @param tocCacheBytes memory for tables of contents
 * @param containersInFlight containers that may wait to be put before writers have to wait; each
 *     takes 8 MiB of memory, and as many again may be there for tree nodes
 * @param putThreads containers that are written to the pool at the same time
 * @param flushLimit how long a flush of nodes, and a write of a node, wait for the pool
 */
public record LogSettings(
    long cacheBytes,
    long indexBytes,
    long tocCacheBytes,
    int containersInFlight,
    int putThreads,
    Duration flushLimit) {

  /** 256 MiB, 96 MiB, 32 MiB; 8 containers by 2 threads; 30 s. */
  public static final LogSettings DEFAULT =
      new LogSettings(256L << 20, 96L << 20, 32L << 20, 8, 2, Duration.ofSeconds(30));

  /** Checks the numbers. */
  public LogSettings {
    if (cacheBytes < 0
        || indexBytes < 0
        || tocCacheBytes < 0
        || containersInFlight < 1
        || putThreads < 1) {
      throw new IllegalArgumentException("no settings for a log");
    }
  }
}
