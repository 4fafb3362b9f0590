package org.opendvx.core.nfs.rpc;

import org.jspecify.annotations.Nullable;

/**
 * The exchanges of a connection that are not complete, oldest first. Confined to the event loop.
 */
final class PendingExchanges {
  private @Nullable RpcExchange<?> oldest;
  private @Nullable RpcExchange<?> newest;
  private int count;
  private long replyBytes;

  int count() {
    return count;
  }

  long replyBytes() {
    return replyBytes;
  }

  void add(RpcExchange<?> exchange) {
    RpcExchange<?> last = newest;
    exchange.olderPending = last;
    newest = exchange;
    if (last == null) {
      oldest = exchange;
    } else {
      last.newerPending = exchange;
    }
    count++;
    replyBytes += exchange.replyBytes;
  }

  void remove(RpcExchange<?> exchange) {
    RpcExchange<?> older = exchange.olderPending;
    RpcExchange<?> newer = exchange.newerPending;
    if (older == null) {
      oldest = newer;
    } else {
      older.newerPending = newer;
    }
    if (newer == null) {
      newest = older;
    } else {
      newer.olderPending = older;
    }
    exchange.olderPending = null;
    exchange.newerPending = null;
    count--;
    replyBytes -= exchange.replyBytes;
  }

  /** The oldest that has not expired, if it started before the given time. */
  @Nullable RpcExchange<?> nextOverdue(long startedBefore) {
    for (RpcExchange<?> each = oldest; each != null; each = each.newerPending) {
      if (each.started - startedBefore >= 0) {
        return null;
      }
      if (!each.expired) {
        return each;
      }
    }
    return null;
  }
}
