package org.opendvx.core.pool.local;

import java.util.concurrent.TimeUnit;

/** Holds work in the background to a number of bytes a second. Thread-safe. */
final class Pace {
  /** Bytes that were not used lately are granted at once, for so long a time. */
  private static final long SLACK_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  private final long bytesPerSecond;
  private long next = System.nanoTime();

  Pace(long bytesPerSecond) {
    this.bytesPerSecond = bytesPerSecond;
  }

  /**
   * Waits until work that was done fits the rate.
   *
   * @throws InterruptedException when the pool is being closed
   */
  void worked(long bytes) throws InterruptedException {
    long wait;
    synchronized (this) {
      long now = System.nanoTime();
      if (next - (now - SLACK_NANOS) < 0) {
        next = now - SLACK_NANOS;
      }
      next += (long) ((double) bytes / bytesPerSecond * TimeUnit.SECONDS.toNanos(1));
      wait = next - now;
    }
    if (wait > 0) {
      TimeUnit.NANOSECONDS.sleep(wait);
    }
  }
}
