package org.opendvx.server.rest;

import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import org.opendvx.server.api.KeysView;
import org.opendvx.server.security.Role;
import org.opendvx.server.service.Keys;

/** The keys under which the pool's data are sealed; never a key itself. */
@Path("api/v1/keys")
@Produces(MediaType.APPLICATION_JSON)
public final class KeysResource {
  private final Keys keys;

  /** Over these. */
  public KeysResource(Keys keys) {
    this.keys = keys;
  }

  /** Which there are, and how far sealing anew has come. */
  @GET
  @Requires(Role.VIEWER)
  public KeysView view() {
    return keys.view();
  }

  /** Makes a new data key and begins to seal everything anew under it. */
  @POST
  @Path("renewals")
  @Requires(Role.ADMIN)
  public KeysView renew() {
    return keys.renew();
  }
}
