package org.opendvx.core.nfs;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

/** Waits for what other threads do. */
final class Waiting {
  private static final long LIMIT_SECONDS = 20;
  private static final long STEP_MILLIS = 1;

  private Waiting() {}

  /** Until the condition holds; fails when that takes too long. */
  static void until(String what, Callable<Boolean> condition) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
    while (!condition.call()) {
      assertTrue(System.nanoTime() < end, "waited too long until " + what);
      Thread.sleep(STEP_MILLIS);
    }
  }
}
