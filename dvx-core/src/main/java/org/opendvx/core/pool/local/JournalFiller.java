package org.opendvx.core.pool.local;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Makes the preallocated files of a journal that are not needed at once, beside everything else.
 * What is needed before its turn has come is made when it is needed. Thread-safe.
 */
final class JournalFiller {
  private static final Duration STOP_LIMIT = Duration.ofSeconds(10);

  private final JournalSlots slots;
  private final MembershipKeeper keeper;
  private final int mostSegments;
  private @Nullable Thread thread;

  JournalFiller(JournalSlots slots, MembershipKeeper keeper, int mostSegments) {
    this.slots = slots;
    this.keeper = keeper;
    this.mostSegments = mostSegments;
  }

  /** Begins, unless it is under way. */
  synchronized void start() {
    if (thread == null || !thread.isAlive()) {
      thread = Thread.ofVirtual().name("dvx-journal-fill").start(this::fill);
    }
  }

  private void fill() {
    PoolView view = keeper.view();
    while (!view.failed()
        && slots.makeOneEach(
            view.usable(), LocalJournal.slotsPerDrive(mostSegments, view.usable().size()))) {
      view = keeper.view();
    }
  }

  /** Gives up what is being made; returns when nothing is. */
  synchronized void stop() {
    Thread filling = thread;
    if (filling == null) {
      return;
    }
    slots.stop();
    try {
      boolean _ = filling.join(STOP_LIMIT);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
    thread = null;
    slots.resume();
  }
}
