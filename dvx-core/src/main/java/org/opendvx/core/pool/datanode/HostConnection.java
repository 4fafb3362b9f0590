package org.opendvx.core.pool.datanode;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.timeout.IdleStateEvent;
import java.io.IOException;
import java.security.cert.Certificate;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.local.OtherShapeException;
import org.opendvx.core.pool.wire.BadFrameException;
import org.opendvx.core.pool.wire.Frame;
import org.opendvx.core.pool.wire.FrameDecoder;
import org.opendvx.core.pool.wire.Frames;
import org.opendvx.core.pool.wire.NodeTls;
import org.opendvx.core.pool.wire.Op;
import org.opendvx.core.pool.wire.WireErrors;
import org.opendvx.core.pool.wire.WireIn;
import org.opendvx.core.pool.wire.WireOut;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One connection of a host. Requests run each on a virtual thread, so many bytes at a time. */
final class HostConnection extends SimpleChannelInboundHandler<Frame> {
  private static final Logger LOG = LoggerFactory.getLogger(HostConnection.class);

  /** Bytes and requests under way above which nothing more is read. */
  private static final long MOST_BYTES = 64L << 20;

  private static final int MOST_REQUESTS = 256;
  private static final long REQUEST_OVERHEAD = MOST_BYTES / MOST_REQUESTS;
  private static final int MAX_NAME = 256;
  private static final long WRITABLE_LIMIT_SECONDS = 30;
  private static final long STEP_MILLIS = 200;

  private final FrameDecoder decoder;
  private final Requests requests;
  private final Sessions sessions;
  private final Doorkeeper door;
  private final AtomicLong underWay = new AtomicLong();
  private final AtomicLong nextId = new AtomicLong();
  private final Map<Long, CompletableFuture<Frame>> asked = new ConcurrentHashMap<>();
  private volatile @Nullable Channel channel;
  private volatile @Nullable Session session;
  private volatile CountDownLatch writable = new CountDownLatch(0);

  HostConnection(FrameDecoder decoder, Requests requests, Sessions sessions, Doorkeeper door) {
    this.decoder = decoder;
    this.requests = requests;
    this.sessions = sessions;
    this.door = door;
  }

  @Override
  public void channelActive(ChannelHandlerContext context) {
    channel = context.channel();
  }

  @Override
  protected void channelRead0(ChannelHandlerContext context, Frame frame) {
    Session now = session;
    if (now != null) {
      now.seen();
    }
    if (frame.type() == Frame.REPLY) {
      CompletableFuture<Frame> waiting = asked.remove(frame.id());
      if (waiting != null) {
        waiting.complete(frame);
      }
      return;
    }
    if (frame.type() != Frame.REQUEST) {
      throw new BadFrameException("a host asks or answers");
    }
    if (now == null) {
      enter(context, frame);
      return;
    }
    long weight = frame.length() + REQUEST_OVERHEAD;
    if (underWay.addAndGet(weight) > MOST_BYTES) {
      context.channel().config().setAutoRead(false);
    }
    Thread.ofVirtual()
        .name("dvx-request")
        .start(
            () -> {
              try {
                ScopedValue.where(HostCoder.ASKER, this).run(() -> handle(now, frame));
              } finally {
                frame.release();
                if (underWay.addAndGet(-weight) <= MOST_BYTES) {
                  context.channel().config().setAutoRead(true);
                }
              }
            });
  }

  private void enter(ChannelHandlerContext context, Frame frame) {
    String fingerprint = fingerprint(context);
    WireIn in = frame.in();
    try {
      switch (frame.op()) {
        case HELLO -> {
          int version = in.u16();
          if (version != Frame.VERSION) {
            throw DvxException.of(Kind.UNSUPPORTED, "The host speaks another version")
                .cause("It speaks version " + version + ", the data node " + Frame.VERSION)
                .remedy("Run the same release on hosts and data nodes")
                .build();
          }
          Optional<String> host = door.hostOf(fingerprint);
          if (host.isEmpty()) {
            throw DvxException.of(Kind.UNAUTHENTICATED, "The data node does not know this host")
                .remedy("Join it: dvx host join --help")
                .detail("fingerprint of its certificate", fingerprint)
                .build();
          }
          session = sessions.enter(in.uuid(), host.get(), fingerprint, this);
          decoder.maxBody(Frame.MAX_BODY);
          send(frame, Frame.REPLY, WireErrors.OK, requests.greeting());
        }
        case JOIN -> {
          door.join(fingerprint, in.text(MAX_NAME), in.text(MAX_NAME));
          send(frame, Frame.REPLY, WireErrors.OK, new WireOut());
        }
        default -> throw new BadFrameException("no request before HELLO: " + frame.op());
      }
    } catch (DvxException e) {
      LOG.info("{} is not let in: {}", context.channel().remoteAddress(), e.getMessage());
      var _ =
          context
              .writeAndFlush(
                  Frames.encode(
                      context.alloc(),
                      Frame.REPLY,
                      frame.op(),
                      WireErrors.status(e.kind()),
                      frame.id(),
                      0,
                      WireErrors.encode(e)))
              .addListener(ChannelFutureListener.CLOSE);
    }
  }

