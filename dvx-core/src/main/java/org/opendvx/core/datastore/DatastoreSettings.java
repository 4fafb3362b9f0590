package org.opendvx.core.datastore;

import java.time.Duration;
import org.opendvx.core.journal.JournalSettings;
import org.opendvx.core.log.LogSettings;

/**
 * Sizes and limits of a datastore.
 *
 * @param log of the log
 * @param journal of the journal
 * @param nodeCacheBytes memory for clean tree nodes
 * @param recentFiles clean files kept in memory
 * @param checkpointInterval the longest that changes wait for a checkpoint
 * @param checkpointUsage share of the journal's room whose use starts a checkpoint, 0 to 1
 * @param checkpointFiles changed files whose number starts a checkpoint
 * @param freezeBatch changed files that a checkpoint freezes at a time, while changes are held off
 * @param roomLimit how long a change waits for room in journal or log before it is told BUSY
 * @param closeLimit how long a clean stop waits for the pool
 * @param accessInterval a time of access older than this is renewed by a read
 */
public record DatastoreSettings(
    LogSettings log,
    JournalSettings journal,
    long nodeCacheBytes,
    int recentFiles,
    Duration checkpointInterval,
    double checkpointUsage,
    int checkpointFiles,
    int freezeBatch,
    Duration roomLimit,
    Duration closeLimit,
    Duration accessInterval) {

  /** 128 MiB of nodes, 10,000 files; 30 s, half full, 20,000 files, by 256; 30 s, 30 s, 24 h. */
  public static final DatastoreSettings DEFAULT =
      new DatastoreSettings(
          LogSettings.DEFAULT,
          JournalSettings.DEFAULT,
          128L << 20,
          10_000,
          Duration.ofSeconds(30),
          0.5,
          20_000,
          256,
          Duration.ofSeconds(30),
          Duration.ofSeconds(30),
          Duration.ofHours(24));

  /** Checks the numbers. */
  public DatastoreSettings {
    if (nodeCacheBytes < 0
        || recentFiles < 1
        || checkpointUsage <= 0
        || checkpointUsage > 1
        || checkpointFiles < 1
        || freezeBatch < 1) {
      throw new IllegalArgumentException("no settings for a datastore");
    }
  }

  /** The same with other limits of the log. */
  public DatastoreSettings withLog(LogSettings other) {
    return with(other, nodeCacheBytes, checkpointInterval);
  }

  /** The same with other memory for clean tree nodes. */
  public DatastoreSettings withNodeCache(long bytes) {
    return with(log, bytes, checkpointInterval);
  }

  /** The same with another longest time that changes wait for a checkpoint. */
  public DatastoreSettings withCheckpoints(Duration interval) {
    return with(log, nodeCacheBytes, interval);
  }

  private DatastoreSettings with(LogSettings other, long nodeCache, Duration interval) {
    return new DatastoreSettings(
        other,
        journal,
        nodeCache,
        recentFiles,
        interval,
        checkpointUsage,
        checkpointFiles,
        freezeBatch,
        roomLimit,
        closeLimit,
        accessInterval);
  }
}
