package org.opendvx.core.nfs.rpc;

import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Completed exchanges on their way back to the event loop: any thread adds, one takes all at once.
 * Whoever adds to an empty queue wakes the taker, so that a burst costs one wake-up.
 */
final class CompletionQueue {
  private final AtomicReference<@Nullable RpcExchange<?>> newest = new AtomicReference<>();

  /** Adds one; true when the taker must be woken. */
  boolean add(RpcExchange<?> exchange) {
    RpcExchange<?> before;
    do {
      before = newest.get();
      exchange.olderCompleted = before;
    } while (!newest.compareAndSet(before, exchange));
    return before == null;
  }

  /** Takes all, oldest first, linked by {@link RpcExchange#olderCompleted}. */
  @Nullable RpcExchange<?> takeAll() {
    RpcExchange<?> each = newest.getAndSet(null);
    RpcExchange<?> reversed = null;
    while (each != null) {
      RpcExchange<?> older = each.olderCompleted;
      each.olderCompleted = reversed;
      reversed = each;
      each = older;
    }
    return reversed;
  }
}
