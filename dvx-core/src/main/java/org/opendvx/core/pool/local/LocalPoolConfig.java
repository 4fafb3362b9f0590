package org.opendvx.core.pool.local;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.JournalStore;

/**
 * How a local pool is set up. Start from {@link #of(List)} and change what differs.
 *
 * @param roots the folders of the drives, in any order; their labels say which is which
 * @param folders opens a folder; other than {@link FileSystemFolder} only in tests
 * @param driveCapacity bytes that the pool may use on each drive; 0: what the file system has free,
 *     shared evenly by the drives on it
 * @param segmentBytes size of a journal segment, a multiple of 4 KiB
 * @param journalSegments live segments that each host's journal may have
 * @param ioLimit how long a drive may take for one piece of work before it is shut out
 * @param probeInterval how often drives are looked after
 * @param openShards shard files kept open for reading
 * @param cachedHeaders shard headers kept in memory
 * @param care when lost shards are rebuilt and drives scrubbed, and how fast
 */
public record LocalPoolConfig(
    List<Path> roots,
    DriveFolder.Factory folders,
    long driveCapacity,
    int segmentBytes,
    int journalSegments,
    Duration ioLimit,
    Duration probeInterval,
    int openShards,
    int cachedHeaders,
    DriveCareSettings care) {

  private static final int DEFAULT_SEGMENT = 16 << 20;
  private static final int DEFAULT_SEGMENTS = 16;
  private static final int DEFAULT_OPEN_SHARDS = 1024;
  private static final int DEFAULT_CACHED_HEADERS = 32 * 1024;
  private static final int LEAST_SEGMENT = 64 << 10;
  private static final int MOST_SEGMENT = 1 << 30;

  /** Checks the values. */
  public LocalPoolConfig {
    roots = List.copyOf(roots);
    require(
        !roots.isEmpty() && roots.size() <= Membership.MAX_DRIVES,
        "A pool has 1 to " + Membership.MAX_DRIVES + " drives, not " + roots.size());
    require(
        roots.stream().map(Path::toAbsolutePath).map(Path::normalize).distinct().count()
            == roots.size(),
        "A drive folder is listed twice");
    require(driveCapacity >= 0, "A drive's capacity is not negative");
    require(
        segmentBytes >= LEAST_SEGMENT
            && segmentBytes <= MOST_SEGMENT
            && segmentBytes % Layout.BLOCK == 0,
        "A journal segment has 64 KiB to 1 GiB, in multiples of 4 KiB");
    require(journalSegments >= 2 && journalSegments <= 4096, "A journal has 2 to 4096 segments");
    require(ioLimit.toMillis() > 0, "The time limit of a drive is positive");
    require(probeInterval.toMillis() > 0, "The interval of the probe is positive");
    require(openShards > 0 && cachedHeaders > 0, "A cache holds at least one entry");
  }

  /** The usual set-up on these folders. */
  public static LocalPoolConfig of(List<Path> roots) {
    return new LocalPoolConfig(
        roots,
        FileSystemFolder::new,
        0,
        DEFAULT_SEGMENT,
        DEFAULT_SEGMENTS,
        Duration.ofSeconds(10),
        Duration.ofMillis(500),
        DEFAULT_OPEN_SHARDS,
        DEFAULT_CACHED_HEADERS,
        DriveCareSettings.DEFAULT);
  }

  /** With other folders underneath. */
  public LocalPoolConfig withFolders(DriveFolder.Factory factory) {
    return new LocalPoolConfig(
        roots,
        factory,
        driveCapacity,
        segmentBytes,
        journalSegments,
        ioLimit,
        probeInterval,
        openShards,
        cachedHeaders,
        care);
  }

  /** With a fixed room for the pool on each drive, in bytes. */
  public LocalPoolConfig withDriveCapacity(long bytes) {
    return new LocalPoolConfig(
        roots,
        folders,
        bytes,
        segmentBytes,
        journalSegments,
        ioLimit,
        probeInterval,
        openShards,
        cachedHeaders,
        care);
  }

  /**
   * With another size of each host's journal.
   *
   * @param segmentSize bytes; the largest batch is 8 KiB less than this, or {@link
   *     JournalStore#MAX_BATCH}
   */
  public LocalPoolConfig withJournal(int segmentSize, int segments) {
    return new LocalPoolConfig(
        roots,
        folders,
        driveCapacity,
        segmentSize,
        segments,
        ioLimit,
        probeInterval,
        openShards,
        cachedHeaders,
        care);
  }

  /** With other times. */
  public LocalPoolConfig withTimes(Duration limit, Duration interval) {
    return new LocalPoolConfig(
        roots,
        folders,
        driveCapacity,
        segmentBytes,
        journalSegments,
        limit,
        interval,
        openShards,
        cachedHeaders,
        care);
  }

  /** With other times and rates of rebuilding and scrubbing. */
  public LocalPoolConfig withCare(DriveCareSettings settings) {
    return new LocalPoolConfig(
        roots,
        folders,
        driveCapacity,
        segmentBytes,
        journalSegments,
        ioLimit,
        probeInterval,
        openShards,
        cachedHeaders,
        settings);
  }

  private static void require(boolean holds, String what) {
    if (!holds) {
      throw DvxException.of(Kind.INVALID, what).remedy("Correct the pool's configuration").build();
    }
  }
}
