package org.opendvx.core.datastore;

import java.time.Instant;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Nanoseconds since 1970 that rise with every reading, so that two changes of a file never carry
 * the same time. Thread-safe.
 */
final class WallClock {
  private static final long NANOS = 1_000_000_000L;

  private final AtomicLong last = new AtomicLong();

  long now() {
    Instant instant = Instant.now();
    long nanos = instant.getEpochSecond() * NANOS + instant.getNano();
    return last.accumulateAndGet(nanos, (before, read) -> Math.max(before + 1, read));
  }
}
