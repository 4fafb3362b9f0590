package org.opendvx.server.rest;

import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.opendvx.server.api.PrefetchRequest;
import org.opendvx.server.api.PrefetchesView;
import org.opendvx.server.security.Role;
import org.opendvx.server.service.Prefetching;

/** What is fetched ahead for machines that move here. */
@Path("api/v1/prefetch")
@Produces(MediaType.APPLICATION_JSON)
@Consumes(MediaType.APPLICATION_JSON)
public final class PrefetchResource {
  private final Prefetching prefetching;

  /** Over it. */
  public PrefetchResource(Prefetching prefetching) {
    this.prefetching = prefetching;
  }

  /** What was and is fetched. */
  @GET
  @Requires(Role.VIEWER)
  public PrefetchesView list() {
    return prefetching.list();
  }

  /** Begins to fetch, as if a machine moved here. */
  @POST
  @Requires(Role.OPERATOR)
  public PrefetchesView start(@Nullable PrefetchRequest body) {
    PrefetchRequest request = Params.body(body);
    return prefetching.start(
        Params.required("vm", request.vm()),
        Objects.requireNonNullElse(request.from(), ""),
        request.announced());
  }
}
