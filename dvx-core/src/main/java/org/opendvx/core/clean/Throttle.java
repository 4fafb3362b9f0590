package org.opendvx.core.clean;

import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

/**
 * Holds the cleaner to its budget: after some work it sleeps in proportion, more while the host is
 * busy, and not at all while space is short. Confined to the cleaner's thread.
 */
final class Throttle {
  /** Work between two looks at the clock and the budget. */
  private static final int STEPS = 16;

  private static final long LEAST_SLEEP_NANOS = TimeUnit.MILLISECONDS.toNanos(2);
  private static final long MOST_SLEEP_NANOS = TimeUnit.SECONDS.toNanos(2);
  private static final long HURRY_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

  /** Operations a second from which on the host counts as busy. */
  private static final long BUSY = 100;

  private final CleanerSettings settings;
  private final BooleanSupplier urgent;
  private final BooleanSupplier stopped;
  private final LongSupplier operations;
  private int steps;
  private long bytes;
  private long since = System.nanoTime();
  private long lookedAt = System.nanoTime();
  private long operationsThen;
  private boolean busy;
  private boolean hurried;
  private long hurryAt = System.nanoTime() - HURRY_NANOS;

  /** The cleaner is to end now. */
  static final class StoppedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    StoppedException() {
      super("the cleaner was stopped", null, false, false);
    }
  }

  Throttle(
      CleanerSettings settings,
      BooleanSupplier urgent,
      BooleanSupplier stopped,
      LongSupplier operations) {
    this.settings = settings;
    this.urgent = urgent;
    this.stopped = stopped;
    this.operations = operations;
  }

  /** Some work is to begin after a time of none. */
  void begin() {
    since = System.nanoTime();
    steps = 0;
    bytes = 0;
  }

  /**
   * A piece of work was done; may sleep.
   *
   * @param moved bytes that it moved
   */
  void worked(long moved) {
    bytes += moved;
    if (++steps < STEPS && moved == 0) {
      return;
    }
    steps = 0;
    if (stopped.getAsBoolean()) {
      throw new StoppedException();
    }
    long now = System.nanoTime();
    look(now);
    if (hurried) {
      begin();
      return;
    }
    double share = busy ? settings.busyShare() : settings.share();
    long byTime = (long) ((now - since) * (1 / share - 1));
    long byBytes =
        (long) ((double) bytes / settings.bytesPerSecond() * TimeUnit.SECONDS.toNanos(1))
            - (now - since);
    long sleep = Math.max(byTime, byBytes);
    if (sleep >= LEAST_SLEEP_NANOS) {
      sleep(Math.min(sleep, MOST_SLEEP_NANOS));
      begin();
    }
  }

  private void look(long now) {
    if (now - hurryAt > HURRY_NANOS) {
      hurried = urgent.getAsBoolean();
      hurryAt = now;
    }
    if (now - lookedAt > LOOK_NANOS) {
      long count = operations.getAsLong();
      busy = (count - operationsThen) * TimeUnit.SECONDS.toNanos(1) / (now - lookedAt) > BUSY;
      operationsThen = count;
      lookedAt = now;
    }
  }

  private static void sleep(long nanos) {
    try {
      TimeUnit.NANOSECONDS.sleep(nanos);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      throw new StoppedException();
    }
  }
}
