package org.opendvx.core.nfs.rpc;

import io.netty.buffer.ByteBuf;
import java.util.concurrent.CompletableFuture;

/** Procedure 0 of every program: does nothing, to see whether the server answers. */
public final class NullRequest extends RpcRequest<Boolean> {
  @Override
  public CompletableFuture<Boolean> start(ReplySpace space) {
    return CompletableFuture.completedFuture(true);
  }

  @Override
  public void writeReply(Boolean result, ByteBuf out) {}

  @Override
  public void writeFailure(Throwable failure, ByteBuf out) {}

  @Override
  public int status() {
    return 0;
  }
}
