package org.opendvx.core.pool.remote;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.flush.FlushConsolidationHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.Future;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.wire.Frame;
import org.opendvx.core.pool.wire.FrameDecoder;
import org.opendvx.core.pool.wire.Op;
import org.opendvx.core.pool.wire.WireErrors;
import org.opendvx.core.pool.wire.WireIn;
import org.opendvx.core.pool.wire.WireOut;

/**
 * A connection to the data node that is made again whenever it breaks. Lanes are separate so that a
 * container on its way does not hold up a journal batch. Thread-safe.
 */
final class Lane implements AutoCloseable {
  private static final int FLUSH_AFTER = 64;
  private static final long FIRST_PAUSE_MILLIS = 20;
  private static final long LONGEST_PAUSE_MILLIS = 500;

  private final RemoteSettings settings;
  private final SslContext tls;
  private final EventLoopGroup loops;
  private final UUID session;
  private final Supplier<Link> links;
  private final Consumer<WireIn> greeted;
  private final ReentrantLock connecting = new ReentrantLock();
  private volatile @Nullable Link link;
  private volatile boolean closed;
  private volatile String lastTrouble = "";

  /**
   * A lane that is not connected yet.
   *
   * @param links makes the handler of a new connection
   * @param greeted reads what the data node says of itself; throws when it is another one
   */
  Lane(
      RemoteSettings settings,
      SslContext tls,
      EventLoopGroup loops,
      UUID session,
      Supplier<Link> links,
      Consumer<WireIn> greeted) {
    this.settings = settings;
    this.tls = tls;
    this.loops = loops;
    this.session = session;
    this.links = links;
    this.greeted = greeted;
  }

  /** A request's body, made anew for every attempt. */
  interface Request {
    /**
     * Writes the body.
     *
     * @param attempt 0 for the first
     */
    WireOut body(int attempt);
  }

  /**
   * Asks until there is an answer, over new connections if need be. The request must be one that
   * may be carried out twice, or that the data node knows to have carried out.
   *
   * @return the reply, good or bad
   * @throws DvxException UNAVAILABLE when the data node was not there within the limit, TIMEOUT
   *     when it was and did not answer
   */
  Frame call(Op op, int flags, Request request) {
    long deadline = System.nanoTime() + settings.callLimit().toNanos();
    for (int attempt = 0; ; attempt++) {
      Link now = connected(deadline);
      try {
        return once(now, op, flags, request.body(attempt), null, deadline);
      } catch (LinkLostException e) {
        lastTrouble = String.valueOf(e.getMessage());
      }
    }
  }

