package org.opendvx.core.peer;

import java.util.concurrent.TimeUnit;

/** Bytes a second, with a quarter of a second's worth in reserve. Thread-safe. */
public final class TokenBucket {
  private static final double RESERVE_SECONDS = 0.25;

  private double rate;
  private double tokens;
  private long at = System.nanoTime();

  /** A full bucket. */
  public TokenBucket(long bytesPerSecond) {
    this.rate = bytesPerSecond;
    this.tokens = rate * RESERVE_SECONDS;
  }

  /** Sets the rate. */
  public synchronized void rate(double bytesPerSecond) {
    fill();
    rate = bytesPerSecond;
    tokens = Math.min(tokens, rate * RESERVE_SECONDS);
  }

  /** Bytes a second at present. */
  public synchronized double rate() {
    return rate;
  }

  private void fill() {
    long now = System.nanoTime();
    double seconds = (now - at) / (double) TimeUnit.SECONDS.toNanos(1);
    tokens = Math.min(rate * RESERVE_SECONDS, tokens + rate * seconds);
    at = now;
  }

  /** Takes bytes if there is any reserve; may leave a debt. */
  public synchronized boolean tryTake(long bytes) {
    fill();
    if (tokens <= 0) {
      return false;
    }
    tokens -= bytes;
    return true;
  }

  /** Takes bytes; what was not known before, so nobody waits. */
  public synchronized void spend(long bytes) {
    fill();
    tokens -= bytes;
  }

  /** Nanoseconds until there is a reserve again; 0 when there is. */
  public synchronized long waitNanos() {
    fill();
    return tokens > 0 ? 0 : (long) (-tokens / rate * TimeUnit.SECONDS.toNanos(1)) + 1;
  }
}
