package org.opendvx.core.cluster;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

/** Work that waits, on virtual threads. */
final class Tasks {
  /** A virtual thread for each task. */
  static final Executor EXECUTOR = task -> Thread.ofVirtual().name("cluster").start(task);

  private Tasks() {}

  static <T> CompletableFuture<T> start(Supplier<T> work) {
    CompletableFuture<T> result = new CompletableFuture<>();
    EXECUTOR.execute(
        () -> {
          try {
            result.complete(work.get());
          } catch (RuntimeException e) {
            result.completeExceptionally(e);
          } catch (Error e) {
            result.completeExceptionally(e);
            throw e;
          }
        });
    return result;
  }
}
