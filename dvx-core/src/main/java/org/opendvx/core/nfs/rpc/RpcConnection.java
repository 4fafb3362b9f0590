package org.opendvx.core.nfs.rpc;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.net.InetSocketAddress;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.Expiry;
import org.opendvx.core.nfs.xdr.MalformedXdrException;
import org.opendvx.core.nfs.xdr.XdrReader;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client's TCP connection. Requests run to completion on the event loop when their work is done
 * at once; the others come back through a queue that is drained in batches. Reading stops while too
 * much is under way, unsent, or waiting for the store.
 */
final class RpcConnection extends ChannelInboundHandlerAdapter {
  private static final Logger log = LoggerFactory.getLogger(RpcConnection.class);
  private static final long CONGESTION_CHECK_MILLIS = 2;
  private static final long LONGEST_WATCH_MILLIS = 1_000;

  private final RpcLimits limits;
  private final RpcMetrics metrics;
  private final BooleanSupplier congested;
  private final CallDecoder decoder;
  private final RecordAssembler assembler;
  private final XdrReader window = new XdrReader();
  private final CompletionQueue completions = new CompletionQueue();
  private final PendingExchanges pending = new PendingExchanges();

  // Set when the channel is ready, used on its event loop only.
  private @Nullable ChannelHandlerContext context;
  private @Nullable ReplyBatch batch;
  private @Nullable RpcPeer peer;
  private volatile boolean closed;
  private boolean serving;
  private boolean paused;
  private boolean draining;
  private boolean congestionChecked;
  private long lastRecord;
  private long recordBegan;
  private long unwritableSince;
  private boolean withinRecord;
  private String closeReason = "by the client";

