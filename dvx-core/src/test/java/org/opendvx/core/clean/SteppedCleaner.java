package org.opendvx.core.clean;

import java.time.Duration;
import java.util.function.Consumer;
import org.opendvx.core.datastore.Reclaim;

/** Cleaners for tests: without pauses, greedy, and stopping at every step. */
public final class SteppedCleaner {
  /**
   * Cleans whatever has a tenth of garbage, a few containers at a time. A call that a simulated
   * network loses holds it up for four times the limit of 15 s.
   */
  public static final CleanerSettings GREEDY = taking(12);

  private static CleanerSettings taking(int victims) {
    return new CleanerSettings(
        Duration.ofMillis(5),
        Duration.ZERO,
        1,
        1,
        1L << 40,
        64 << 20,
        victims,
        1L << 30,
        0.1,
        Duration.ofSeconds(15),
        0);
  }

  private SteppedCleaner() {}

  /**
   * A cleaner that tells its steps.
   *
   * @param steps gets the name of each step on the cleaner's thread
   */
  public static Cleaner of(Reclaim store, Consumer<String> steps) {
    return of(store, new OneRoot(store), steps);
  }

  /** The same over all roots of a pool. */
  public static Cleaner of(Reclaim store, Referrers referrers, Consumer<String> steps) {
    return new Cleaner(store, referrers, GREEDY, step -> steps.accept(step.name()));
  }

  /** The same that takes up to so many containers at a time. */
  public static Cleaner of(
      Reclaim store, Referrers referrers, int victims, Consumer<String> steps) {
    return new Cleaner(store, referrers, taking(victims), step -> steps.accept(step.name()));
  }
}
