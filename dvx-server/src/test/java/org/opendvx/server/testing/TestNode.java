package org.opendvx.server.testing;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.logging.LogManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.opendvx.server.config.ConfigLoader;
import org.opendvx.server.config.NodeConfig;
import org.opendvx.server.config.NodeSection;
import org.opendvx.server.config.RestSection;
import org.opendvx.server.node.DvxNode;
import org.opendvx.server.security.PrivateFiles;
import org.slf4j.bridge.SLF4JBridgeHandler;

/** A node on free ports with fakes underneath, and a plain HTTPS client that checks its name. */
public final class TestNode implements AutoCloseable {
  static {
    LogManager.getLogManager().reset();
    SLF4JBridgeHandler.install();
  }

  private final FakeParts fakes = new FakeParts();
  private final DvxNode node;
  private final HttpClient http;
  private final String adminToken;

  /** Starts one on a data folder. */
  public TestNode(Path data) throws Exception {
    this(data, Duration.ofSeconds(30), 64);
  }

  /** Starts one with limits of its own. */
  public TestNode(Path data, Duration idle, int maxConnections) throws Exception {
    node =
        DvxNode.start(
            config(data, idle, maxConnections), fakes.parts(), "1.2.3", Clock.systemUTC());
    http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .sslContext(trusting(Path.of(node.file().certificateFile())))
            .build();
    adminToken = PrivateFiles.readSecret(Path.of(node.file().tokenFile()));
  }

  /** The configuration of such a node. */
  public static NodeConfig config(Path data, Duration idle, int maxConnections) {
    NodeConfig defaults = ConfigLoader.defaults();
    RestSection rest = defaults.rest();
    return defaults
        .with(new NodeSection("test", data, "dvx"))
        .with(
            new RestSection(
                "127.0.0.1",
                0,
                List.of(),
                rest.certificate(),
                rest.privateKey(),
                rest.maxBody(),
                idle,
                maxConnections));
  }

  /** The node. */
  public DvxNode node() {
    return node;
  }

  /** What is underneath. */
  public FakeParts fakes() {
    return fakes;
  }

  /** The first administrator's token. */
  public String adminToken() {
    return adminToken;
  }

  /** The port of REST. */
  public int port() {
    return URI.create(node.file().rest()).getPort();
  }

  /** A TLS context that trusts the certificate in a file. */
  public static SSLContext trusting(Path certificate) throws Exception {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    try (var in = Files.newInputStream(certificate)) {
      store.setCertificateEntry(
          "node", CertificateFactory.getInstance("X.509").generateCertificate(in));
    }
    TrustManagerFactory factory =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(store);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, factory.getTrustManagers(), null);
    return context;
  }

  /** Sends a request as the administrator. */
  public HttpResponse<String> send(String method, String path, String body) throws Exception {
    return send(method, path, body, adminToken);
  }

  /** Sends a request with a token; an empty one stands for none. */
  public HttpResponse<String> send(String method, String path, String body, String token)
      throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("https://localhost:" + port() + path))
            .timeout(Duration.ofSeconds(30))
            .method(method, HttpRequest.BodyPublishers.ofString(body));
    if (!token.isEmpty()) {
      request.header("Authorization", "Bearer " + token);
    }
    if (!body.isEmpty()) {
      request.header("Content-Type", "application/json");
    }
    return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  @Override
  public void close() {
    http.shutdownNow();
    node.close();
  }
}
