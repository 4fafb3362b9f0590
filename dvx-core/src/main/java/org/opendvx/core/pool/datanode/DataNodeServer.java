package org.opendvx.core.pool.datanode;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.flush.FlushConsolidationHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.timeout.IdleStateHandler;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.net.InetSocketAddress;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.local.LocalPool;
import org.opendvx.core.pool.wire.Frame;
import org.opendvx.core.pool.wire.FrameDecoder;
import org.opendvx.core.pool.wire.NodeTls;
import org.opendvx.core.pool.wire.Op;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Serves the pool of this machine's drives to hosts. The pool is closed by who opened it. */
public final class DataNodeServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(DataNodeServer.class);
  private static final int FLUSH_AFTER = 64;
  private static final int LOW_WATER = 4 << 20;
  private static final int HIGH_WATER = 16 << 20;
  private static final long HANDSHAKE_SECONDS = 10;
  private static final long CLOSE_SECONDS = 5;

  private final DataNodeSettings settings;
  private final SslContext tls;
  private final Doorkeeper door;
  private final Requests requests;
  private final JournalHolds journals;
  private final Sessions sessions = new Sessions();
  private final ChannelGroup open = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
  private final EventLoopGroup loops =
      new MultiThreadIoEventLoopGroup(
          Math.max(2, Runtime.getRuntime().availableProcessors()),
          Thread.ofPlatform().daemon().name("dvx-datanode-", 0).factory(),
          NioIoHandler.newFactory());
  private final ScheduledExecutorService caretaker =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("dvx-datanode-care").factory());

  private DataNodeServer(
      DataNodeSettings settings, LocalPool pool, NodeTls.Identity identity, Doorkeeper door) {
    this.settings = settings;
    this.tls = NodeTls.server(identity, _ -> true);
    this.door = door;
    this.journals = new JournalHolds(pool, settings.lease().toNanos());
    this.requests = new Requests(pool, journals, new RecordLeases(pool, System::nanoTime));
    pool.onCheckpointWanted(() -> sessions.tellAll(Op.CHECKPOINT_WANTED));
  }

  /**
   * Starts to serve.
   *
   * @param pool opened with this coder
   * @throws DvxException CONFLICT when the port is taken
   */
  public static DataNodeServer start(
      DataNodeSettings settings,
      LocalPool pool,
      HostCoder coder,
      NodeTls.Identity identity,
      Doorkeeper door) {
    DataNodeServer server = new DataNodeServer(settings, pool, identity, door);
    coder.attach(server.sessions);
    boolean done = false;
    try {
      server.listen();
      done = true;
      return server;
    } finally {
      if (!done) {
        server.close();
      }
    }
  }

  private void listen() {
    ServerBootstrap bootstrap =
        new ServerBootstrap()
            .group(loops)
            .channel(NioServerSocketChannel.class)
            .option(ChannelOption.SO_REUSEADDR, true)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childOption(ChannelOption.SO_KEEPALIVE, true)
            .childOption(
                ChannelOption.WRITE_BUFFER_WATER_MARK,
                new WriteBufferWaterMark(LOW_WATER, HIGH_WATER))
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    accept(channel);
                  }
                });
    try {
      Channel listening = bootstrap.bind(settings.listen(), settings.port()).sync().channel();
      open.add(listening);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw DvxException.of(Kind.UNAVAILABLE, "The start was interrupted").causedBy(e).build();
    } catch (Exception e) {
      // Netty throws what the system says as it is.
      throw DvxException.of(Kind.CONFLICT, "The data node cannot listen")
          .causedBy(e)
          .remedy("Give another address or port")
          .detail("address", settings.listen())
          .detail("port", settings.port())
          .build();
    }
    long interval = settings.lease().toMillis() / 2 + 1;
    var _ = caretaker.scheduleWithFixedDelay(this::care, interval, interval, TimeUnit.MILLISECONDS);
    LOG.info("The data node listens on {}", address());
  }

  private void accept(Channel channel) {
    if (open.size() > settings.maxConnections()) {
      LOG.warn("Too many connections; {} is turned away", channel.remoteAddress());
      var _ = channel.close();
      return;
    }
    open.add(channel);
    SslHandler handler = tls.newHandler(channel.alloc());
    handler.setHandshakeTimeout(HANDSHAKE_SECONDS, TimeUnit.SECONDS);
    FrameDecoder decoder = new FrameDecoder(Frame.MAX_STRANGER_BODY);
    channel
        .pipeline()
        .addLast(
            new IdleStateHandler(settings.silence().toMillis(), 0, 0, TimeUnit.MILLISECONDS),
            handler,
            new FlushConsolidationHandler(FLUSH_AFTER, true),
            decoder,
            new HostConnection(decoder, requests, sessions, door));
  }

  private void care() {
    try {
      sessions.dropStrangers(door);
    } catch (RuntimeException e) {
      LOG.error("It cannot be told which hosts are known", e);
    }
    try {
      for (Session expired : sessions.takeExpired(settings.lease().toNanos())) {
        LOG.info("The session of {} has ended", expired);
        journals.closeAll(expired);
      }
    } catch (RuntimeException e) {
      LOG.error("Looking after sessions failed", e);
    }
  }

  /** Where it listens. */
  public InetSocketAddress address() {
    return open.stream()
        .filter(NioServerSocketChannel.class::isInstance)
        .map(channel -> (InetSocketAddress) channel.localAddress())
        .findFirst()
        .orElseThrow();
  }

  /** Ends every connection, as a broken network does; they may come again. For tests. */
  public void dropConnections() {
    sessions.connections().forEach(HostConnection::close);
  }

  @Override
  public void close() {
    caretaker.shutdownNow();
    open.close().awaitUninterruptibly(CLOSE_SECONDS, TimeUnit.SECONDS);
    loops
        .shutdownGracefully(0, CLOSE_SECONDS, TimeUnit.SECONDS)
        .awaitUninterruptibly(CLOSE_SECONDS, TimeUnit.SECONDS);
  }
}
