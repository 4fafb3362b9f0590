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
 */
public record DriveCareSettings(
    Duration rebuildDelay, long rebuildRate, Duration scrubEvery, long scrubRate) {
  private static final long LEAST_RATE = 1 << 20;

  /** Ten minutes and 200 MiB/s; every two weeks at 32 MiB/s. */
  public static final DriveCareSettings DEFAULT =
      new DriveCareSettings(Duration.ofMinutes(10), 200L << 20, Duration.ofDays(14), 32L << 20);

  /** Checks the values. */
  public DriveCareSettings {
    if (rebuildDelay.isNegative() || scrubEvery.isNegative()) {
      throw DvxException.of(Kind.INVALID, "A time of the drives is not negative").build();
    }
    if (rebuildRate < LEAST_RATE || scrubRate < LEAST_RATE) {
      throw DvxException.of(Kind.INVALID, "A rate of the drives is at least 1 MiB a second")
          .build();
    }
  }

  /** With another delay and rate of rebuilding. */
  public DriveCareSettings withRebuild(Duration delay, long rate) {
    return new DriveCareSettings(delay, rate, scrubEvery, scrubRate);
  }

  /** With another interval and rate of scrubbing. */
  public DriveCareSettings withScrub(Duration every, long rate) {
    return new DriveCareSettings(rebuildDelay, rebuildRate, every, rate);
  }
}
