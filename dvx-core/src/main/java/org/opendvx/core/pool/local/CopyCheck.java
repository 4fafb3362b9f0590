package org.opendvx.core.pool.local;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A while after a journal was replayed, has those copies of its segments read that the replay did
 * not read whole. By then most segments are given up: the first checkpoint has made them useless.
 * Thread-safe.
 */
final class CopyCheck {
  private static final Logger LOG = LoggerFactory.getLogger(CopyCheck.class);
  private static final Duration STOP_LIMIT = Duration.ofSeconds(10);

  private final Runnable check;
  private final Duration pause;
  private @Nullable Thread thread;

  /**
   * Not begun yet.
   *
   * @param check ends soon when its thread is interrupted
   * @param pause before it
   */
  CopyCheck(Runnable check, Duration pause) {
    this.check = check;
    this.pause = pause;
  }

  /** Begins, unless it is under way. */
  synchronized void start() {
    if (thread == null || !thread.isAlive()) {
      thread = Thread.ofVirtual().name("dvx-journal-check").start(this::run);
    }
  }

  private void run() {
    try {
      Thread.sleep(pause);
      check.run();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      LOG.warn("The copies of the journal were not all checked", e);
    }
  }

  /** Breaks it off; returns when nothing is done any more. */
  synchronized void stop() {
    Thread checking = thread;
    if (checking == null) {
      return;
    }
    checking.interrupt();
    try {
      boolean _ = checking.join(STOP_LIMIT);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
    thread = null;
  }
}
