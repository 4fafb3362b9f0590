package org.opendvx.core.pool.local;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * The threads of one drive. Callers never touch a drive on their own thread: one that hangs then
 * costs a bounded wait and a few stuck threads, not the pool. Journal, shard writes, reads and
 * control work have lanes of their own, so that none waits behind another's queue.
 */
final class DriveIo {
  /** Kinds of work, each with its threads. */
  enum Lane {
    JOURNAL(1),
    WRITE(2),
    READ(3),
    CONTROL(1),
    /** Rebuilding, moving and scrubbing: one piece at a time, and nobody waits for it. */
    BACKGROUND(1, 6);

    private final int threads;
    private final int limits;

    Lane(int threads) {
      this(threads, 1);
    }

    Lane(int threads, int limits) {
      this.threads = threads;
      this.limits = limits;
    }

    /** Whether somebody waits for it. */
    private boolean foreground() {
      return this == JOURNAL || this == WRITE || this == READ;
    }
  }

  /** Work on a drive. */
  @FunctionalInterface
  interface Work<T> {
    /** Runs on a thread of the drive. */
    @Nullable T run(Ticket ticket) throws IOException;
  }

  /** Tells work that nobody waits for it any more. */
  interface Ticket {
    /** Throws when the waiter has given up. Asked before steps that must not happen late. */
    void check() throws IOException;

    /**
     * Runs something short that touches memory of the waiter, which does not give up meanwhile.
     *
     * @throws IOException when the waiter has given up
     */
    void whileAwaited(Runnable action) throws IOException;
  }

  /** Work under way. */
  static final class Pending<T> {
    private final DriveIo io;
    private final FutureTask<T> task;
    private final AbandonFlag flag;

    private Pending(DriveIo io, FutureTask<T> task, AbandonFlag flag) {
      this.io = io;
      this.task = task;
      this.flag = flag;
    }

    /**
     * Waits for the result, at most until a deadline; work that is late is abandoned: it does not
     * start any more, or stops at its next {@link Ticket#check()}.
     */
    T await(long deadlineNanos) throws IOException {
      boolean interrupted = false;
      try {
        while (true) {
          try {
            long left = Math.max(0, deadlineNanos - System.nanoTime());
            return task.get(left, TimeUnit.NANOSECONDS);
          } catch (InterruptedException _) {
            // Whether the work is done must be known before the caller may go on.
            interrupted = true;
          } catch (TimeoutException _) {
            flag.abandon();
            task.cancel(false);
            throw new DriveTimeoutException(io.limit.toMillis());
          } catch (CancellationException e) {
            throw new IOException("the drive was closed", e);
          } catch (ExecutionException e) {
            throw rethrown(e);
          }
        }
      } finally {
        if (interrupted) {
          Thread.currentThread().interrupt();
        }
      }
    }

    private static IOException rethrown(ExecutionException e) {
      return switch (e.getCause()) {
        case IOException io -> io;
        case RuntimeException bug -> throw bug;
        case Error error -> throw error;
        case null, default -> new IOException(e);
      };
    }
  }

  private static final class AbandonFlag implements Ticket {
    private boolean abandoned;

    @Override
    public synchronized void check() throws IOException {
      if (abandoned) {
        throw new IOException("given up by its caller");
      }
    }

    @Override
    public synchronized void whileAwaited(Runnable action) throws IOException {
      check();
      action.run();
    }

    private synchronized void abandon() {
      abandoned = true;
    }
  }

  private static final long IDLE_SECONDS = 30;

  private final Map<Lane, ThreadPoolExecutor> lanes = new EnumMap<>(Lane.class);
  private final AtomicInteger running = new AtomicInteger();
  private final LongAdder pieces = new LongAdder();
  private final LongAdder nanos = new LongAdder();
  private final Duration limit;

  /**
   * Threads for a drive.
   *
   * @param limit what a waiter grants one piece of work
   */
  DriveIo(String drive, Duration limit) {
    this.limit = limit;
    for (Lane lane : Lane.values()) {
      String name = "dvx-" + drive + "-" + lane.name().charAt(0);
      ThreadPoolExecutor pool =
          new ThreadPoolExecutor(
              lane.threads,
              lane.threads,
              IDLE_SECONDS,
              TimeUnit.SECONDS,
              new LinkedBlockingQueue<>(),
              Thread.ofPlatform().daemon().name(name, 0).factory());
      pool.allowCoreThreadTimeOut(true);
      lanes.put(lane, pool);
    }
  }

  /** The usual deadline for work that starts now. */
  long deadline() {
    return System.nanoTime() + limit.toNanos();
  }

  /** The deadline for work on a lane that starts now: longer where much may wait before it. */
  long deadline(Lane lane) {
    return System.nanoTime() + lane.limits * limit.toNanos();
  }

  /** Hands work to a lane. */
  <T> Pending<T> start(Lane lane, Work<T> work) {
    AbandonFlag flag = new AbandonFlag();
    FutureTask<T> task =
        new FutureTask<>(
            () -> {
              running.incrementAndGet();
              long start = System.nanoTime();
              try {
                flag.check();
                return work.run(flag);
              } finally {
                running.decrementAndGet();
                if (lane.foreground()) {
                  nanos.add(System.nanoTime() - start);
                  pieces.increment();
                }
              }
            });
    try {
      Objects.requireNonNull(lanes.get(lane)).execute(task);
    } catch (RejectedExecutionException _) {
      task.cancel(false);
    }
    return new Pending<>(this, task, flag);
  }

  /** Runs work on a lane and waits for it, within the usual limit. */
  <T> T call(Lane lane, Work<T> work) throws IOException {
    return start(lane, work).await(deadline(lane));
  }

  /** Pieces of foreground work so far. */
  long pieces() {
    return pieces.sum();
  }

  /** Time that they took on their threads, nanoseconds. */
  long nanos() {
    return nanos.sum();
  }

  /** Whether foreground work waits for a thread. */
  boolean busy() {
    return lanes.entrySet().stream()
        .anyMatch(lane -> lane.getKey().foreground() && !lane.getValue().getQueue().isEmpty());
  }

  /** Pieces of work that are on a thread now, stuck ones included. */
  int running() {
    return running.get();
  }

  /** Starts nothing any more; what runs is left to end by itself. */
  void close() {
    for (ThreadPoolExecutor lane : lanes.values()) {
      lane.shutdown();
      List<Runnable> waiting = new ArrayList<>();
      lane.getQueue().drainTo(waiting);
      for (Runnable task : waiting) {
        ((FutureTask<?>) task).cancel(false);
      }
    }
  }
}
