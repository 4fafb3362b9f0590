package org.opendvx.server.node;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.micrometer.core.instrument.MeterRegistry;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import org.opendvx.server.api.Json;
import org.opendvx.server.api.NodeAccess;
import org.opendvx.server.config.RestSection;
import org.opendvx.server.rest.RestServer;
import org.opendvx.server.security.PrivateFiles;
import org.opendvx.server.security.TlsIdentity;
import org.opendvx.server.security.TokenStore;
import org.opendvx.server.service.EventLog;

/** REST as nodes and data nodes have it: certificate and tokens of the data folder, and where. */
public final class RestFront {
  private static final Duration EXPIRES_SOON = Duration.ofDays(30);

  private final RestSection section;
  private final DataFolder folder;
  private final TokenStore tokens;
  private final TlsIdentity tls;

  private RestFront(RestSection section, DataFolder folder, TokenStore tokens, TlsIdentity tls) {
    this.section = section;
    this.folder = folder;
    this.tokens = tokens;
    this.tls = tls;
  }

  /** Reads certificate and tokens, or makes them at the first start. */
  public static RestFront open(RestSection section, DataFolder folder, Clock clock) {
    TokenStore tokens = TokenStore.open(folder.tokens(), folder.firstToken(), clock);
    return new RestFront(section, folder, tokens, identity(section, folder));
  }

  private static TlsIdentity identity(RestSection rest, DataFolder folder) {
    if (!rest.generatesCertificate()) {
      return TlsIdentity.load(rest.certificate(), rest.privateKey());
    }
    PrivateFiles.createFolder(folder.root().resolve("tls"));
    return TlsIdentity.openOrGenerate(folder.certificate(), folder.privateKey(), rest.names());
  }

  /** Who may ask. */
  public TokenStore tokens() {
    return tokens;
  }

  /** Makes an event of a certificate that is over soon. */
  public void warnOfExpiry(EventLog events, Instant now) {
    Instant end = tls.chain().getFirst().getNotAfter().toInstant();
    if (now.plus(EXPIRES_SOON).isAfter(end)) {
      events.add(
          EventLog.Severity.WARNING,
          "certificate.expires",
          "REST",
          "the certificate of the REST server expires at " + end);
    }
  }

  /**
   * Starts to serve.
   *
   * @param meters takes up what REST measures
   * @param resources instances of resource classes
   */
  public RestServer start(MeterRegistry meters, Collection<?> resources) {
    return RestServer.start(
        new RestServer.Settings(
            section.listen(),
            section.port(),
            section.maxBody().bytes(),
            section.idle(),
            section.maxConnections()),
        tls.context(),
        tokens,
        meters,
        resources);
  }

  /** How the server is reached from this machine. */
  public NodeAccess access(RestServer server) {
    Path certificate =
        section.generatesCertificate() ? folder.certificate() : section.certificate();
    return new NodeAccess(
        ProcessHandle.current().pid(),
        url(section.listen(), server.port()),
        tls.fingerprint(),
        certificate.toAbsolutePath().toString(),
        folder.firstToken().toString(),
        folder.root().toString());
  }

  /** Writes {@code node.json}, by which commands find what runs in the data folder. */
  public void announce(Record file) {
    PrivateFiles.write(folder.nodeFile(), json(file));
  }

  /** A file about a node as JSON, readable by people too. */
  public static byte[] json(Record file) {
    try {
      return Json.lenient().writerWithDefaultPrettyPrinter().writeValueAsBytes(file);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a record of texts and numbers can be written", e);
    }
  }

  private static String url(String listen, int port) {
    try {
      return new URI("https", null, reachable(listen), port, null, null, null).toString();
    } catch (URISyntaxException e) {
      throw new IllegalStateException("an address on which we listen has a URL", e);
    }
  }

  /** An address under which this machine reaches a listener of its own. */
  static String reachable(String listen) {
    return switch (listen) {
      case "0.0.0.0" -> "127.0.0.1";
      case "::" -> "::1";
      default -> listen;
    };
  }
}
