package org.opendvx.core.datastore;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Slows writes while the pool is nearly full, the more the fuller it is, so that the cleaner keeps
 * up before anything has to be refused. Thread-safe.
 */
final class Pace {
  /** Writes are slowed when less than this part of the pool, and less than the bytes, is free. */
  private static final int ZONE_PART = 20;

  private static final long ZONE_BYTES = 2L << 30;

  /** Bytes a second at the lower and at the upper end of the zone. */
  private static final double SLOWEST = 4 << 20;

  private static final double FASTEST = 512 << 20;
  private static final long LONGEST_WAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  /** When what was let through so far is paid for. */
  private final AtomicLong paidUntil = new AtomicLong(System.nanoTime());

  /**
   * Lets bytes through or says when.
   *
   * @throws NotYet when it is too early
   */
  void take(long bytes, long free, long usable) {
    long zone = Math.min(ZONE_BYTES, usable / ZONE_PART);
    if (free >= zone) {
      return;
    }
    double share = Math.max(0, free) / (double) Math.max(1, zone);
    double rate = SLOWEST + (FASTEST - SLOWEST) * share * share;
    long cost = (long) (bytes / rate * TimeUnit.SECONDS.toNanos(1));
    long now = System.nanoTime();
    long paid = paidUntil.get();
    if (paid - now > 0) {
      throw new TooEarly(Math.min(paid - now, LONGEST_WAIT_NANOS));
    }
    // Whoever loses the race goes through unpaid: the pace is a measure, not a promise.
    boolean _ = paidUntil.compareAndSet(paid, now + cost);
  }

  /** It must wait a moment first. */
  private static final class TooEarly extends NotYet {
    private static final long serialVersionUID = 1L;

    private final long nanos;

    TooEarly(long nanos) {
      super("the pool is nearly full");
      this.nanos = nanos;
    }

    @Override
    void await() throws InterruptedException {
      TimeUnit.NANOSECONDS.sleep(nanos);
    }
  }
}
