package org.opendvx.server.rest;

import io.micrometer.core.instrument.MeterRegistry;
import jakarta.inject.Provider;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerRequestFilter;
import jakarta.ws.rs.container.ContainerResponseContext;
import jakarta.ws.rs.container.ContainerResponseFilter;
import jakarta.ws.rs.container.PreMatching;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MultivaluedMap;
import jakarta.ws.rs.core.SecurityContext;
import java.security.Principal;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.glassfish.grizzly.http.server.Request;
import org.opendvx.core.error.ErrorReport;
import org.opendvx.core.error.Kind;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Surrounds every request: gives it an id, bounds its body in size and time, adds the headers that
 * keep browsers careful, and logs what was changed by whom.
 */
@PreMatching
final class Exchange implements ContainerRequestFilter, ContainerResponseFilter {
  private static final Logger LOG = LoggerFactory.getLogger("org.opendvx.server.rest.Access");
  private static final String ID = "dvx.request";
  private static final String START = "dvx.start";
  private static final String CLIENT = "dvx.client";

  private final MeterRegistry meters;
  private final long maxBody;
  private final Duration bodyLimit;

  @Context private Provider<Request> grizzly;

  /**
   * A filter.
   *
   * @param maxBody bytes
   * @param meters counts requests and their time
   * @param bodyLimit within which the body must have arrived
   */
  @SuppressWarnings("NullAway.Init") // Jersey sets the annotated field
  Exchange(long maxBody, Duration bodyLimit, MeterRegistry meters) {
    this.meters = meters;
    this.maxBody = maxBody;
    this.bodyLimit = bodyLimit;
  }

  /** The request's id, which the answer and the log carry. */
  static String id(ContainerRequestContext request) {
    return request.getProperty(ID) instanceof String id ? id : "-";
  }

  /** The address of the client. */
  static String client(ContainerRequestContext request) {
    return request.getProperty(CLIENT) instanceof String client ? client : "-";
  }

  @Override
  public void filter(ContainerRequestContext request) {
    request.setProperty(START, System.nanoTime());
    request.setProperty(ID, HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong()));
    request.setProperty(CLIENT, grizzly.get().getRemoteAddr());
    if (request.getLength() > maxBody) {
      throw tooLarge();
    }
    request.setEntityStream(
        new BoundedBody(
            request.getEntityStream(), maxBody, System.nanoTime() + bodyLimit.toNanos()));
  }

  @Override
  public void filter(ContainerRequestContext request, ContainerResponseContext response) {
    MultivaluedMap<String, Object> headers = response.getHeaders();
    headers.putSingle("X-Request-Id", id(request));
    headers.putSingle("Strict-Transport-Security", "max-age=31536000");
    headers.putSingle("X-Content-Type-Options", "nosniff");
    headers.putSingle("X-Frame-Options", "DENY");
    headers.putSingle("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
    headers.putSingle("Referrer-Policy", "no-referrer");
    headers.putSingle("Cache-Control", "no-store");
    if (response.getStatus() == 401) {
      headers.putSingle("WWW-Authenticate", "Bearer");
    }
    if (request.getProperty(START) instanceof Long start) {
      meters
          .timer("dvx.rest.request", "status", Integer.toString(response.getStatus()))
          .record(System.nanoTime() - start, TimeUnit.NANOSECONDS);
    }
    log(request, response.getStatus());
  }

  static LimitException tooLarge() {
    return new LimitException(
        413,
        new ErrorReport(
            "The request is too large",
            "Its body exceeds the node's limit",
            "Send less; rest.max-body in the configuration is the limit",
            Map.of()),
        Kind.INVALID);
  }

  private static void log(ContainerRequestContext request, int status) {
    boolean reads = request.getMethod().equals("GET") || request.getMethod().equals("HEAD");
    if (reads && !LOG.isDebugEnabled()) {
      return;
    }
    SecurityContext security = request.getSecurityContext();
    Principal principal = security == null ? null : security.getUserPrincipal();
    String line =
        "%s %s by %s from %s: %d, request %s"
            .formatted(
                request.getMethod(),
                request.getUriInfo().getRequestUri().getRawPath(),
                principal == null ? "nobody" : "token " + principal.getName(),
                client(request),
                status,
                id(request));
    if (reads) {
      LOG.debug("{}", line);
    } else {
      LOG.info("{}", line);
    }
  }
}
