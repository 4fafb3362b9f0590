package org.opendvx.coordinator.session;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.X509ExtendedTrustManager;
import org.opendvx.coordinator.pki.CertificateAuthority;
import org.opendvx.coordinator.protocol.FrameDecoder;
import org.opendvx.coordinator.protocol.FrameEncoder;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.AuditTrail;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Listens for agents. TLS 1.3; and, on this port alone, TLS 1.2 with forward secrecy for guests
 * that have no 1.3.
 */
final class AgentServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(AgentServer.class);
  private static final int HANDSHAKE_SECONDS = 15;

  /** Of the records of those that waited too long among too many. */
  private static final String CROWD = "CROWD";

  private static final Duration NEW_CERTIFICATE = Duration.ofDays(90);
  private static final Duration SET_BACK = Duration.ofMinutes(-1);

  /** The last two are for Windows up to 2012 R2. */
  private static final List<String> SUITES =
      List.of(
          "TLS_AES_256_GCM_SHA384",
          "TLS_AES_128_GCM_SHA256",
          "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
          "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
          "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384",
          "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256");

  private final Context context;
  private final Admission admission;
  private final Doorway doorway = new Doorway();
  private final EventLoopGroup loops;
  private final ChannelGroup open = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE, true);
  private volatile Dated tls;
  private final Channel listener;

  private record Dated(SslContext context, Instant made) {}

  AgentServer(Context context, AuditTrail audit) {
    this.context = context;
    this.admission = new Admission(context, audit);
    this.tls = fresh();
    this.loops = new MultiThreadIoEventLoopGroup(2, NioIoHandler.newFactory());
    try {
      this.listener = listen();
    } catch (RuntimeException | Error e) {
      Object _ = loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
      throw e;
    }
    LOG.info("agents are awaited on {} port {}", context.settings().listen(), port());
  }

  private Channel listen() {
    InetSocketAddress address =
        new InetSocketAddress(context.settings().listen(), context.settings().port());
    var bound =
        new ServerBootstrap()
            .group(loops)
            .channel(NioServerSocketChannel.class)
            .option(ChannelOption.SO_BACKLOG, 256)
            .option(ChannelOption.SO_REUSEADDR, true)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childOption(ChannelOption.SO_KEEPALIVE, true)
            .childHandler(
                new ChannelInitializer<SocketChannel>() {
                  @Override
                  protected void initChannel(SocketChannel channel) {
                    accept(channel);
                  }
                })
            .bind(address)
            .awaitUninterruptibly();
    if (!bound.isSuccess()) {
      DvxException.Builder failure =
          DvxException.of(Kind.UNAVAILABLE, "Agents cannot be awaited")
              .remedy("Choose another agents.listen or agents.port, or stop what holds the port")
              .detail("address", address);
      Throwable cause = bound.cause();
      throw (cause == null ? failure : failure.causedBy(cause)).build();
    }
    return bound.channel();
  }

  private void accept(SocketChannel channel) {
    open.add(channel);
    doorway.enter(channel).ifPresent(this::turnAway);
    Object _ = channel.closeFuture().addListener(_ -> doorway.leave(channel));
    SslHandler handler = current().newHandler(channel.alloc());
    handler.setHandshakeTimeout(HANDSHAKE_SECONDS, TimeUnit.SECONDS);
    channel
        .pipeline()
        .addLast("tls", handler)
        .addLast("decoder", new FrameDecoder())
        .addLast("encoder", new FrameEncoder())
        .addLast("agent", new AgentConnection(context, admission, doorway));
  }

  private void turnAway(Channel channel) {
    String client = String.valueOf(channel.remoteAddress());
    context.meters().refused(CROWD);
    context
        .blocking()
        .execute(
            () ->
                context
                    .refusals()
                    .note(
                        CROWD,
                        "more than " + Doorway.MOST + " connections wait to present themselves",
                        client,
                        "",
                        ""));
    Object _ = channel.close();
  }

  /**
   * The context in use. A node that runs for long takes a new certificate in time; so does one
   * whose clock was set back: agents would not believe a certificate of the future.
   */
  private SslContext current() {
    Dated dated = tls;
    Duration age = Duration.between(dated.made(), context.clock().instant());
    if (age.compareTo(NEW_CERTIFICATE) > 0 || age.compareTo(SET_BACK) < 0) {
      dated = fresh();
      tls = dated;
    }
    return dated.context();
  }

  private Dated fresh() {
    CertificateAuthority authority = context.authority();
    CertificateAuthority.Identity identity = authority.issueServer();
    try {
      SslContext made =
          SslContextBuilder.forServer(identity.key(), identity.chain())
              .sslProvider(SslProvider.JDK)
              .protocols("TLSv1.3", "TLSv1.2")
              .ciphers(SUITES)
              .clientAuth(ClientAuth.OPTIONAL)
              .trustManager(new JudgedLater(authority.certificate()))
              .build();
      return new Dated(made, context.clock().instant());
    } catch (SSLException e) {
      throw DvxException.of(Kind.INTERNAL, "TLS cannot be set up for agents").causedBy(e).build();
    }
  }

  /**
   * Lets every certificate through the handshake, which proves possession of its key; {@link
   * Admission#identify} judges it before anything else is done, so that a refusal carries a reason
   * that the agent can act upon.
   */
  private static final class JudgedLater extends X509ExtendedTrustManager {
    private final X509Certificate authority;

    JudgedLater(X509Certificate authority) {
      this.authority = authority;
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {
      throw new UnsupportedOperationException("this is a server");
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {
      throw new UnsupportedOperationException("this is a server");
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {
      throw new UnsupportedOperationException("this is a server");
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[] {authority};
    }
  }

  int port() {
    return ((InetSocketAddress) listener.localAddress()).getPort();
  }

  @Override
  public void close() {
    Object _ = listener.close().awaitUninterruptibly(2_000);
    Object _ = open.close().awaitUninterruptibly(2_000);
    Object _ = loops.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly(3_000);
  }
}