  private static String fingerprint(ChannelHandlerContext context) {
    try {
      Certificate[] chain =
          context.pipeline().get(SslHandler.class).engine().getSession().getPeerCertificates();
      return NodeTls.fingerprint(chain[0]);
    } catch (SSLPeerUnverifiedException e) {
      throw new IllegalStateException("TLS asks for a certificate", e);
    }
  }

  private void handle(Session by, Frame request) {
    try {
      send(
          request,
          Frame.REPLY,
          WireErrors.OK,
          request.op() == Op.HOST_REMOVE
              ? remove(by, request.in().text(MAX_NAME))
              : requests.handle(this, by, request));
    } catch (OtherShapeException e) {
      send(
          request,
          Frame.REPLY,
          WireErrors.OTHER_SHAPE,
          new WireOut().u8(e.dataShards()).u8(e.parityShards()));
    } catch (Requests.NotHeldException _) {
      send(request, Frame.REPLY, WireErrors.NOT_HELD, new WireOut());
    } catch (DvxException e) {
      send(request, Frame.REPLY, WireErrors.status(e.kind()), WireErrors.encode(e));
    } catch (BadFrameException e) {
      send(
          request,
          Frame.REPLY,
          WireErrors.status(Kind.INVALID),
          WireErrors.encode(WireErrors.malformed(e)));
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      LOG.error("{} of {} failed", request.op(), by, e);
      DvxException told =
          DvxException.of(Kind.INTERNAL, "The data node failed at a request").causedBy(e).build();
      send(request, Frame.REPLY, WireErrors.status(told.kind()), WireErrors.encode(told));
    }
  }

  private WireOut remove(Session by, String host) {
    if (host.equals(by.host())) {
      throw DvxException.of(Kind.INVALID, "A host does not shut itself out")
          .remedy("Ask another host to do it, or the data node: dvx datanode remove")
          .build();
    }
    boolean known = door.remove(host);
    LOG.info("{} shuts out {}{}", by, host, known ? "" : ", which is not known");
    sessions.dropStrangers(door);
    return new WireOut().u8(known ? 1 : 0);
  }

  /**
   * Sends part of a reply; waits while the host takes no more.
   *
   * @param over whether the rest is not wanted any more: then nothing is waited for
   */
  void part(Frame request, WireOut body, BooleanSupplier over) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(WRITABLE_LIMIT_SECONDS);
    try {
      while (!writable.await(STEP_MILLIS, TimeUnit.MILLISECONDS)) {
        if (over.getAsBoolean()) {
          return;
        }
        if (System.nanoTime() - end > 0) {
          close();
          break;
        }
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
    Channel now = channel;
    if (now == null || !now.isActive()) {
      throw DvxException.of(Kind.UNAVAILABLE, "The host went away during a replay").build();
    }
    send(request, Frame.PART, WireErrors.OK, body);
  }

  /** Asks the host something; fails when the connection ends. */
  CompletableFuture<Frame> ask(Op op, WireOut body, long limitMillis) {
    long id = nextId.incrementAndGet();
    CompletableFuture<Frame> reply = new CompletableFuture<>();
    asked.put(id, reply);
    Channel now = channel;
    if (now == null || !now.isActive()) {
      asked.remove(id);
      reply.completeExceptionally(new IOException("the host is not connected"));
      return reply;
    }
    var _ =
        now.writeAndFlush(
            Frames.encode(now.alloc(), Frame.REQUEST, op, 0, id, (int) limitMillis, body));
    return reply.whenComplete((_, _) -> asked.remove(id));
  }

  /** Tells the host something. */
  void tell(Op event, WireOut body) {
    Channel now = channel;
    if (now != null) {
      var _ = now.writeAndFlush(Frames.encode(now.alloc(), Frame.EVENT, event, 0, 0, 0, body));
    }
  }

  private void send(Frame request, byte type, int status, WireOut body) {
    Channel now = channel;
    if (now != null) {
      var _ =
          now.writeAndFlush(
              Frames.encode(now.alloc(), type, request.op(), status, request.id(), 0, body));
    }
  }

  void close() {
    Channel now = channel;
    if (now != null) {
      var _ = now.close();
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    if (context.channel().isWritable()) {
      writable.countDown();
    } else {
      writable = new CountDownLatch(1);
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event instanceof IdleStateEvent) {
      LOG.info("{} is silent, its connection is closed", context.channel().remoteAddress());
      var _ = context.close();
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    Session now = session;
    if (now != null) {
      now.connections().remove(this);
    }
    writable.countDown();
    asked
        .values()
        .forEach(reply -> reply.completeExceptionally(new IOException("the connection ended")));
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    LOG.info(
        "The connection of {} is closed: {}", context.channel().remoteAddress(), cause.toString());
    var _ = context.close();
  }
}
