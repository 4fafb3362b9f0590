package org.opendvx.core.prefetch;

import java.util.concurrent.TimeUnit;
import org.opendvx.core.peer.TokenBucket;

/**
 * How fast is fetched: at most a configured rate; and slower as soon as answers take much longer
 * than the fastest ones did, which is when network, flash or processors are busy with what somebody
 * waits for. Thread-safe.
 */
final class FetchPace {
  private static final double SLOWER = 0.7;
  private static final int STEPS = 16;
  private static final int LEAST_PART = 32;
  private static final int TOLERATED = 4;
  private static final double TOLERATED_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  /** The best time seen is forgotten slowly: conditions change. */
  private static final double FORGET = 1.01;

  private static final long LONGEST_WAIT = TimeUnit.MILLISECONDS.toNanos(250);

  private final double most;
  private final TokenBucket bucket;
  private double best = Double.MAX_VALUE;

  FetchPace(long bytesPerSecond) {
    this.most = bytesPerSecond;
    this.bucket = new TokenBucket(bytesPerSecond);
  }

  /** Nanoseconds to wait before the next batch; asked again after them. */
  long waitNanos() {
    return Math.min(LONGEST_WAIT, bucket.waitNanos());
  }

  /** A batch came. */
  synchronized void fetched(long bytes, int chunks, long nanos) {
    bucket.spend(bytes);
    if (chunks == 0) {
      return;
    }
    double each = (double) nanos / chunks;
    best = Math.min(best * FORGET, each);
    boolean slow = each > TOLERATED * best && nanos > TOLERATED_NANOS;
    double rate = bucket.rate();
    bucket.rate(
        slow ? Math.max(most / LEAST_PART, rate * SLOWER) : Math.min(most, rate + most / STEPS));
  }

  /** Bytes a second at present. */
  double rate() {
    return bucket.rate();
  }
}
