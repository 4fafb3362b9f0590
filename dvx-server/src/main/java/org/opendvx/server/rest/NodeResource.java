package org.opendvx.server.rest;

import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import org.opendvx.server.api.DatastoreView;
import org.opendvx.server.api.StatusView;
import org.opendvx.server.security.Role;
import org.opendvx.server.service.NodeFacts;

/** The node and its datastore. */
@Path("api/v1")
@Produces(MediaType.APPLICATION_JSON)
public final class NodeResource {
  private final NodeFacts facts;

  /** Over what the node knows of itself. */
  public NodeResource(NodeFacts facts) {
    this.facts = facts;
  }

  /** The node as a whole. */
  @GET
  @Path("status")
  @Requires(Role.VIEWER)
  public StatusView status() {
    return facts.status();
  }

  /** Space, reduction and exports. */
  @GET
  @Path("datastore")
  @Requires(Role.VIEWER)
  public DatastoreView datastore() {
    return facts.datastore();
  }
}
