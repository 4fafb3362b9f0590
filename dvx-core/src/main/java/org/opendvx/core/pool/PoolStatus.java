package org.opendvx.core.pool;

import java.util.List;

/**
 * The pool's health, redundancy and room at one moment.
 *
 * @param health see {@link Health}
 * @param summary one sentence for a person: what is wrong and what can still be lost, or that all
 *     is well
 * @param toleratedLosses how many more drives may be lost without losing data
 * @param generation the membership generation
 * @param drives every member, by index
 * @param capacity bytes
 * @param containers how many there are
 * @param degradedContainers how many of them lack at least one shard
 */
public record PoolStatus(
    Health health,
    String summary,
    int toleratedLosses,
    long generation,
    List<Drive> drives,
    Capacity capacity,
    long containers,
    long degradedContainers) {

  /** Whether the pool serves. */
  public enum Health {
    /** All drives are there and every write survives the loss of any two. */
    HEALTHY,
    /** Serves, but with fewer drives or less redundancy than it should have. */
    DEGRADED,
    /** Too few drives: nothing is acknowledged, reads are served where enough shards are left. */
    FAILED
  }

  /** What a drive is to the pool. */
  public enum DriveState {
    /** Takes part. */
    ACTIVE,
    /** Shut out after an error or its disappearance; its journal and records are not believed. */
    EVICTED,
    /** A member that does not answer and could not be shut out any more; awaited. */
    MISSING
  }

  /**
   * One drive.
   *
   * @param path the folder
   * @param reason why it is not active, empty when it is
   * @param totalBytes room for the pool on it
   * @param usedBytes of it in use by shards and journal
   * @param shards container shards on it
   */
  public record Drive(
      int index,
      String id,
      String path,
      DriveState state,
      String reason,
      long totalBytes,
      long usedBytes,
      long shards) {}

  /**
   * Room in bytes.
   *
   * @param rawBytes of all active drives
   * @param usableBytes what of it can hold container bytes after parity and journal
   * @param freeBytes usable and not used; what a container put now could take
   * @param reserveBytes part of free that is kept for checkpoints and deletes
   */
  public record Capacity(long rawBytes, long usableBytes, long freeBytes, long reserveBytes) {}
}
