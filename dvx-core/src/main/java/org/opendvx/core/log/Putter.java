package org.opendvx.core.log;

import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.ContainerStore;
import org.opendvx.core.pool.Epoch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts containers in the pool, on a few threads. A put that failed is tried again, the same bytes,
 * with growing pauses, until it succeeds or the host is fenced; the container stays in memory and
 * in the journal meanwhile. Thread-safe.
 */
final class Putter {
  private static final Logger LOG = LoggerFactory.getLogger(Putter.class);
  private static final long FIRST_PAUSE_MILLIS = 50;
  private static final long LONGEST_PAUSE_MILLIS = 2000;

  /** Failing for less than this is a stumble, which waiting cures, and not a refusal. */
  private static final long STUMBLE_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final ContainerStore store;
  private final Epoch epoch;
  private final ScheduledThreadPoolExecutor threads;
  private volatile @Nullable Trouble trouble;

  Putter(ContainerStore store, Epoch epoch, int threadCount) {
    this.store = store;
    this.epoch = epoch;
    this.threads =
        new ScheduledThreadPoolExecutor(
            threadCount, Thread.ofPlatform().daemon().name("log-put-", 1).factory());
    threads.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    threads.setRemoveOnCancelPolicy(true);
  }

  /**
   * Puts a settled container.
   *
   * @param owner told on a put thread what became of it
   */
  void submit(OpenContainer container, Owner owner) {
    schedule(container, owner, 0);
  }

  /** Whoever waits for a container. */
  interface Owner {
    /** The pool has it. */
    void put(OpenContainer container);

    /** It will not be put any more: this host was fenced. */
    void fenced();
  }

  /** Why the last attempt of all failed; null when it did not. */
  @Nullable DvxException failure() {
    Trouble now = trouble;
    return now == null ? null : now.last;
  }

  /** The same, if the pool has been saying for a while that it takes nothing. */
  @Nullable DvxException refusal() {
    Trouble now = trouble;
    if (now == null) {
      return null;
    }
    return switch (now.last.kind()) {
      case CONFLICT -> now.last;
      case UNAVAILABLE, NO_SPACE ->
          System.nanoTime() - now.sinceNanos < STUMBLE_NANOS ? null : now.last;
      default -> null;
    };
  }

  /** No put has succeeded since. */
  private record Trouble(long sinceNanos, DvxException last) {}

  /** Lets running puts end; what waits stays in the journal. */
  void close(Duration limit) {
    threads.shutdown();
    try {
      if (!threads.awaitTermination(limit.toMillis(), TimeUnit.MILLISECONDS)) {
        LOG.warn("A container is still being put after {}; it is in the journal too", limit);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void schedule(OpenContainer container, Owner owner, long pauseMillis) {
    try {
      ScheduledFuture<?> _ =
          threads.schedule(
              () -> attempt(container, owner, pauseMillis), pauseMillis, TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException e) {
      LOG.debug("Container {} is not put any more: the log was closed", container.id(), e);
    }
  }

  private void attempt(OpenContainer container, Owner owner, long pauseMillis) {
    DvxException error = put(container);
    if (error == null) {
      trouble = null;
      owner.put(container);
      return;
    }
    Trouble before = trouble;
    if (before == null) {
      LOG.warn("Containers cannot be put, they wait: {}", error.getMessage());
    }
    trouble = new Trouble(before == null ? System.nanoTime() : before.sinceNanos, error);
    if (error.kind() == Kind.CONFLICT) {
      LOG.error("This host was fenced; container {} is left to its heir", container.id());
      owner.fenced();
      return;
    }
    schedule(
        container, owner, Math.clamp(pauseMillis * 2, FIRST_PAUSE_MILLIS, LONGEST_PAUSE_MILLIS));
  }

  private @Nullable DvxException put(OpenContainer container) {
    try {
      store.put(epoch, container.id(), container.bytes(), container.finish());
      return null;
    } catch (DvxException e) {
      return e;
    } catch (RuntimeException e) {
      return DvxException.of(Kind.INTERNAL, "A container could not be put")
          .causedBy(e)
          .detail("container", container.id())
          .build();
    }
  }
}
