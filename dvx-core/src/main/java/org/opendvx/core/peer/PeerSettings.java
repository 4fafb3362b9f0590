package org.opendvx.core.peer;

import java.time.Duration;

/**
 * Limits of chunk traffic between hosts.
 *
 * @param leastHedge how long an answer is awaited at least before somebody else is asked
 * @param mostHedge how long at the most
 * @param call how long an answer that nobody waits for may take
 * @param summaries pause between exchanges of summaries
 * @param summaryBytes memory for what is known of the peers' caches, all together
 * @param serveBytes bytes a second that are served to peers; what is above is refused
 * @param serveAtOnce requests of one peer that are served at the same time
 * @param exclusion how long a peer that sent wrong bytes is not asked
 */
public record PeerSettings(
    Duration leastHedge,
    Duration mostHedge,
    Duration call,
    Duration summaries,
    long summaryBytes,
    long serveBytes,
    int serveAtOnce,
    Duration exclusion) {

  /** 10 ms, 100 ms, 2 s; 5 s; 256 MiB; 1 GiB/s, 16; 10 min. */
  public static final PeerSettings DEFAULT =
      new PeerSettings(
          Duration.ofMillis(10),
          Duration.ofMillis(100),
          Duration.ofSeconds(2),
          Duration.ofSeconds(5),
          256L << 20,
          1L << 30,
          16,
          Duration.ofMinutes(10));

  /** Checks the numbers. */
  public PeerSettings {
    if (leastHedge.compareTo(mostHedge) > 0
        || mostHedge.compareTo(call) > 0
        || summaryBytes < 0
        || serveBytes < 1
        || serveAtOnce < 1) {
      throw new IllegalArgumentException("no settings for chunks of peers");
    }
  }
}
