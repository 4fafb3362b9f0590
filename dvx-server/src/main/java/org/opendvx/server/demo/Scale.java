package org.opendvx.server.demo;

import java.time.Duration;

/**
 * How much the demonstration does.
 *
 * @param chunks scattered over the large disk
 * @param snapshots taken under load
 * @param beforeCut load between two snapshots
 * @param imageBytes size of each disk of the small machine
 * @param contentBytes files in each of them, at most
 * @param neededBytes of disk space, at the most that is used at a time
 * @param liveStep every so manyeth chunk is read again from the live disk
 */
public record Scale(
    int chunks,
    int snapshots,
    Duration beforeCut,
    long imageBytes,
    long contentBytes,
    long neededBytes,
    int liveStep) {
  private static final long MIB = 1L << 20;
  private static final long GIB = 1L << 30;

  /** Size of the large disk, the first of the large machine. */
  public static final long LARGE_DISK = 500 * GIB;

  /** The part of it over which chunks are scattered; what writes go round in lies behind it. */
  public static final long SCATTERED = 480 * GIB;

  /** Where the rings begin on the large disk. */
  public static final long RING_START = 490 * GIB;

  /** Size of each other disk of the large machine. */
  public static final long OTHER_DISK = 8 * GIB;

  /** Disks of the large machine. */
  public static final int DISKS = 10;

  /** Sequences of dependent writes that run side by side. */
  public static final int SEQUENCES = 4;

  /** Slots of each sequence on each disk. */
  public static final int SLOTS = 16;

  /** What a newcomer sees. */
  public static Scale full() {
    return new Scale(1_000_000, 20, Duration.ofMillis(1200), 320 * MIB, 220 * MIB, 12 * GIB, 1);
  }

  /** What a test has time for. */
  public static Scale quick() {
    return new Scale(40_000, 5, Duration.ofMillis(500), 48 * MIB, 24 * MIB, 3 * GIB, 1);
  }
}
