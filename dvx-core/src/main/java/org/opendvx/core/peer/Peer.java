package org.opendvx.core.peer;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

/** What is known of a peer: how fast it answers, and whether it is to be asked. Thread-safe. */
final class Peer {
  private static final int STRIKES = 3;
  private static final int SILENCES = 3;
  private static final long FIRST_REST = TimeUnit.SECONDS.toNanos(1);
  private static final long LONGEST_REST = TimeUnit.SECONDS.toNanos(60);
  private static final double WEIGHT = 0.2;

  /** Above the usual time of an answer, before somebody else is asked. */
  private static final int PATIENCE = 4;

  final String name;
  final LongAdder chunks = new LongAdder();
  final LongAdder bytes = new LongAdder();
  final LongAdder damaged = new LongAdder();
  final LongAdder failures = new LongAdder();
  private final PeerSettings settings;
  private double usualNanos;
  private int strikes;
  private int silences;
  private long rest = FIRST_REST;
  private long restUntil = System.nanoTime();
  private String reason = "";

  Peer(String name, PeerSettings settings) {
    this.name = name;
    this.settings = settings;
  }

  /** Whether it may be asked now. */
  synchronized boolean usable() {
    return System.nanoTime() - restUntil >= 0;
  }

  /** Why it is not asked; empty when it is. */
  synchronized String reason() {
    return usable() ? "" : reason;
  }

  /** How long an answer usually takes. */
  synchronized double usualNanos() {
    return usualNanos;
  }

  /** How long to wait for it before somebody else is asked. */
  synchronized long hedgeNanos() {
    long least = settings.leastHedge().toNanos();
    long most = settings.mostHedge().toNanos();
    return usualNanos == 0 ? most : Math.clamp((long) (usualNanos * PATIENCE), least, most);
  }

  /** It answered. */
  synchronized void answered(long nanos) {
    usualNanos = usualNanos == 0 ? nanos : usualNanos + WEIGHT * (nanos - usualNanos);
    silences = 0;
    rest = FIRST_REST;
  }

  /** It did not answer, or not in time. */
  synchronized void silent() {
    failures.increment();
    if (++silences >= SILENCES) {
      silences = 0;
      restUntil = System.nanoTime() + rest;
      rest = Math.min(LONGEST_REST, rest * 2);
      reason = "it did not answer in time";
    }
  }

  /** It sent a slot that is not what was asked for; flash that rots can do that, a few times. */
  synchronized void damaged() {
    damaged.increment();
    if (++strikes >= STRIKES) {
      exclude("it sent slots that are not what was asked for");
    }
  }

  /** It does not keep to the protocol. */
  synchronized void broke(String why) {
    failures.increment();
    exclude("it does not keep to the protocol: " + why);
  }

  private void exclude(String why) {
    strikes = 0;
    restUntil = System.nanoTime() + settings.exclusion().toNanos();
    reason = why;
  }

  Duration usual() {
    return Duration.ofNanos((long) usualNanos());
  }
}
