package org.opendvx.core.nfs.rpc;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.DatagramPacket;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.nfs.access.ClientAddress;
import org.opendvx.core.nfs.xdr.MalformedXdrException;
import org.opendvx.core.nfs.xdr.XdrReader;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Serves the small programs (portmapper, MOUNT) over UDP; one call and one reply a datagram. */
final class RpcDatagrams extends SimpleChannelInboundHandler<DatagramPacket> {
  private static final Logger log = LoggerFactory.getLogger(RpcDatagrams.class);
  private static final int MAX_UNDER_WAY = 256;
  private static final int MAX_REPLY = 32 << 10;
  private static final ReplySpace NO_SPACE = RpcDatagrams::refuseSpace;

  private final ConnectionGate gate;
  private final RpcMetrics metrics;
  private final CallDecoder decoder;
  private int underWay;

  RpcDatagrams(ConnectionGate gate, RpcMetrics metrics, CallDecoder decoder) {
    this.gate = gate;
    this.metrics = metrics;
    this.decoder = decoder;
  }

  @Override
  protected void channelRead0(ChannelHandlerContext ctx, DatagramPacket packet) {
    InetSocketAddress sender = packet.sender();
    if (!gate.admits(ClientAddress.of(sender.getAddress()))) {
      metrics.refused("not an allowed client");
      return;
    }
    if (underWay >= MAX_UNDER_WAY) {
      metrics.refused("too many datagrams");
      return;
    }
    try {
      RpcPeer peer = RpcPeer.of(sender, packet.recipient());
      RpcRequest<?> request = decoder.decode(XdrReader.over(packet.content()), peer);
      if (request == null) {
        metrics.rejected(decoder.rejection().name());
        ByteBuf out = ctx.alloc().directBuffer(CallDecoder.REJECTION_BOUND);
        decoder.writeRejection(out);
        var _ = ctx.writeAndFlush(new DatagramPacket(out, sender));
      } else {
        run(ctx, sender, request);
      }
    } catch (MalformedXdrException e) {
      metrics.rejected("malformed");
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    log.debug("A datagram could not be served", cause);
  }

  private <R> void run(ChannelHandlerContext ctx, InetSocketAddress sender, RpcRequest<R> request) {
    int xid = decoder.xid();
    int program = decoder.program();
    int procedure = decoder.procedure();
    long start = System.nanoTime();
    underWay++;
    CompletableFuture<? extends R> future = request.start(NO_SPACE);
    var _ =
        future.whenComplete(
            (result, failure) ->
                ctx.executor()
                    .execute(
                        () -> {
                          underWay--;
                          answer(ctx, sender, xid, request, result, failure);
                          metrics.answered(
                              program, procedure, request.status(), System.nanoTime() - start);
                        }));
  }

  private static <R> void answer(
      ChannelHandlerContext ctx,
      InetSocketAddress sender,
      int xid,
      RpcRequest<R> request,
      @Nullable R result,
      @Nullable Throwable failure) {
    ByteBuf out = ctx.alloc().directBuffer(RpcRequest.SMALL_REPLY, MAX_REPLY);
    try {
      RpcReply.writeAccepted(out, xid, RpcReply.SUCCESS);
      if (failure != null) {
        request.writeFailure(failure, out);
      } else if (result != null) {
        request.writeReply(result, out);
      }
    } catch (RuntimeException e) {
      log.debug("A reply does not fit in a datagram", e);
      out.clear();
      RpcReply.writeAccepted(out, xid, RpcReply.SYSTEM_ERROR);
    }
    var _ = ctx.writeAndFlush(new DatagramPacket(out, sender));
  }

  private static ByteBuffer refuseSpace(int before, int data) {
    throw new IllegalStateException("no bulk data over UDP");
  }
}
