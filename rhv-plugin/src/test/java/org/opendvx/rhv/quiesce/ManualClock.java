package org.opendvx.rhv.quiesce;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** Stands still until it is moved. */
final class ManualClock implements ThawClock {
  private final Instant start = Instant.parse("2026-01-01T00:00:00Z");
  private final List<Long> ends = new ArrayList<>();
  private long nanos = Duration.ofHours(1).toNanos();

  synchronized void advance(Duration time) {
    nanos += time.toNanos();
    notifyAll();
  }

  /** How many threads wait for it to be moved. */
  synchronized int waiting() {
    return (int) ends.stream().filter(end -> nanos - end < 0).count();
  }

  @Override
  public synchronized long nanos() {
    return nanos;
  }

  @Override
  public synchronized Instant now() {
    return start.plusNanos(nanos);
  }

  @Override
  public synchronized void pause(Duration time) throws InterruptedException {
    long end = nanos + time.toNanos();
    ends.add(end);
    try {
      while (nanos - end < 0) {
        wait();
      }
    } finally {
      ends.remove(end);
    }
  }
}
