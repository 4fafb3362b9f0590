package org.opendvx.core.pool.local;

import java.time.Duration;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/**
 * When the shards of a lost drive are written elsewhere, when drives are scrubbed, and how fast.
 *
 * @param rebuildDelay how long a drive may be away before its shards are written elsewhere
 * @param rebuildRate bytes that rebuilding, draining and rebalancing read and write a second
 * @param scrubEvery how often every shard is read; zero: only when asked to
 * @param scrubRate bytes that a scrub reads a second
 * @param ballast bytes on every drive that are given up when its file system is full, at most
 *     {@link #MOST_BALLAST}; 0 for none
 * @param ballastDelay how long after the start it is made the first time
 */
public record DriveCareSettings(
    Duration rebuildDelay,
    long rebuildRate,
    Duration scrubEvery,
    long scrubRate,
    long ballast,
    Duration ballastDelay) {
  /** Larger is of no use: records, labels and checkpoints are small. */
  public static final long MOST_BALLAST = 16L << 30;

  private static final long LEAST_RATE = 1 << 20;

  /** Ten minutes and 200 MiB/s; every two weeks at 32 MiB/s; no ballast. */
  public static final DriveCareSettings DEFAULT =
      new DriveCareSettings(
          Duration.ofMinutes(10), 200L << 20, Duration.ofDays(14), 32L << 20, 0, Duration.ZERO);

  /** Checks the values. */
  public DriveCareSettings {
    if (rebuildDelay.isNegative() || scrubEvery.isNegative()) {
      throw DvxException.of(Kind.INVALID, "A time of the drives is not negative").build();
    }
    if (ballast < 0 || ballastDelay.isNegative()) {
      throw DvxException.of(Kind.INVALID, "The ballast of a drive is not negative").build();
    }
    if (ballast > MOST_BALLAST) {
      throw DvxException.of(Kind.INVALID, "The ballast of a drive is at most 16 GiB").build();
    }
    if (rebuildRate < LEAST_RATE || scrubRate < LEAST_RATE) {
      throw DvxException.of(Kind.INVALID, "A rate of the drives is at least 1 MiB a second")
          .build();
    }
  }

  /** With another delay and rate of rebuilding. */
  public DriveCareSettings withRebuild(Duration delay, long rate) {
    return new DriveCareSettings(delay, rate, scrubEvery, scrubRate, ballast, ballastDelay);
  }

  /** With another interval and rate of scrubbing. */
  public DriveCareSettings withScrub(Duration every, long rate) {
    return new DriveCareSettings(rebuildDelay, rebuildRate, every, rate, ballast, ballastDelay);
  }

  /** With another ballast. */
  public DriveCareSettings withBallast(long bytes, Duration delay) {
    return new DriveCareSettings(rebuildDelay, rebuildRate, scrubEvery, scrubRate, bytes, delay);
  }
}