  RpcConnection(
      RpcLimits limits,
      RpcMetrics metrics,
      BooleanSupplier congested,
      CallDecoder decoder,
      RecordAssembler assembler) {
    this.limits = limits;
    this.metrics = metrics;
    this.congested = congested;
    this.decoder = decoder;
    this.assembler = assembler;
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    context = ctx;
    batch = new ReplyBatch(ctx, metrics);
    peer =
        RpcPeer.of(
            (InetSocketAddress) ctx.channel().remoteAddress(),
            (InetSocketAddress) ctx.channel().localAddress());
    lastRecord = System.nanoTime();
    unwritableSince = lastRecord;
    metrics.opened();
    long millis =
        Math.clamp(
            Math.min(limits.requestTime().toMillis(), limits.recordTime().toMillis()) / 4,
            10,
            LONGEST_WATCH_MILLIS);
    var _ = ctx.executor().schedule(() -> watch(millis), millis, TimeUnit.MILLISECONDS);
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    closed = true;
    metrics.closed(closeReason);
    if (!serving) {
      releaseAll();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    log.debug("Connection from {} failed", ctx.channel().remoteAddress(), cause);
    close("connection error");
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    ByteBuf received = (ByteBuf) message;
    if (closed) {
      received.release();
      return;
    }
    assembler.add(received);
    serve();
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    if (batch != null) {
      batch.flush();
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    resume();
  }

  /** Called by any thread when an exchange's work is done. */
  void completed(RpcExchange<?> exchange) {
    ChannelHandlerContext ctx = context;
    if (completions.add(exchange) && ctx != null) {
      try {
        ctx.executor().execute(this::drain);
      } catch (RejectedExecutionException e) {
        // The server was stopped with work under way; its channel and event loop are gone.
        releaseCompleted();
      }
    }
  }

  /** Reads no further request and closes once the pending ones are answered; on the event loop. */
  void finish() {
    draining = true;
    pause();
    closeWhenFinished();
  }

  // Requests in

  private void serve() {
    ReplyBatch replies = batch;
    if (serving || closed || replies == null) {
      return;
    }
    serving = true;
    try {
      serveWhileAllowed(replies);
      assembler.trim();
    } catch (MalformedXdrException e) {
      metrics.rejected(e.getMessage() == null ? "malformed" : e.getMessage());
      close("broken protocol");
    } finally {
      window.clear();
      serving = false;
      if (closed) {
        releaseAll();
      }
    }
  }

  private void serveWhileAllowed(ReplyBatch replies) {
    long now = System.nanoTime();
    int served = 0;
    while (!closed) {
      if (mustWait()) {
        replies.flush();
        if (mustWait()) {
          pause();
          return;
        }
      }
      if (!assembler.next(window)) {
        break;
      }
      served++;
      lastRecord = now;
      now = serve(window, replies, now);
    }
    boolean within = assembler.isWithinRecord();
    if (within && (served > 0 || !withinRecord)) {
      recordBegan = now;
    }
    withinRecord = within;
  }

  private boolean mustWait() {
    return draining
        || pending.count() >= limits.requests()
        || pending.replyBytes() >= limits.replyBytes()
        || context == null
        || !context.channel().isWritable()
        || congested.getAsBoolean();
  }

  /** Serves one record; returns the time at its end. */
  private long serve(XdrReader record, ReplyBatch replies, long now) {
    RpcRequest<?> request;
    try {
      request = decoder.decode(record, Objects.requireNonNull(peer));
    } catch (MalformedXdrException e) {
      throw e;
    } catch (RuntimeException e) {
      log.error("Decoding a call failed", e);
      ReplyWriter.writeSystemError(replies, decoder.xid());
      return now;
    }
    if (request == null) {
      metrics.rejected(decoder.rejection().name());
      ByteBuf out = replies.begin(CallDecoder.REJECTION_BOUND);
      decoder.writeRejection(out);
      replies.end(out);
      return now;
    }
    return run(request, replies, now);
  }

  private <R> long run(RpcRequest<R> request, ReplyBatch replies, long now) {
    CompletableFuture<? extends R> future;
    try {
      future = Expiry.within(() -> isGivenUp(now), () -> request.start(replies));
    } catch (RuntimeException e) {
      future = CompletableFuture.failedFuture(e);
    }
    if (!future.isDone()) {
      suspend(request, replies, now).await(future);
      return now;
    }
    R result = null;
    Throwable failure = null;
    if (future.isCompletedExceptionally()) {
      failure = future.exceptionNow();
      CompletableFuture<?> gathering = request.afterFailure(failure);
      if (gathering != null && !gathering.isDone()) {
        suspend(request, replies, now).awaitFailure(failure, gathering);
        return now;
      }
    } else {
      result = future.resultNow();
    }
    ReplyWriter.writeReply(replies, decoder.xid(), request, result, failure);
    long end = System.nanoTime();
    metrics.answered(decoder.program(), decoder.procedure(), request.status(), end - now);
    if (replies.isFull()) {
      replies.flush();
    }
    return end;
  }

  /**
   * Whether whoever sent a request waits for it no more: he was told to try again, or will send it
   * on another connection. What it asks for must not take effect then: what he sends next may say
   * something else. Asked by any thread.
   */
  private boolean isGivenUp(long began) {
    return closed || System.nanoTime() - began >= limits.requestTime().toNanos();
  }

  private <R> RpcExchange<R> suspend(RpcRequest<R> request, ReplyBatch replies, long now) {
    RpcExchange<R> exchange =
        new RpcExchange<>(
            this,
            decoder.xid(),
            decoder.program(),
            decoder.procedure(),
            request,
            now,
            replies.hasReserved() ? replies.detach() : null);
    pending.add(exchange);
    return exchange;
  }

  // Replies out

  private void drain() {
    ReplyBatch replies = batch;
    RpcExchange<?> each = completions.takeAll();
    while (each != null && replies != null) {
      RpcExchange<?> next = each.olderCompleted;
      each.olderCompleted = null;
      finish(each, replies);
      if (replies.isFull()) {
        replies.flush();
      }
      each = next;
    }
    if (replies != null && !closed) {
      replies.flush();
    }
    resume();
    closeWhenFinished();
  }

  private <R> void finish(RpcExchange<R> exchange, ReplyBatch replies) {
    Throwable failure = exchange.failure();
    if (failure != null && !exchange.failureGathered()) {
      CompletableFuture<?> gathering = exchange.request.afterFailure(failure);
      if (gathering != null) {
        exchange.awaitFailure(failure, gathering);
        return;
      }
    }
    pending.remove(exchange);
    ByteBuf space = exchange.space;
    if (closed || exchange.expired) {
      if (space != null) {
        space.release();
      }
      return;
    }
    if (space == null) {
      ReplyWriter.writeReply(replies, exchange.xid, exchange.request, exchange.result(), failure);
    } else {
      ReplyWriter.appendReply(exchange, space, replies);
    }
    report(exchange);
  }

  private void report(RpcExchange<?> exchange) {
    metrics.answered(
        exchange.program,
        exchange.procedure,
        exchange.request.status(),
        System.nanoTime() - exchange.started);
  }

  // Back-pressure and time limits

  private void pause() {
    ChannelHandlerContext ctx = context;
    if (ctx == null || closed) {
      return;
    }
    if (!paused) {
      paused = true;
      ctx.channel().config().setAutoRead(false);
    }
    // The store may have got room since it was asked: what nothing else ends is looked at again.
    if (!draining && !congestionChecked && !endsByItself(ctx)) {
      congestionChecked = true;
      var _ =
          ctx.executor()
              .schedule(this::checkCongestion, CONGESTION_CHECK_MILLIS, TimeUnit.MILLISECONDS);
    }
  }

  /** Whether requests that complete, or bytes that are sent, are going to end the pause. */
  private boolean endsByItself(ChannelHandlerContext ctx) {
    return pending.count() >= limits.requests()
        || pending.replyBytes() >= limits.replyBytes()
        || !ctx.channel().isWritable();
  }

  private void checkCongestion() {
    congestionChecked = false;
    resume();
  }

  private void resume() {
    ChannelHandlerContext ctx = context;
    if (!paused || serving || closed || ctx == null) {
      return;
    }
    if (mustWait()) {
      pause();
      return;
    }
    paused = false;
    withinRecord = false;
    serve();
    if (!closed && batch != null) {
      batch.flush();
    }
    if (!paused && !closed) {
      ctx.channel().config().setAutoRead(true);
    }
  }

  private void watch(long periodMillis) {
    ChannelHandlerContext ctx = context;
    if (closed || ctx == null) {
      return;
    }
    long now = System.nanoTime();
    expireOverdue(now);
    if (ctx.channel().isWritable()) {
      unwritableSince = now;
    }
    if (now - unwritableSince > limits.stalledTime().toNanos()) {
      close("client does not read");
    } else if (!paused && withinRecord && now - recordBegan > limits.recordTime().toNanos()) {
      close("record took too long");
    } else if (pending.count() == 0 && now - lastRecord > limits.idleTime().toNanos()) {
      close("idle");
    } else {
      var _ =
          ctx.executor().schedule(() -> watch(periodMillis), periodMillis, TimeUnit.MILLISECONDS);
    }
  }

  private void expireOverdue(long now) {
    ReplyBatch replies = batch;
    if (replies == null) {
      return;
    }
    long limit = now - limits.requestTime().toNanos();
    for (RpcExchange<?> each = pending.nextOverdue(limit);
        each != null;
        each = pending.nextOverdue(limit)) {
      each.expired = true;
      ReplyWriter.writeReply(replies, each.xid, each.request, null, new TimeoutException());
      report(each);
    }
    replies.flush();
  }

  private void closeWhenFinished() {
    if (draining && pending.count() == 0 && context != null && !closed) {
      closeReason = "server stops";
      if (batch != null) {
        batch.flush();
      }
      var _ = context.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
    }
  }

  private void close(String reason) {
    ChannelHandlerContext ctx = context;
    if (ctx != null && !closed) {
      closeReason = reason;
      log.debug("Closing the connection from {}: {}", ctx.channel().remoteAddress(), reason);
      if (batch != null) {
        batch.flush();
      }
      closed = true;
      var _ = ctx.close();
    }
  }

  private void releaseAll() {
    assembler.release();
    if (batch != null) {
      batch.release();
    }
  }

  private void releaseCompleted() {
    for (RpcExchange<?> each = completions.takeAll(); each != null; each = each.olderCompleted) {
      ByteBuf space = each.space;
      if (space != null) {
        space.release();
      }
    }
  }
}
