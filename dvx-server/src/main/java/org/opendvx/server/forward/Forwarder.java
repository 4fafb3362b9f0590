package org.opendvx.server.forward;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Relays every connection to the first of some hosts that takes it, beginning with the one that did
 * last. It knows nothing of NFS: handles, write verifiers and the order of calls are the hosts',
 * and a hypervisor that lost a connection makes a new one and repeats what was not answered.
 *
 * <p>Safe for any thread. Nothing waits longer than a connection attempt of {@link #CONNECT_MILLIS}
 * to each host; when none takes it, the hypervisor's connection is closed, and it tries again.
 */
final class Forwarder implements AutoCloseable {
  /** The longest attempt to reach one host. */
  static final int CONNECT_MILLIS = 2_000;

  private static final Logger LOG = LoggerFactory.getLogger(Forwarder.class);
  private static final int STOP_SECONDS = 5;

  private final List<Address> hosts;
  private final int mostConnections;
  private final EventLoopGroup loops =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final AtomicInteger open = new AtomicInteger();
  private final AtomicInteger preferred = new AtomicInteger();
  private final Channel server;

  private Forwarder(Address listen, List<Address> hosts, int mostConnections)
      throws InterruptedException {
    this.hosts = List.copyOf(hosts);
    this.mostConnections = mostConnections;
    ChannelFuture bound =
        new ServerBootstrap()
            .group(loops)
            .channel(NioServerSocketChannel.class)
            .option(ChannelOption.SO_REUSEADDR, true)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childOption(ChannelOption.SO_KEEPALIVE, true)
            .childOption(ChannelOption.AUTO_READ, false)
            .childHandler(new Accept())
            .bind(listen.resolve())
            .await();
    if (!bound.isSuccess()) {
      close();
      throw DvxException.of(Kind.CONFLICT, "The forwarder cannot listen")
          .cause(String.valueOf(bound.cause()))
          .remedy("Stop the node on this machine first: only one of the two may have the port")
          .detail("address", listen)
          .build();
    }
    server = bound.channel();
  }

  /**
   * Listens and relays until it is closed.
   *
   * @param hosts in the order of preference, at least one
   * @throws DvxException CONFLICT when the address cannot be had
   */
  static Forwarder start(Address listen, List<Address> hosts, int mostConnections)
      throws InterruptedException {
    return new Forwarder(listen, hosts, mostConnections);
  }

  /** The port on which it listens. */
  int port() {
    return ((InetSocketAddress) server.localAddress()).getPort();
  }

  /** Connections that are relayed or about to be. */
  int openConnections() {
    return open.get();
  }

  /** Stops listening and closes all connections. */
  @Override
  public void close() {
    boolean _ =
        loops
            .shutdownGracefully(0, STOP_SECONDS, TimeUnit.SECONDS)
            .awaitUninterruptibly(STOP_SECONDS, TimeUnit.SECONDS);
  }

  private final class Accept extends ChannelInitializer<Channel> {
    @Override
    protected void initChannel(Channel client) {
      if (open.incrementAndGet() > mostConnections) {
        LOG.warn("{} is refused: {} connections are open", client, mostConnections);
        open.decrementAndGet();
        ChannelFuture _ = client.close();
        return;
      }
      client.closeFuture().addListener(_ -> open.decrementAndGet());
      connect(client, preferred.get(), hosts.size());
    }
  }

  /** Tries a host, and the next one when it does not take the connection. */
  private void connect(Channel client, int index, int left) {
    if (left == 0) {
      LOG.warn("None of {} takes connections", hosts);
      ChannelFuture _ = client.close();
      return;
    }
    Address host = hosts.get(index);
    ChannelFuture connecting =
        new Bootstrap()
            .group(client.eventLoop())
            .channel(NioSocketChannel.class)
            .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_MILLIS)
            .option(ChannelOption.TCP_NODELAY, true)
            .option(ChannelOption.SO_KEEPALIVE, true)
            .option(ChannelOption.AUTO_READ, false)
            // Its relay is added once the connection is there.
            .handler(new ChannelInboundHandlerAdapter())
            .connect(host.resolve());
    Channel away = connecting.channel();
    connecting.addListener(
        done -> {
          if (!done.isSuccess()) {
            LOG.info("{} does not take connections: {}", host, done.cause().getMessage());
            connect(client, (index + 1) % hosts.size(), left - 1);
          } else if (!client.isActive()) {
            ChannelFuture _ = away.close();
          } else {
            if (preferred.getAndSet(index) != index || LOG.isDebugEnabled()) {
              LOG.info("Connections go to {}", host);
            }
            join(client, away);
          }
        });
  }

  private static void join(Channel client, Channel away) {
    client.pipeline().addLast(new Relay(away));
    away.pipeline().addLast(new Relay(client));
    client.config().setAutoRead(true);
    away.config().setAutoRead(true);
  }
}
