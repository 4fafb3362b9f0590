package org.opendvx.core.clean;

import java.time.Duration;
import java.util.function.Consumer;
import org.opendvx.core.datastore.Reclaim;

/** Cleaners for tests: without pauses, greedy, and stopping at every step. */
public final class SteppedCleaner {
  /** Cleans whatever has a tenth of garbage, a few containers at a time. */
  public static final CleanerSettings GREEDY =
      new CleanerSettings(
          Duration.ofMillis(5),
          Duration.ZERO,
          1,
          1,
          1L << 40,
          64 << 20,
          12,
          1L << 30,
          0.1,
          Duration.ofSeconds(60),
          0);

  private SteppedCleaner() {}

  /**
   * A cleaner that tells its steps.
   *
   * @param steps gets the name of each step on the cleaner's thread
   */
  public static Cleaner of(Reclaim store, Consumer<String> steps) {
    return new Cleaner(store, GREEDY, step -> steps.accept(step.name()));
  }
}
