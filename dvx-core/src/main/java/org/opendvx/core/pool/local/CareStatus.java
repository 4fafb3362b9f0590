package org.opendvx.core.pool.local;

import java.util.List;

/**
 * What a local pool does for its drives, beside serving.
 *
 * @param drives every drive that counts, by index
 * @param rebuild giving containers the shards that they lack, and emptying drives that leave
 * @param balance moving shards to drives that have fewer
 * @param scrub reading every shard
 */
public record CareStatus(List<DriveCondition> drives, Work rebuild, Work balance, Scrub scrub) {

  /** How far some work is. */
  public enum Phase {
    /** There is nothing to do. */
    IDLE,
    /** A drive is away, and its shards are not yet given up. */
    WAITING,
    RUNNING,
    /** Something keeps it from going on; it is tried again. */
    STUCK
  }

  /**
   * How a drive does.
   *
   * @param leaving whether it is being emptied to be removed
   * @param slow whether it has been much slower than the others for long
   * @param note what is the matter with it, empty when nothing is
   * @param readErrors reads that failed since it was taken into use
   * @param badShards shards that were found damaged or gone on it since then
   * @param meanMicros mean time of a piece of foreground work lately, microseconds
   * @param freeBytes room for shards on it
   */
  public record DriveCondition(
      int index,
      boolean leaving,
      boolean slow,
      String note,
      long readErrors,
      long badShards,
      long meanMicros,
      long freeBytes) {}

  /**
   * Work on many containers.
   *
   * @param total containers, those that were done before a restart included
   * @param done of them
   * @param bytes read and written for it since the pool was opened
   * @param startedMillis when it began, 0 when it did not
   * @param reason what it waits for, or what keeps it from going on
   */
  public record Work(
      Phase phase, long total, long done, long bytes, long startedMillis, String reason) {
    static final Work IDLE = new Work(Phase.IDLE, 0, 0, 0, 0, "");
  }

  /**
   * The scrub that runs, or the last one.
   *
   * @param running whether one does
   * @param total containers
   * @param done of them
   * @param bytes that it read
   * @param startedMillis when it began, 0 when there was none
   * @param finishedMillis when the last complete one ended, 0 when there was none
   * @param found bad shards
   * @param repaired of them
   * @param findings the last ones, newest last
   */
  public record Scrub(
      boolean running,
      long total,
      long done,
      long bytes,
      long startedMillis,
      long finishedMillis,
      long found,
      long repaired,
      List<Finding> findings) {}

  /**
   * A place where a drive does not have what was written there.
   *
   * @param millis when it was found
   * @param drive index
   * @param path the drive's folder
   * @param offset where in the shard's file the first bad block begins, 0 for its header
   * @param what damaged, gone, or not readable
   * @param repaired whether the shard was written anew
   */
  public record Finding(
      long millis,
      int drive,
      String path,
      long container,
      int shard,
      long offset,
      String what,
      boolean repaired) {}
}
