package org.opendvx.core.cluster;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.LengthFieldBasedFrameDecoder;
import io.netty.handler.codec.LengthFieldPrepender;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Calls between hosts over TCP with mutual TLS: docs/formats/peer-protocol.md. One connection to
 * each peer, made when it is needed. Thread-safe.
 */
public final class NettyPeers implements PeerNetwork {
  /** Longest message in bytes: 16 MiB. */
  static final int MAX_FRAME = 16 << 20;

  private static final Logger LOG = LoggerFactory.getLogger(NettyPeers.class);
  private static final int LENGTH = Integer.BYTES;
  private static final byte REQUEST = 0;
  private static final byte REPLY = 1;
  private static final int CONNECT_MILLIS = 1000;
  private static final long END_SECONDS = 5;

  /** Silence after a call that ends a connection once calls time out: 1 s. */
  private static final long SILENCE_NANOS = 1_000_000_000;

  /** How long a peer is believed that has shown its certificate. */
  private static final long BELIEVED_NANOS = 1_000_000_000;

  /** The most calls of a peer that are under way; what comes then is not read from the network. */
  private static final int MOST_CALLS = 2048;

  /** The most bytes of such calls. */
  private static final long MOST_BYTES = 256L << 20;

  private final PeerTls tls;
  private final int mostCalls;
  private final String advertised;
  private final EventLoopGroup group;
  private final Channel listener;
  private final Map<String, CompletableFuture<Connection>> connections = new ConcurrentHashMap<>();
  private final LongAdder sent = new LongAdder();
  private final LongAdder received = new LongAdder();
  private volatile @Nullable Handler handler;
  private volatile boolean closed;

  /**
   * Listens.
   *
   * @param address to listen at; port 0 lets the system choose
   * @param advertisedHost name or address under which peers reach it
   * @throws DvxException UNAVAILABLE when the address cannot be had
   */
  public NettyPeers(PeerTls tls, InetSocketAddress address, String advertisedHost) {
    this(tls, address, advertisedHost, MOST_CALLS);
  }

  NettyPeers(PeerTls tls, InetSocketAddress address, String advertisedHost, int mostCalls) {
    this.tls = tls;
    this.mostCalls = mostCalls;
    this.group = new MultiThreadIoEventLoopGroup(2, NioIoHandler.newFactory());
    ServerBootstrap bootstrap =
        new ServerBootstrap()
            .group(group)
            .channel(NioServerSocketChannel.class)
            .option(ChannelOption.SO_REUSEADDR, true)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childHandler(pipeline(tls.server(), null));
    var bound = bootstrap.bind(address).awaitUninterruptibly();
    if (!bound.isSuccess()) {
      var _ = group.shutdownGracefully(0, END_SECONDS, TimeUnit.SECONDS);
      throw DvxException.of(Kind.UNAVAILABLE, "The address for peers cannot be used")
          .causedBy(bound.cause())
          .remedy("Look for another process there, or configure another address")
          .detail("address", address)
          .build();
    }
    this.listener = bound.channel();
    int port = ((InetSocketAddress) listener.localAddress()).getPort();
    this.advertised = advertisedHost + ":" + port;
  }

  private ChannelInitializer<SocketChannel> pipeline(
      SslContext context, @Nullable Connection outgoing) {
    return new ChannelInitializer<>() {
      @Override
      protected void initChannel(SocketChannel channel) {
        channel
            .pipeline()
            .addLast(context.newHandler(channel.alloc(), Tasks.EXECUTOR))
            .addLast(new LengthFieldBasedFrameDecoder(MAX_FRAME, 0, LENGTH, 0, LENGTH))
            .addLast(new LengthFieldPrepender(LENGTH))
            .addLast(outgoing == null ? new Incoming() : outgoing);
      }
    };
  }

  @Override
  public String endpoint() {
    return advertised;
  }

  @Override
  public void serve(Handler toUse) {
    handler = toUse;
  }

  @Override
  public CompletableFuture<byte[]> call(
      String host, String endpoint, byte[] request, Duration limit) {
    if (closed || request.length > MAX_FRAME - LENGTH - 1 - Long.BYTES) {
      return CompletableFuture.failedFuture(new NotSent("closed, or too long"));
    }
    String key = host + "@" + endpoint;
    CompletableFuture<Connection> connection =
        connections.computeIfAbsent(key, _ -> connect(key, host, endpoint));
    return connection.thenCompose(open -> open.call(request, limit));
  }

