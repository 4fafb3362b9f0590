package org.opendvx.core.log;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Tells when all who were under way at some moment have ended: whoever uses chunk addresses enters,
 * and leaves; whoever is about to take something away from them waits for those that entered
 * before. Nobody who enters ever waits. Thread-safe.
 *
 * <p>Two pairs of counters, of which one is in use at a time (as in "sleepable read-copy-update"):
 * waiting means to wait for what is left over in the idle pair, to change the pairs, and to wait
 * until the other one is idle. Counters of those who left are summed up before those of who
 * entered, so that equal sums mean that nobody was in between.
 */
public final class Passage {
  private static final int STRIPES = 32;

  /** Longs between two stripes, so that they do not share cache lines. */
  private static final int STRIDE = 8;

  private static final long PAUSE_NANOS = 200_000;

  private final AtomicLongArray[] entered = {counters(), counters()};
  private final AtomicLongArray[] left = {counters(), counters()};
  private volatile int phase;

  private static AtomicLongArray counters() {
    return new AtomicLongArray(STRIPES * STRIDE);
  }

  /** Enters; what it gives must be handed to {@link #leave} once, by any thread. */
  public int enter() {
    int pair = phase;
    entered[pair].getAndIncrement(stripe());
    return pair;
  }

  /** Leaves. */
  public void leave(int ticket) {
    left[ticket].getAndIncrement(stripe());
  }

  /**
   * Waits until all who entered before the call have left.
   *
   * @return false when the limit passed first
   */
  public synchronized boolean await(long limitNanos) throws InterruptedException {
    long end = System.nanoTime() + limitNanos;
    int current = phase;
    if (!awaitIdle(1 - current, end)) {
      return false;
    }
    phase = 1 - current;
    return awaitIdle(current, end);
  }

  /** How often somebody entered. */
  public long entries() {
    return sum(entered[0]) + sum(entered[1]);
  }

  private boolean awaitIdle(int pair, long end) throws InterruptedException {
    while (!idle(pair)) {
      if (System.nanoTime() - end > 0) {
        return false;
      }
      TimeUnit.NANOSECONDS.sleep(PAUSE_NANOS);
    }
    return true;
  }

  private boolean idle(int pair) {
    long gone = sum(left[pair]);
    return sum(entered[pair]) == gone;
  }

  private static long sum(AtomicLongArray counters) {
    long sum = 0;
    for (int i = 0; i < STRIPES; i++) {
      sum += counters.get(i * STRIDE);
    }
    return sum;
  }

  private static int stripe() {
    long id = Thread.currentThread().threadId();
    return ((int) id & (STRIPES - 1)) * STRIDE;
  }
}
