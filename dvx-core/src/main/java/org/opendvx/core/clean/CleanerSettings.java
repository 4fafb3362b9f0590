package org.opendvx.core.clean;

import java.time.Duration;

/**
 * How eagerly to clean.
 *
 * @param interval the longest time between two looks at whether there is something to do
 * @param leastPause the shortest time between two walks over everything that is alive, unless space
 *     is short; walks take at most a twentieth of the time besides
 * @param share of one core that cleaning may take while the host is idle, 0 to 1
 * @param busyShare the same while it is busy
 * @param bytesPerSecond bytes moved a second at the most, unless space is short
 * @param memoryBytes for what is known of live slots; with more containers than fit, a walk looks
 *     at a part of them at a time
 * @param victims containers condemned in a round
 * @param movedBytes live bytes copied in a round, about
 * @param leastShare of garbage from which on a container is cleaned while there is much room; with
 *     less room it is less
 * @param drainLimit how long a round waits for operations under way
 * @param leastGarbage bytes in all for which a round is worth it: a round itself writes a
 *     checkpoint, which makes the one before garbage
 */
public record CleanerSettings(
    Duration interval,
    Duration leastPause,
    double share,
    double busyShare,
    long bytesPerSecond,
    long memoryBytes,
    int victims,
    long movedBytes,
    double leastShare,
    Duration drainLimit,
    long leastGarbage) {

  /**
   * 10 s, 60 s; half a core, a seventh when busy; 96 MiB/s; 64 MiB; 512; 1 GiB; 0.6; 60 s; 256 KiB.
   */
  public static final CleanerSettings DEFAULT =
      new CleanerSettings(
          Duration.ofSeconds(10),
          Duration.ofSeconds(60),
          0.5,
          0.15,
          96L << 20,
          64L << 20,
          512,
          1L << 30,
          0.6,
          Duration.ofSeconds(60),
          256 << 10);

  /** The same with another rate. */
  public CleanerSettings withRate(long otherBytesPerSecond) {
    return new CleanerSettings(
        interval,
        leastPause,
        share,
        busyShare,
        otherBytesPerSecond,
        memoryBytes,
        victims,
        movedBytes,
        leastShare,
        drainLimit,
        leastGarbage);
  }

  /** Checks the numbers. */
  public CleanerSettings {
    if (share <= 0
        || share > 1
        || busyShare <= 0
        || busyShare > 1
        || bytesPerSecond < 1
        || memoryBytes < 0
        || victims < 1
        || victims > 16_384
        || movedBytes < 1
        || leastGarbage < 0) {
      throw new IllegalArgumentException("no settings for a cleaner");
    }
  }
}
