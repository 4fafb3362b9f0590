package org.opendvx.core.nfs.rpc;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes whole replies into a batch; one that cannot be written becomes a system error. */
final class ReplyWriter {
  private static final Logger log = LoggerFactory.getLogger(ReplyWriter.class);

  private ReplyWriter() {}

  /** Writes a reply, into reserved space if there is some. */
  static <R> void writeReply(
      ReplyBatch replies,
      int xid,
      RpcRequest<R> request,
      @Nullable R result,
      @Nullable Throwable failure) {
    int bound =
        replies.hasReserved() || result == null
            ? RpcRequest.SMALL_REPLY
            : request.replyBound(result);
    ByteBuf out = replies.begin(RpcReply.ACCEPTED_HEADER + bound);
    try {
      writeBody(out, xid, request, result, failure);
    } catch (RuntimeException e) {
      log.error("Writing a reply failed", e);
      replies.undo(out);
      writeSystemError(replies, xid);
      return;
    }
    replies.end(out);
  }

  private static <R> void writeBody(
      ByteBuf out,
      int xid,
      RpcRequest<R> request,
      @Nullable R result,
      @Nullable Throwable failure) {
    RpcReply.writeAccepted(out, xid, RpcReply.SUCCESS);
    if (failure != null) {
      request.writeFailure(failure, out);
    } else if (result != null) {
      request.writeReply(result, out);
    } else {
      throw new IllegalStateException("work without an outcome");
    }
  }

  /** Answers that something broke. */
  static void writeSystemError(ReplyBatch replies, int xid) {
    replies.dropReserved();
    ByteBuf out = replies.begin(RpcReply.ACCEPTED_HEADER);
    RpcReply.writeAccepted(out, xid, RpcReply.SYSTEM_ERROR);
    replies.end(out);
  }

  /** Writes a reply into its own space and adds that to the batch. */
  static <R> void appendReply(RpcExchange<R> exchange, ByteBuf space, ReplyBatch replies) {
    space.setIndex(0, RpcReply.MARK);
    try {
      writeBody(space, exchange.xid, exchange.request, exchange.result(), exchange.failure());
    } catch (RuntimeException e) {
      log.error("Writing a reply failed", e);
      space.release();
      writeSystemError(replies, exchange.xid);
      return;
    }
    RpcReply.setMark(space, 0);
    replies.append(space);
  }
}
