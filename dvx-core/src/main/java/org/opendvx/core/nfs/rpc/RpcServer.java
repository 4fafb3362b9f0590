package org.opendvx.core.nfs.rpc;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.nfs.access.ClientAddress;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Listens for RPC over TCP and UDP and serves programs. {@code listen} may be called several times;
 * {@link #stop} ends everything. Thread-safe.
 */
public final class RpcServer {
  private static final Logger log = LoggerFactory.getLogger(RpcServer.class);
  private static final int BACKLOG = 256;
  private static final int MAX_DATAGRAM = 9000;
  private static final WriteBufferWaterMark UNSENT = new WriteBufferWaterMark(1 << 20, 4 << 20);

  private final RpcTransport transport = RpcTransport.best();
  private final RpcLimits limits;
  private final RpcMetrics metrics;
  private final BooleanSupplier congested;
  private final ByteBufAllocator allocator;
  private final ConnectionGate gate;
  private final EventLoopGroup eventLoops;
  private final ChannelGroup listeners = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
  private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
  private volatile boolean stopping;

  /**
   * Starts the event loops, and nothing that listens.
   *
   * @param threads event loops
   * @param congested whether connections should stop reading for a while
   * @param admitted which clients may connect at all
   */
  public RpcServer(
      int threads,
      RpcLimits limits,
      RpcMetrics metrics,
      BooleanSupplier congested,
      ByteBufAllocator allocator,
      Predicate<ClientAddress> admitted) {
    this.limits = limits;
    this.metrics = metrics;
    this.congested = congested;
    this.allocator = allocator;
    this.gate = new ConnectionGate(admitted, limits);
    this.eventLoops = transport.eventLoops(threads);
  }

  /**
   * Serves programs over TCP.
   *
   * @param address port 0 for any
   * @return the address with the port
   * @throws DvxException when the address cannot be had
   */
  public InetSocketAddress listen(InetSocketAddress address, Collection<RpcProgram> programs) {
    Map<Integer, RpcProgram> byNumber = byNumber(programs);
    ServerBootstrap bootstrap =
        new ServerBootstrap()
            .group(eventLoops)
            .channel(transport.server())
            .option(ChannelOption.SO_REUSEADDR, true)
            .option(ChannelOption.SO_BACKLOG, BACKLOG)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childOption(ChannelOption.SO_KEEPALIVE, true)
            .childOption(ChannelOption.ALLOCATOR, allocator)
            .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, UNSENT)
            .childHandler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    accept(channel, byNumber);
                  }
                });
    return bound(bootstrap.bind(address).awaitUninterruptibly(), address, "TCP");
  }

  /** Serves programs over UDP; as {@link #listen}. */
  public InetSocketAddress listenUdp(InetSocketAddress address, Collection<RpcProgram> programs) {
    Bootstrap bootstrap =
        new Bootstrap()
            .group(eventLoops)
            .channel(transport.datagram())
            .option(ChannelOption.ALLOCATOR, allocator)
            .option(ChannelOption.RECVBUF_ALLOCATOR, new FixedRecvByteBufAllocator(MAX_DATAGRAM))
            .handler(new RpcDatagrams(gate, metrics, new CallDecoder(byNumber(programs))));
    return bound(bootstrap.bind(address).awaitUninterruptibly(), address, "UDP");
  }

  /**
   * Accepts no more, answers what is under way, closes everything.
   *
   * @param limit for answering; what is still under way then is dropped
   */
  public void stop(Duration limit) {
    stopping = true;
    listeners.close().awaitUninterruptibly();
    for (Channel channel : connections) {
      // On the event loop, where a connection that is just being accepted is complete.
      channel.eventLoop().execute(() -> finish(channel));
    }
    if (!connections.newCloseFuture().awaitUninterruptibly(limit.toMillis())) {
      log.warn("{} connections had requests under way when the server stopped", connections.size());
    }
    connections.close().awaitUninterruptibly(limit.toMillis());
    eventLoops
        .shutdownGracefully(0, Math.max(1, limit.toMillis()), TimeUnit.MILLISECONDS)
        .awaitUninterruptibly(limit.toMillis() + 1_000);
  }

  /** How many connections are open. */
  public int connectionCount() {
    return connections.size();
  }

  /** The kind of event loops, for people. */
  public String transportName() {
    return transport.name();
  }

  private static void finish(Channel channel) {
    RpcConnection connection = channel.pipeline().get(RpcConnection.class);
    if (connection != null) {
      connection.finish();
    }
  }

  private void accept(Channel channel, Map<Integer, RpcProgram> programs) {
    InetSocketAddress remote = (InetSocketAddress) channel.remoteAddress();
    if (remote == null) {
      var _ = channel.close(); // gone already
      return;
    }
    ClientAddress client = ClientAddress.of(remote.getAddress());
    Optional<String> refusal = gate.enter(client);
    if (refusal.isPresent()) {
      log.debug("Refused a connection from {}: {}", remote, refusal.get());
      metrics.refused(refusal.get());
      var _ = channel.close();
      return;
    }
    channel.closeFuture().addListener(_ -> gate.leave(client));
    connections.add(channel);
    if (stopping) {
      var _ = channel.close(); // stop() may not have seen it
      return;
    }
    RecordAssembler assembler = new RecordAssembler(limits);
    channel.config().setRecvByteBufAllocator(new ReceiveBuffers(assembler, metrics));
    channel
        .pipeline()
        .addLast(
            new RpcConnection(limits, metrics, congested, new CallDecoder(programs), assembler));
  }

  private InetSocketAddress bound(
      ChannelFuture binding, InetSocketAddress address, String protocol) {
    Throwable cause = binding.cause();
    if (cause != null) {
      throw DvxException.of(Kind.UNAVAILABLE, "Cannot listen on " + protocol + " " + address)
          .causedBy(cause)
          .remedy("Stop what uses the port, or configure another one")
          .build();
    }
    listeners.add(binding.channel());
    return (InetSocketAddress) binding.channel().localAddress();
  }

  private static Map<Integer, RpcProgram> byNumber(Collection<RpcProgram> programs) {
    return programs.stream().collect(Collectors.toMap(RpcProgram::number, Function.identity()));
  }
}
