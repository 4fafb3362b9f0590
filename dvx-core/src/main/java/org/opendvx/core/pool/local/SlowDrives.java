package org.opendvx.core.pool.local;

import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds drives that answer, but take much longer than the others do for the same kind of work: they
 * slow everything down, and often fail soon. They are reported first, and suspected when it lasts;
 * nothing is shut out for it. One thread looks; any may ask.
 */
final class SlowDrives {
  private static final Logger LOG = LoggerFactory.getLogger(SlowDrives.class);

  /** Fewer pieces of work say nothing. */
  private static final int LEAST_PIECES = 16;

  private static final long LEAST_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
  private static final int TIMES_THE_OTHERS = 8;
  private static final int LEAST_OTHERS = 2;

  private final Duration reportAfter;
  private final Duration suspectAfter;
  private final LongSupplier clock;
  private final Map<Drive, Pace> paces = new ConcurrentHashMap<>();

  /** What is known of a drive. */
  private static final class Pace {
    private long pieces;
    private long nanos;
    private volatile long mean;
    private long slowSince;
    private boolean slowNow;
    private boolean reported;
    private volatile boolean suspected;
  }

  /**
   * Nothing is known yet.
   *
   * @param clock nanoseconds
   */
  SlowDrives(Duration reportAfter, Duration suspectAfter, LongSupplier clock) {
    this.reportAfter = reportAfter;
    this.suspectAfter = suspectAfter;
    this.clock = clock;
  }

  /** Takes note of what the drives did since the last look. */
  void look(Collection<Drive> drives) {
    paces.keySet().retainAll(drives);
    for (Drive drive : drives) {
      Pace pace = paces.computeIfAbsent(drive, _ -> new Pace());
      long pieces = drive.io().pieces() - pace.pieces;
      if (pieces >= LEAST_PIECES) {
        long nanos = drive.io().nanos();
        pace.mean = (nanos - pace.nanos) / pieces;
        pace.nanos = nanos;
        pace.pieces += pieces;
      }
    }
    paces.forEach(this::judge);
  }

  private void judge(Drive drive, Pace pace) {
    long[] others =
        paces.entrySet().stream()
            .filter(other -> !other.getKey().equals(drive))
            .mapToLong(other -> other.getValue().mean)
            .filter(mean -> mean > 0)
            .sorted()
            .toArray();
    boolean slow =
        others.length >= LEAST_OTHERS
            && pace.mean > LEAST_NANOS
            && pace.mean > TIMES_THE_OTHERS * others[others.length / 2];
    long now = clock.getAsLong();
    if (!slow) {
      if (pace.suspected) {
        LOG.info("{} is as fast as the others again", drive);
      }
      pace.slowNow = false;
      pace.reported = false;
      pace.suspected = false;
      return;
    }
    if (!pace.slowNow) {
      pace.slowNow = true;
      pace.slowSince = now;
    }
    long nanos = now - pace.slowSince;
    if (nanos >= reportAfter.toNanos() && !pace.reported) {
      pace.reported = true;
      LOG.warn(
          "{} takes {} us for what the others do in {}",
          drive,
          TimeUnit.NANOSECONDS.toMicros(pace.mean),
          Arrays.stream(others).map(TimeUnit.NANOSECONDS::toMicros).boxed().toList());
    }
    if (nanos >= suspectAfter.toNanos() && !pace.suspected) {
      pace.suspected = true;
      LOG.warn("{} has been much slower than the others for {}: suspected", drive, suspectAfter);
    }
  }

  /** Mean time of a piece of foreground work lately, microseconds; 0 when it is not known. */
  long meanMicros(Drive drive) {
    Pace pace = paces.get(drive);
    return pace == null ? 0 : TimeUnit.NANOSECONDS.toMicros(pace.mean);
  }

  /** Whether a drive has been much slower than the others for long. */
  boolean suspects(Drive drive) {
    Pace pace = paces.get(drive);
    return pace != null && pace.suspected;
  }
}
