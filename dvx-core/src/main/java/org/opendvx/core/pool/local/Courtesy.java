package org.opendvx.core.pool.local;

import java.util.concurrent.TimeUnit;

/** Lets foreground work go first, for a while: work in the background must get on too. */
final class Courtesy {
  private static final int MOST_WAITS = 10;
  private static final long WAIT_MILLIS = 4;

  private Courtesy() {}

  /** Waits while foreground work queues at any drive, 40 ms at the most. */
  static void wait(PoolView view) throws InterruptedException {
    for (int i = 0; i < MOST_WAITS; i++) {
      if (view.usable().stream().noneMatch(drive -> drive.io().busy())) {
        return;
      }
      TimeUnit.MILLISECONDS.sleep(WAIT_MILLIS);
    }
  }
}
