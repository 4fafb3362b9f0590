package org.opendvx.core.nfs.v3;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.Datastore.RequestOutcome;
import org.opendvx.core.datastore.RequestTag;
import org.opendvx.core.nfs.rpc.ReplySpace;
import org.opendvx.core.nfs.rpc.RpcRequest;

/**
 * A call that must not be applied twice: a duplicate gets the reply to the first, also when that is
 * still under way, came over another connection, or was lost by a restart.
 */
final class RememberedRequest<R> extends RpcRequest<byte[]> {
  private final Nfs3Services services;
  private final Nfs3Request<R> request;
  private final RequestTag tag;
  private int status;

  RememberedRequest(Nfs3Services services, Nfs3Request<R> request, RequestTag tag) {
    this.services = services;
    this.request = request;
    this.tag = tag;
  }

  @Override
  public CompletableFuture<byte[]> start(ReplySpace space) {
    CompletableFuture<byte[]> own = new CompletableFuture<>();
    CompletableFuture<byte[]> known = services.replies().enter(tag, own);
    if (known != null) {
      return known;
    }
    request.remember(tag);
    CompletableFuture<? extends R> work;
    try {
      Optional<RequestOutcome> done = services.datastore().outcome(tag);
      work = done.isPresent() ? request.replay(done.get()) : request.start(space);
    } catch (RuntimeException e) {
      work = CompletableFuture.failedFuture(e);
    }
    var _ = work.whenComplete((result, failure) -> complete(own, result, failure));
    return own;
  }

  @Override
  public int replyBound(byte[] body) {
    return body.length;
  }

  @Override
  public void writeReply(byte[] body, ByteBuf out) {
    out.writeBytes(body);
    status = out.getInt(out.writerIndex() - body.length);
  }

  @Override
  public void writeFailure(Throwable failure, ByteBuf out) {
    int start = out.writerIndex();
    request.writeFailure(failure, out);
    status = out.getInt(start);
  }

  @Override
  public int status() {
    return status;
  }

  private void complete(
      CompletableFuture<byte[]> own, @Nullable R result, @Nullable Throwable failure) {
    if (failure == null && result != null) {
      encode(own, out -> request.writeReply(result, out));
      return;
    }
    Throwable cause = cause(failure);
    CompletableFuture<?> gathering = request.afterFailure(cause);
    if (gathering == null) {
      encode(own, out -> request.writeFailure(cause, out));
    } else {
      var _ =
          gathering.whenComplete((_, _) -> encode(own, out -> request.writeFailure(cause, out)));
    }
  }

  private void encode(CompletableFuture<byte[]> own, Consumer<ByteBuf> writer) {
    try {
      ByteBuf out = Unpooled.buffer(SMALL_REPLY, SMALL_REPLY);
      writer.accept(out);
      byte[] body = ByteBufUtil.getBytes(out);
      if (isTransient(out.getInt(0))) {
        services.replies().forget(tag);
      }
      own.complete(body);
    } catch (RuntimeException e) {
      services.replies().forget(tag);
      own.completeExceptionally(e);
    }
  }

  private static boolean isTransient(int code) {
    for (Nfs3Status each : Nfs3Status.values()) {
      if (each.code() == code) {
        return each.isTransient();
      }
    }
    return false;
  }

  private static Throwable cause(@Nullable Throwable failure) {
    if (failure == null) {
      return new IllegalStateException("work without an outcome");
    }
    Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
    return cause == null ? failure : cause;
  }
}
