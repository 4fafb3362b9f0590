package org.opendvx.server.rest;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.ws.rs.ext.ContextResolver;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLContext;
import org.glassfish.grizzly.http.server.HttpServer;
import org.glassfish.grizzly.http.server.NetworkListener;
import org.glassfish.grizzly.http.server.ServerConfiguration;
import org.glassfish.grizzly.nio.transport.TCPNIOTransport;
import org.glassfish.grizzly.ssl.SSLEngineConfigurator;
import org.glassfish.jersey.grizzly2.httpserver.GrizzlyHttpContainer;
import org.glassfish.jersey.jackson.JacksonFeature;
import org.glassfish.jersey.server.ContainerFactory;
import org.glassfish.jersey.server.ResourceConfig;
import org.glassfish.jersey.server.ServerProperties;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.api.Json;
import org.opendvx.server.security.FailureLimiter;
import org.opendvx.server.security.TokenStore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The HTTPS listener: TLS 1.3 alone, every request and connection bounded. */
public final class RestServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(RestServer.class);
  private static final int MAX_HEADER_BYTES = 16 << 10;
  private static final int MAX_HEADERS = 64;

  /** Of a body that was refused, so much is read and dropped; then the connection is closed. */
  private static final int MAX_REMAINDER = 8 << 20;

  private static final int REQUESTS_PER_CONNECTION = 10_000;
  private static final int ANSWER_SECONDS = 180;
  private static final int REFUSALS_PER_MINUTE = 10;

  private final HttpServer server;
  private final ExecutorService workers;
  private final NetworkListener listener;
  private final ConnectionLimits limits;

  /**
   * Where and how to listen.
   *
   * @param port 0 for any free one
   * @param maxBody bytes of a request's body
   * @param idle how long a connection may idle, and a request take to arrive
   */
  public record Settings(
      String address, int port, long maxBody, Duration idle, int maxConnections) {}

  private RestServer(
      HttpServer server,
      NetworkListener listener,
      ExecutorService workers,
      ConnectionLimits limits) {
    this.limits = limits;
    this.server = server;
    this.listener = listener;
    this.workers = workers;
  }

  /**
   * Starts to serve.
   *
   * @param meters takes up what REST measures
   * @param resources instances of resource classes
   * @throws DvxException UNAVAILABLE when the port is taken, INVALID when the address is not ours
   */
  public static RestServer start(
      Settings settings,
      SSLContext tls,
      TokenStore tokens,
      MeterRegistry meters,
      Collection<?> resources) {
    ResourceConfig application = application(settings, tokens, meters, resources);
    ExecutorService workers =
        Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("rest-", 1).factory());
    ConnectionLimits limits = new ConnectionLimits(settings.maxConnections(), settings.idle());
    NetworkListener listener = listener(settings, tls, workers);
    listener.registerAddOn(limits);
    HttpServer server = new HttpServer();
    server.addListener(listener);
    ServerConfiguration configuration = server.getServerConfiguration();
    configuration.setHttpServerName("OpenDVX");
    configuration.setHttpServerVersion("");
    configuration.setMaxPayloadRemainderToSkip(MAX_REMAINDER);
    configuration.setTraceEnabled(false);
    configuration.setDefaultErrorPageGenerator(
        (_, status, _, _, _) ->
            "{\"type\":\"about:blank\",\"title\":\"The request cannot be answered\",\"status\":"
                + status
                + "}\n");
    GrizzlyHttpContainer container =
        ContainerFactory.createContainer(GrizzlyHttpContainer.class, application);
    configuration.addHttpHandler(container, "/");
    RestServer rest = new RestServer(server, listener, workers, limits);
    try {
      server.start();
    } catch (IOException | RuntimeException e) {
      rest.close();
      throw cannotListen(settings, e);
    }
    Gauge.builder("dvx.rest.connections", rest, RestServer::connections)
        .description("Open connections to REST")
        .register(meters);
    LOG.info("REST listens on {} port {}", settings.address(), rest.port());
    return rest;
  }

  /** The port. */
  public int port() {
    return listener.getPort();
  }

  /** Connections open now. */
  int connections() {
    return limits.open();
  }

  /** Stops to listen, lets requests end for two seconds, then drops them. */
  @Override
  public void close() {
    try {
      server.shutdown(2, TimeUnit.SECONDS).get(3, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      LOG.debug("requests were still running when the node stopped", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      server.shutdownNow();
      workers.shutdownNow();
      limits.close();
    }
  }

  private static ResourceConfig application(
      Settings settings, TokenStore tokens, MeterRegistry meters, Collection<?> resources) {
    ObjectMapper json = Json.strict();
    ResourceConfig application = new ResourceConfig();
    application.addProperties(
        Map.of(
            ServerProperties.WADL_FEATURE_DISABLE, true,
            ServerProperties.FEATURE_AUTO_DISCOVERY_DISABLE, true,
            ServerProperties.METAINF_SERVICES_LOOKUP_DISABLE, true,
            ServerProperties.RESPONSE_SET_STATUS_OVER_SEND_ERROR, true));
    application.register(JacksonFeature.withoutExceptionMappers());
    application.register(new Mapper(json));
    application.register(new Exchange(settings.maxBody(), settings.idle(), meters));
    application.register(
        new Access(
            tokens,
            new FailureLimiter(REFUSALS_PER_MINUTE, Duration.ofMinutes(1), System::nanoTime)));
    application.register(new ProblemMapper());
    resources.forEach(application::register);
    return application;
  }

  private static NetworkListener listener(
      Settings settings, SSLContext tls, ExecutorService workers) {
    NetworkListener listener = new NetworkListener("rest", settings.address(), settings.port());
    SSLEngineConfigurator engine = new SSLEngineConfigurator(tls, false, false, false);
    engine.setEnabledProtocols(new String[] {"TLSv1.3"});
    listener.setSecure(true);
    listener.setSSLEngineConfig(engine);
    listener.setMaxHttpHeaderSize(MAX_HEADER_BYTES);
    listener.setMaxRequestHeaders(MAX_HEADERS);
    listener.setMaxFormPostSize(0);
    listener.setMaxBufferedPostSize(0);
    listener.setMaxPendingBytes(16 << 20);
    listener.setTransactionTimeout(ANSWER_SECONDS);
    listener.setTraceEnabled(false);
    listener.getFileCache().setEnabled(false);
    int idleSeconds = (int) Math.max(1, settings.idle().toSeconds());
    listener.getKeepAlive().setIdleTimeoutInSeconds(idleSeconds);
    listener.getKeepAlive().setMaxRequestsCount(REQUESTS_PER_CONNECTION);
    TCPNIOTransport transport = listener.getTransport();
    transport.setWorkerThreadPool(workers);
    transport.setReadTimeout(idleSeconds, TimeUnit.SECONDS);
    transport.setWriteTimeout(idleSeconds, TimeUnit.SECONDS);
    transport.setReuseAddress(true);
    return listener;
  }

  private static DvxException cannotListen(Settings settings, Exception error) {
    boolean taken = false;
    for (Throwable cause = error; cause != null; cause = cause.getCause()) {
      taken |= cause instanceof BindException || cause instanceof UnknownHostException;
    }
    return DvxException.of(taken ? Kind.UNAVAILABLE : Kind.INTERNAL, "REST cannot listen")
        .causedBy(error)
        .remedy("Choose another rest.listen or rest.port, or stop what holds the port")
        .detail("address", new InetSocketAddress(settings.address(), settings.port()))
        .build();
  }

  /** Gives Jersey the project's way of writing JSON. */
  private record Mapper(ObjectMapper json) implements ContextResolver<ObjectMapper> {
    @Override
    public ObjectMapper getContext(Class<?> type) {
      return json;
    }
  }
}
