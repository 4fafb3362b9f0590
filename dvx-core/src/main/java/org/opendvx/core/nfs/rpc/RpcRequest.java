package org.opendvx.core.nfs.rpc;

import io.netty.buffer.ByteBuf;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * One decoded call: starts the work, then writes the reply's body. The methods are called one after
 * another, {@link #start} on the event loop of the call's connection, the others there or, for
 * requests that are answered from a cache, on the thread that completed the work.
 *
 * @param <R> what the work results in
 */
public abstract class RpcRequest<R> {
  /** Bytes that any reply without variable parts fits in. */
  protected static final int SMALL_REPLY = 512;

  /** Starts the work. */
  public abstract CompletableFuture<? extends R> start(ReplySpace space);

  /** The most bytes that {@link #writeReply} writes; not asked when space was reserved. */
  public int replyBound(R result) {
    return SMALL_REPLY;
  }

  /** Writes the body of the reply to work that succeeded, and nothing before or after. */
  public abstract void writeReply(R result, ByteBuf out);

  /**
   * Gathers what the reply to failed work needs.
   *
   * @return complete when {@link #writeFailure} may be called; it must not fail. Null for at once
   */
  public @Nullable CompletableFuture<?> afterFailure(Throwable failure) {
    return null;
  }

  /**
   * Writes the body of the reply to work that failed, at most {@link #SMALL_REPLY} bytes. Called
   * with a {@link java.util.concurrent.TimeoutException} when the work takes too long; then it may
   * be called without {@link #afterFailure}.
   */
  public abstract void writeFailure(Throwable failure, ByteBuf out);

  /** The outcome for metrics, once written: 0 is success. */
  public abstract int status();
}
