package org.opendvx.rhv.quiesce;

import java.time.Duration;
import java.time.Instant;

/** The clocks of thawing, so that a test need not wait. */
interface ThawClock {
  /** The machine's own. */
  ThawClock SYSTEM =
      new ThawClock() {
        @Override
        public long nanos() {
          return System.nanoTime();
        }

        @Override
        public Instant now() {
          return Instant.now();
        }

        @Override
        public void pause(Duration time) throws InterruptedException {
          Thread.sleep(time);
        }
      };

  /** Monotonic, in nanoseconds from any moment. */
  long nanos();

  /** Time of day, for what has to be known after a restart. */
  Instant now();

  /** Waits. */
  void pause(Duration time) throws InterruptedException;
}
