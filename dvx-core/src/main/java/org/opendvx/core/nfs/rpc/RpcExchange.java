package org.opendvx.core.nfs.rpc;

import io.netty.buffer.ByteBuf;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A request whose work goes on after the event loop has left it. Its fields belong to the event
 * loop, but for the outcome, which the completing thread hands over through the queue.
 */
final class RpcExchange<R> implements BiConsumer<@Nullable Object, @Nullable Throwable> {
  final int xid;
  final int program;
  final int procedure;
  final RpcRequest<R> request;
  final long started;

  /** The reply's own place, when it reserved one. */
  @Nullable ByteBuf space;

  /** Counted against the connection's limit until the work is done. */
  final int replyBytes;

  /** Whether the client was already told to try again later. */
  boolean expired;

  @Nullable RpcExchange<?> olderCompleted;
  @Nullable RpcExchange<?> olderPending;
  @Nullable RpcExchange<?> newerPending;

  private final RpcConnection connection;
  private @Nullable R result;
  private @Nullable Throwable failure;
  private boolean failureGathered;

  RpcExchange(
      RpcConnection connection,
      int xid,
      int program,
      int procedure,
      RpcRequest<R> request,
      long started,
      @Nullable ByteBuf space) {
    this.connection = connection;
    this.xid = xid;
    this.program = program;
    this.procedure = procedure;
    this.request = request;
    this.started = started;
    this.space = space;
    this.replyBytes = space == null ? RpcRequest.SMALL_REPLY : space.capacity();
  }

  /** Waits for the work. */
  void await(CompletableFuture<? extends R> future) {
    var _ = future.whenComplete(this);
  }

  /** Waits for what the reply to a failure needs. */
  void awaitFailure(Throwable cause, CompletableFuture<?> gathering) {
    failure = cause;
    failureGathered = true;
    var _ = gathering.whenComplete((_, _) -> connection.completed(this));
  }

  @Override
  @SuppressWarnings("unchecked") // await() takes futures of R only
  public void accept(@Nullable Object value, @Nullable Throwable thrown) {
    result = (R) value;
    failure = thrown instanceof CompletionException wrapper ? wrapper.getCause() : thrown;
    connection.completed(this);
  }

  @Nullable R result() {
    return result;
  }

  @Nullable Throwable failure() {
    return failure;
  }

  boolean failureGathered() {
    return failureGathered;
  }
}