  private CompletableFuture<Connection> connect(String key, String host, String endpoint) {
    int colon = endpoint.lastIndexOf(':');
    CompletableFuture<Connection> ready = new CompletableFuture<>();
    int port;
    try {
      port = Integer.parseInt(endpoint.substring(colon + 1));
    } catch (NumberFormatException _) {
      ready.completeExceptionally(new NotSent("no endpoint: " + endpoint));
      return ready;
    }
    Connection connection = new Connection(key, host, ready);
    new Bootstrap()
        .group(group)
        .channel(NioSocketChannel.class)
        .option(ChannelOption.TCP_NODELAY, true)
        .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_MILLIS)
        .handler(pipeline(tls.client(), connection))
        .connect(endpoint.substring(0, colon), port)
        .addListener(
            done -> {
              if (!done.isSuccess()) {
                connection.end("cannot connect: " + done.cause().getMessage());
              }
            });
    return ready;
  }

  @Override
  public Traffic traffic() {
    return new Traffic(sent.sum(), received.sum());
  }

  private ByteBuf frame(byte kind, long id, byte[] body) {
    sent.add(LENGTH + 1 + Long.BYTES + body.length);
    ByteBuf head = Unpooled.buffer(1 + Long.BYTES).writeByte(kind).writeLong(id);
    return Unpooled.wrappedBuffer(head, Unpooled.wrappedBuffer(body));
  }

  /** A connection that this host made: calls go out on it. */
  private final class Connection extends SimpleChannelInboundHandler<ByteBuf> {
    private final String key;
    private final String host;
    private final CompletableFuture<Connection> ready;
    private final AtomicLong ids = new AtomicLong();
    private final Map<Long, CompletableFuture<byte[]>> waiting = new ConcurrentHashMap<>();
    private volatile @Nullable Channel channel;

    /** When the last message came, by System.nanoTime(). */
    private volatile long heard = System.nanoTime();

    /** The first send since then whose call timed out; null for none. */
    private final AtomicReference<@Nullable Long> unheard = new AtomicReference<>();

    Connection(String key, String host, CompletableFuture<Connection> ready) {
      this.key = key;
      this.host = host;
      this.ready = ready;
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
      if (event instanceof SslHandshakeCompletionEvent handshake) {
        if (handshake.isSuccess() && host.equals(peer(context))) {
          channel = context.channel();
          ready.complete(this);
        } else {
          LOG.warn("The peer at {} is not {}", context.channel().remoteAddress(), host);
          var _ = context.close();
        }
      }
    }

    CompletableFuture<byte[]> call(byte[] request, Duration limit) {
      Channel open = channel;
      if (open == null) {
        return CompletableFuture.failedFuture(new NotSent("not connected"));
      }
      long id = ids.incrementAndGet();
      CompletableFuture<byte[]> answer = new CompletableFuture<>();
      waiting.put(id, answer);
      long begun = System.nanoTime();
      open.writeAndFlush(frame(REQUEST, id, request))
          .addListener(
              done -> {
                if (!done.isSuccess()) {
                  fail(answer, done.cause());
                }
              });
      if (!open.isActive()) {
        fail(answer, new IllegalStateException("the connection is closed"));
      }
      return answer
          .orTimeout(limit.toNanos(), TimeUnit.NANOSECONDS)
          .whenComplete(
              (_, failure) -> {
                waiting.remove(id);
                if (failure instanceof TimeoutException) {
                  timedOut(begun);
                }
              });
    }

    /**
     * Ends the connection when nothing at all has come for a while since a call that was not
     * answered: the network may drop what it carries, which TCP finds out only after minutes.
     */
    private void timedOut(long begun) {
      if (heard - begun > 0) {
        return;
      }
      Long first =
          unheard.accumulateAndGet(
              begun, (known, now) -> known == null || heard - known > 0 ? now : known);
      Channel open = channel;
      if (open != null && first != null && System.nanoTime() - first >= SILENCE_NANOS) {
        LOG.info("{} is silent, a new connection is made for the next call", host);
        end("nothing comes on the connection");
        var _ = open.close();
      }
    }

    private void fail(CompletableFuture<byte[]> answer, Throwable why) {
      answer.completeExceptionally(new IllegalStateException("the call was broken off", why));
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, ByteBuf message) {
      heard = System.nanoTime();
      received.add(LENGTH + message.readableBytes());
      if (message.readableBytes() < 1 + Long.BYTES || message.readByte() != REPLY) {
        var _ = context.close();
        return;
      }
      CompletableFuture<byte[]> answer = waiting.remove(message.readLong());
      if (answer != null) {
        answer.complete(ByteBufUtil.getBytes(message));
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      end("the connection was closed");
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      LOG.debug("The connection to {} failed", host, cause);
      var _ = context.close();
    }

    void end(String why) {
      connections.remove(key, ready);
      ready.completeExceptionally(new NotSent(why));
      for (CompletableFuture<byte[]> answer : waiting.values()) {
        fail(answer, new IllegalStateException(why));
      }
    }
  }

  /** A connection that a peer made: its calls come in on it. */
  private final class Incoming extends SimpleChannelInboundHandler<ByteBuf> {
    private @Nullable String from;
    private long believedAt;
    private int calls;
    private long bytes;

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
      if (event instanceof SslHandshakeCompletionEvent handshake) {
        if (handshake.isSuccess()) {
          from = peer(context);
          believedAt = System.nanoTime();
        }
        if (from == null) {
          var _ = context.close();
        }
      }
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, ByteBuf message) {
      received.add(LENGTH + message.readableBytes());
      String peer = from;
      Handler to = handler;
      if (peer == null
          || to == null
          || message.readableBytes() < 1 + Long.BYTES
          || message.readByte() != REQUEST) {
        var _ = context.close();
        return;
      }
      if (System.nanoTime() - believedAt > BELIEVED_NANOS) {
        if (!peer.equals(peer(context))) {
          LOG.warn("{} is not one of the hosts any more", peer);
          var _ = context.close();
          return;
        }
        believedAt = System.nanoTime();
      }
      long id = message.readLong();
      byte[] request = ByteBufUtil.getBytes(message);
      begun(context, request.length);
      Tasks.EXECUTOR.execute(
          () -> {
            var _ =
                to.call(peer, request, () -> !context.channel().isActive())
                    .whenComplete(
                        (reply, failure) -> {
                          if (!context.channel().isActive()) {
                            return;
                          }
                          if (failure == null) {
                            var _ =
                                context
                                    .writeAndFlush(frame(REPLY, id, reply))
                                    .addListener(_ -> ended(context, request.length));
                          } else {
                            LOG.error("A call of {} failed unexpectedly", peer, failure);
                            var _ = context.close();
                          }
                        });
          });
    }

    private void begun(ChannelHandlerContext context, int length) {
      calls++;
      bytes += length;
      if (full()) {
        context.channel().config().setAutoRead(false);
      }
    }

    /** Its reply was taken by the network; on the connection's own thread. */
    private void ended(ChannelHandlerContext context, int length) {
      calls--;
      bytes -= length;
      if (!full()) {
        context.channel().config().setAutoRead(true);
      }
    }

    private boolean full() {
      return calls >= mostCalls || bytes >= MOST_BYTES;
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      LOG.debug("A connection from {} failed", context.channel().remoteAddress(), cause);
      var _ = context.close();
    }
  }

  private @Nullable String peer(ChannelHandlerContext context) {
    SslHandler handler = context.pipeline().get(SslHandler.class);
    try {
      return handler == null ? null : tls.name(handler.engine().getSession());
    } catch (DvxException e) {
      LOG.warn("{}: {}", context.channel().remoteAddress(), e.getMessage());
      return null;
    }
  }

  @Override
  public void close() {
    closed = true;
    listener.close().awaitUninterruptibly(END_SECONDS, TimeUnit.SECONDS);
    group
        .shutdownGracefully(0, END_SECONDS, TimeUnit.SECONDS)
        .awaitUninterruptibly(END_SECONDS, TimeUnit.SECONDS);
  }
}
