package org.opendvx.core.datastore;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
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

  private final Failures failures;
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
      return later(notYet, again.get());
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
    try {
      for (int attempt = 0; ; attempt++) {
        notYet.await();
        try {
          forward(attempt < PATIENCE ? hurried(operation) : operation.get(), result);
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
    try {
      threads.execute(
          () -> {
            try {
              result.complete(work.get());
            } catch (RuntimeException e) {
              result.completeExceptionally(failures.translate(e));
            } catch (Error e) {
              result.completeExceptionally(e);
              throw e;
            }
          });
    } catch (RejectedExecutionException _) {
      result.completeExceptionally(new FileException(FileError.IO, "the datastore is closed"));
    }
    return result;
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

  private static <T> CompletableFuture<T> hurried(Supplier<CompletableFuture<T>> operation) {
    HURRY.set(true);
    try {
      return operation.get();
    } finally {
      HURRY.remove();
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
