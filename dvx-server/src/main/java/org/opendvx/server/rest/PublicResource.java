package org.opendvx.server.rest;

import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.function.Supplier;
import org.opendvx.server.api.HealthView;
import org.opendvx.server.security.Role;

/** What monitoring and developers ask for. */
@Path("")
public final class PublicResource {
  private final Supplier<String> health;
  private final Supplier<String> metrics;
  private final String openApi;

  /**
   * Over these.
   *
   * @param health SERVING, DEGRADED or FAILED
   * @param metrics all metrics in Prometheus' text format
   */
  public PublicResource(Supplier<String> health, Supplier<String> metrics) {
    this.health = health;
    this.metrics = metrics;
    this.openApi = readOpenApi();
  }

  /** Whether the node serves: 200 if so, also with less redundancy, else 503. */
  @GET
  @Path("healthz")
  @Produces(MediaType.APPLICATION_JSON)
  @Open
  public Response health() {
    String state = health.get();
    return Response.status(state.equals("FAILED") ? 503 : 200)
        .entity(new HealthView(state))
        .build();
  }

  /** All metrics. */
  @GET
  @Path("metrics")
  @Produces("text/plain; version=0.0.4; charset=utf-8")
  @Requires(Role.VIEWER)
  public String metrics() {
    return metrics.get();
  }

  /** The description of this API. */
  @GET
  @Path("api/v1/openapi.yaml")
  @Produces("application/yaml")
  @Open
  public String openApi() {
    return openApi;
  }

  private static String readOpenApi() {
    try (InputStream in = PublicResource.class.getResourceAsStream("/openapi.yaml")) {
      if (in == null) {
        throw new IOException("openapi.yaml is not on the class path");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
