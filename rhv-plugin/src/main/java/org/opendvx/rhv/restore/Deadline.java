package org.opendvx.rhv.restore;

import java.time.Duration;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/** A point in time until which something is tried. */
final class Deadline {
  private static final long LOOK_MILLIS = 250;

  /** For an engine that starts again or is not reached for a while. */
  static final Duration AWAY = Duration.ofMinutes(1);

  /** For what an engine refuses because something else is going on. */
  static final Duration REFUSED = Duration.ofSeconds(5);

  private final long end;

  Deadline(Duration limit) {
    end = System.nanoTime() + limit.toNanos();
  }

  boolean passed() {
    return System.nanoTime() - end >= 0;
  }

  Duration left() {
    return Duration.ofNanos(Math.max(Duration.ofSeconds(1).toNanos(), end - System.nanoTime()));
  }

  /** The earlier one. */
  Deadline or(Duration limit) {
    Duration left = left();
    return left.compareTo(limit) < 0 ? this : new Deadline(limit);
  }

  /** Waits a moment before something is looked at again. */
  static void pause(String doing) {
    try {
      Thread.sleep(LOOK_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw DvxException.of(Kind.UNAVAILABLE, doing).cause("interrupted").causedBy(e).build();
    }
  }
}
