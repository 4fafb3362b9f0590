package org.opendvx.core.vm;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Names for restore points that nobody named: the machine's name and the time in UTC.
 *
 * <p>No two are given the same stamp, for machines of two hypervisors may have one name, and one
 * machine may be cut twice in a millisecond. Thread-safe.
 */
final class SnapshotNames {
  private static final DateTimeFormatter STAMP =
      DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss.SSS", Locale.ROOT).withZone(ZoneOffset.UTC);
  private static final int MAX_BASE = 120;

  /** A stamp further ahead than this is of a clock that was set back since. */
  private static final long AHEAD_MILLIS = 1_000;

  private final Clock clock;
  private final AtomicLong last = new AtomicLong(Long.MIN_VALUE);

  SnapshotNames(Clock clock) {
    this.clock = clock;
  }

  /**
   * A name not given before.
   *
   * @param what it was taken for, empty for nothing special
   */
  String next(VmDescription vm, String what) {
    // A machine's name can hold what a snapshot's name cannot.
    String base = vm.name().replaceAll("[/\\x00-\\x1f]", "_");
    base = base.length() <= MAX_BASE ? base : base.substring(0, MAX_BASE);
    return base + (what.isEmpty() ? "" : "-" + what) + "-" + STAMP.format(stamp());
  }

  private Instant stamp() {
    long now = clock.millis();
    return Instant.ofEpochMilli(
        last.updateAndGet(given -> given < now || given > now + AHEAD_MILLIS ? now : given + 1));
  }
}