  /**
   * Asks once over a connection.
   *
   * @throws LinkLostException when it ends before the reply is there
   */
  Frame once(
      Link on, Op op, int flags, WireOut body, @Nullable Consumer<Frame> parts, long deadline)
      throws LinkLostException {
    long left = Math.max(0, deadline - System.nanoTime());
    Link.Pending call = on.ask(op, flags, TimeUnit.NANOSECONDS.toMillis(left), body, parts);
    boolean interrupted = false;
    try {
      while (true) {
        try {
          left = Math.max(0, deadline - System.nanoTime());
          return call.reply().get(left, TimeUnit.NANOSECONDS);
        } catch (InterruptedException _) {
          // The caller's array may be on its way: the outcome is awaited.
          interrupted = true;
        } catch (ExecutionException e) {
          if (e.getCause() instanceof LinkLostException lost) {
            on.close();
            throw lost;
          }
          throw new IllegalStateException("a reply fails with its connection alone", e);
        } catch (TimeoutException _) {
          if (call.unwritten()) {
            on.close();
          }
          DvxException late =
              DvxException.of(Kind.TIMEOUT, "The data node does not answer in time")
                  .cause("It was asked " + op + " and " + settings.callLimit() + " have passed")
                  .remedy("Look after the data node and its drives")
                  .detail("data node", settings.address() + ":" + settings.port())
                  .build();
          call.reply().completeExceptionally(late);
          throw late;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** The connection if there is one. */
  @Nullable Link current() {
    Link now = link;
    return now != null && now.alive() ? now : null;
  }

  /** How long a call may take. */
  long limit() {
    return settings.callLimit().toNanos();
  }

  /** The deadline of a call that starts now. */
  long deadline() {
    return System.nanoTime() + settings.callLimit().toNanos();
  }

  /** The connection, made if need be. */
  Link connected(long deadline) {
    long pause = FIRST_PAUSE_MILLIS;
    while (true) {
      Link now = current();
      if (now != null) {
        return now;
      }
      if (closed || System.nanoTime() - deadline >= 0) {
        throw unavailable();
      }
      boolean mine = false;
      try {
        mine = connecting.tryLock(100, TimeUnit.MILLISECONDS);
        if (mine && current() == null && !closed) {
          link = connect();
        }
      } catch (LinkLostException e) {
        lastTrouble = String.valueOf(e.getMessage());
        pause(pause);
        pause = Math.min(LONGEST_PAUSE_MILLIS, pause * 2);
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
        throw unavailable();
      } finally {
        if (mine) {
          connecting.unlock();
        }
      }
    }
  }

  private static void pause(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private Link connect() throws LinkLostException {
    Link fresh = links.get();
    try {
      Channel channel = open(settings, tls, loops, fresh);
      fresh.attach(channel);
      long deadline = System.nanoTime() + settings.connectLimit().toNanos();
      Frame reply =
          once(fresh, Op.HELLO, 0, new WireOut().u16(Frame.VERSION).uuid(session), null, deadline);
      if (reply.status() != WireErrors.OK) {
        throw WireErrors.decode(reply.status(), reply.in());
      }
      greeted.accept(reply.in());
      return fresh;
    } catch (LinkLostException | RuntimeException e) {
      fresh.close();
      if (e instanceof DvxException told && told.kind() == Kind.TIMEOUT) {
        throw new LinkLostException("the data node does not greet");
      }
      throw e;
    }
  }

  /** Connects and shakes hands. */
  static Channel open(RemoteSettings settings, SslContext tls, EventLoopGroup loops, Link handler)
      throws LinkLostException {
    long limit = settings.connectLimit().toMillis();
    // Kept: a channel that was closed meanwhile has it in its pipeline no more.
    CompletableFuture<SslHandler> shaking = new CompletableFuture<>();
    Bootstrap bootstrap =
        new Bootstrap()
            .group(loops)
            .channel(NioSocketChannel.class)
            .option(ChannelOption.TCP_NODELAY, true)
            .option(ChannelOption.SO_KEEPALIVE, true)
            .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) limit)
            .handler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    SslHandler handshake = tls.newHandler(channel.alloc());
                    handshake.setHandshakeTimeoutMillis(limit);
                    boolean _ = shaking.complete(handshake);
                    channel
                        .pipeline()
                        .addLast(
                            handshake,
                            new FlushConsolidationHandler(FLUSH_AFTER, true),
                            new FrameDecoder(Frame.MAX_BODY),
                            handler);
                  }
                });
    ChannelFuture connecting = bootstrap.connect(settings.address(), settings.port());
    if (!connecting.awaitUninterruptibly(limit) || !connecting.isSuccess()) {
      connecting.cancel(false);
      throw new LinkLostException("it cannot be reached: " + reason(connecting));
    }
    Channel channel = connecting.channel();
    Future<Channel> handshake = shaking.join().handshakeFuture();
    if (!handshake.awaitUninterruptibly(limit) || !handshake.isSuccess()) {
      var _ = channel.close();
      throw new LinkLostException("TLS: " + reason(handshake));
    }
    return channel;
  }

  private static String reason(Future<?> future) {
    Throwable cause = future.cause();
    return cause == null ? "no answer" : String.valueOf(cause.getMessage());
  }

  private DvxException unavailable() {
    return DvxException.of(Kind.UNAVAILABLE, "The data node is not there")
        .cause(lastTrouble)
        .remedy("Start the data node, or look after the network between")
        .detail("data node", settings.address() + ":" + settings.port())
        .build();
  }

  /** Why there was no connection the last time; empty when there never was trouble. */
  String lastTrouble() {
    return lastTrouble;
  }

  @Override
  public void close() {
    closed = true;
    Link now = link;
    if (now != null) {
      now.close();
    }
  }
}
