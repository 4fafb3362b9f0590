package org.opendvx.core.nfs.portmap;

import io.netty.buffer.ByteBuf;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.opendvx.core.nfs.rpc.ReplySpace;
import org.opendvx.core.nfs.rpc.RpcRequest;

/** A reply that needs no work. */
final class FixedReply extends RpcRequest<Boolean> {
  private static final int BOUND = 4096;

  private final Consumer<ByteBuf> body;

  FixedReply(Consumer<ByteBuf> body) {
    this.body = body;
  }

  @Override
  public CompletableFuture<Boolean> start(ReplySpace space) {
    return CompletableFuture.completedFuture(true);
  }

  @Override
  public int replyBound(Boolean result) {
    return BOUND;
  }

  @Override
  public void writeReply(Boolean result, ByteBuf out) {
    body.accept(out);
  }

  @Override
  public void writeFailure(Throwable failure, ByteBuf out) {}

  @Override
  public int status() {
    return 0;
  }
}
