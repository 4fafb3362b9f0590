package org.opendvx.core.cluster;

import java.time.Duration;

/**
 * Time limits of a host among others.
 *
 * @param lease how long a host may answer after the last renewal was sent; 3 s at the most
 * @param renewal pause between renewals
 * @param margin how much longer than a lease others wait, for clocks that differ in speed
 * @param tick pause between looks at the other hosts and their roots
 * @param call how long an answer of a peer is awaited
 * @param route how long an operation looks for a host that answers before it is told BUSY
 * @param hold how long acknowledgements are withheld for a cut at the most; 1 s at the most
 * @param settle how long the frozen files of a cut may take to become durable
 * @param stopped how long a giver waits for the taker before it finds out by itself
 * @param residence how long a file stays where it came before it moves for mere use
 * @param forwards operations forwarded within a second that let a file move to the host that
 *     forwards; 0 for never
 * @param ownCreated whether a file moves to the host that created it
 * @param confirmMachines whether a host that was declared dead refuses changes of files until a
 *     hypervisor adapter has confirmed that their machine runs there: see {@link FrontBar}
 */
public record ClusterSettings(
    Duration lease,
    Duration renewal,
    Duration margin,
    Duration tick,
    Duration call,
    Duration route,
    Duration hold,
    Duration settle,
    Duration stopped,
    Duration residence,
    int forwards,
    boolean ownCreated,
    boolean confirmMachines) {
  private static final Duration LONGEST_LEASE = Duration.ofSeconds(3);
  private static final Duration LONGEST_HOLD = Duration.ofSeconds(1);

  /** 3 s, 750 ms, 500 ms, 250 ms; 5 s, 25 s; 800 ms, 10 s; 2 s, 5 s; 256; yes; no. */
  public static final ClusterSettings DEFAULT =
      new ClusterSettings(
          LONGEST_LEASE,
          Duration.ofMillis(750),
          Duration.ofMillis(500),
          Duration.ofMillis(250),
          Duration.ofSeconds(5),
          Duration.ofSeconds(25),
          Duration.ofMillis(800),
          Duration.ofSeconds(10),
          Duration.ofSeconds(2),
          Duration.ofSeconds(5),
          256,
          true,
          false);

  /** With or without confirmation of machines after this host was declared dead. */
  public ClusterSettings withConfirmation(boolean confirm) {
    return new ClusterSettings(
        lease,
        renewal,
        margin,
        tick,
        call,
        route,
        hold,
        settle,
        stopped,
        residence,
        forwards,
        ownCreated,
        confirm);
  }

  /** Checks the limits that safety rests on. */
  public ClusterSettings {
    if (lease.compareTo(LONGEST_LEASE) > 0
        || hold.compareTo(LONGEST_HOLD) > 0
        || hold.multipliedBy(2).compareTo(lease) > 0
        || renewal.multipliedBy(2).compareTo(lease) > 0
        || margin.isNegative()) {
      throw new IllegalArgumentException("no settings for hosts");
    }
  }
}
