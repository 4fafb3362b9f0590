package org.opendvx.core.datastore;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.log.Passage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs operations: at first on the caller's thread, where nothing may wait; when one says {@link
 * NotYet}, again on a virtual thread, which waits between the attempts but not within them, so that
 * no lock is ever held over a disk access. An operation that was disturbed very often may wait with
 * its locks held, so that each ends.
 */
final class Attempts implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Attempts.class);
  private static final int PATIENCE = 200;
  private static final long CLOSE_SECONDS = 40;

  /** Set while an operation runs that must not wait. */
  private static final ThreadLocal<Boolean> HURRY = new ThreadLocal<>();

  /** Failures to read that are put down to the cleaner: what was looked up had been replaced. */
  private static final int STALE_READS = 3;

  private final Failures failures;

  /** Those who may hold addresses of chunks and nodes. */
  private final Passage users = new Passage();

  private final ExecutorService threads =
      Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("datastore-", 0).factory());

  Attempts(Failures failures) {
    this.failures = failures;
  }

  /** Whether the current thread may wait for disks here. */
  static boolean mayWait() {
    return HURRY.get() == null;
  }

  /** Runs an operation; its failures are in the future. */
  <T> CompletableFuture<T> run(Supplier<CompletableFuture<T>> operation) {
    return run(operation, () -> operation);
  }

  /**
   * Runs an operation; its failures are in the future.
   *
   * @param again asked, on the caller's thread, for the operation to run later if this one says
   *     {@link NotYet}
   */
  <T> CompletableFuture<T> run(
      Supplier<CompletableFuture<T>> operation, Supplier<Supplier<CompletableFuture<T>>> again) {
    try {
      return hurried(operation);
    } catch (NotYet notYet) {
      return later(notYet, Expiry.carried(again.get()));
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(failures.translate(e));
    }
  }

  /** Waits on a virtual thread and runs the operation there. */
  private <T> CompletableFuture<T> later(NotYet notYet, Supplier<CompletableFuture<T>> operation) {
    CompletableFuture<T> result = new CompletableFuture<>();
    try {
      threads.execute(() -> repeat(notYet, operation, result));
    } catch (RejectedExecutionException _) {
      result.completeExceptionally(new FileException(FileError.IO, "the datastore is closed"));
    }
    return result;
  }

  private <T> void repeat(
      NotYet first, Supplier<CompletableFuture<T>> operation, CompletableFuture<T> result) {
    NotYet notYet = first;
    int failed = 0;
    try {
      for (int attempt = 0; ; attempt++) {
        try {
          notYet.await();
        } catch (DvxException e) {
          // Nobody holds addresses while waiting: what was to be read may be gone for good reason.
          if (e.kind() != Kind.CORRUPT || ++failed > STALE_READS) {
            throw e;
          }
        }
        try {
          forward(attempt < PATIENCE ? hurried(operation) : inside(operation), result);
          return;
        } catch (NotYet again) {
          notYet = again;
        }
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      result.completeExceptionally(new FileException(FileError.BUSY, "interrupted"));
    } catch (RuntimeException e) {
      result.completeExceptionally(failures.translate(e));
    } catch (Error e) {
      result.completeExceptionally(e);
      throw e;
    }
  }

  /** Runs work that needs a disk and no lock on a virtual thread. */
  <T> CompletableFuture<T> blocking(Supplier<T> work) {
    CompletableFuture<T> result = new CompletableFuture<>();
    int ticket = users.enter();
    boolean started = false;
    try {
      threads.execute(
          () -> {
            try {
              result.complete(use(ticket, work));
            } catch (RuntimeException e) {
              result.completeExceptionally(failures.translate(e));
            } catch (Error e) {
              result.completeExceptionally(e);
              throw e;
            }
          });
      started = true;
    } catch (RejectedExecutionException _) {
      result.completeExceptionally(new FileException(FileError.IO, "the datastore is closed"));
    } finally {
      if (!started) {
        users.leave(ticket);
      }
    }
    return result;
  }

  private <T> T use(int ticket, Supplier<T> work) {
    try {
      return work.get();
    } finally {
      users.leave(ticket);
    }
  }

  /** Runs work on this thread that reads trees or chunks: what it finds is not taken away. */
  <T> T inside(Supplier<T> work) {
    return use(users.enter(), work);
  }

  /**
   * Waits until all have ended who may have looked addresses up before the call; false when the
   * limit passed first.
   */
  boolean awaitUsers(Duration limit) throws InterruptedException {
    return users.await(limit.toNanos());
  }

  /** Attempts so far. */
  long count() {
    return users.entries();
  }

  /**
   * Runs a step of an operation that holds no lock: it may wait unless the thread is a caller's.
   */
  static <T> T withoutLocks(Supplier<T> step) {
    return Thread.currentThread().isVirtual() ? patiently(step) : step.get();
  }

  /** Runs a step that must not be broken off: it may wait, whatever thread it is. */
  static <T> T patiently(Supplier<T> step) {
    if (mayWait()) {
      return step.get();
    }
    HURRY.remove();
    try {
      return step.get();
    } finally {
      HURRY.set(true);
    }
  }

  private <T> CompletableFuture<T> hurried(Supplier<CompletableFuture<T>> operation) {
    int ticket = users.enter();
    HURRY.set(true);
    try {
      return operation.get();
    } finally {
      HURRY.remove();
      users.leave(ticket);
    }
  }

  private static <T> void forward(CompletableFuture<T> from, CompletableFuture<T> to) {
    var _ =
        from.whenComplete(
            (value, failure) -> {
              if (failure == null) {
                to.complete(value);
              } else {
                to.completeExceptionally(failure);
              }
            });
  }

  /** Lets what runs end. */
  @Override
  public void close() {
    threads.shutdown();
    try {
      if (!threads.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)) {
        LOG.warn("Operations still wait after {} s; they are broken off", CLOSE_SECONDS);
        threads.shutdownNow();
      }
    } catch (InterruptedException _) {
      threads.shutdownNow();
      Thread.currentThread().interrupt();
    }
  }
}
