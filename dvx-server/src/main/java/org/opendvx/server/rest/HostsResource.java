package org.opendvx.server.rest;

import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import org.jspecify.annotations.Nullable;
import org.opendvx.server.api.DvxHostsView;
import org.opendvx.server.api.MoveRequest;
import org.opendvx.server.api.MovedView;
import org.opendvx.server.api.PlacementView;
import org.opendvx.server.security.Role;
import org.opendvx.server.service.EventLog;
import org.opendvx.server.service.Placement;

/** The hosts that show the datastore, and what each of them serves. */
@Path("api/v1")
@Produces(MediaType.APPLICATION_JSON)
@Consumes(MediaType.APPLICATION_JSON)
public final class HostsResource {
  private final Placement placement;
  private final EventLog events;

  /** Over these. */
  public HostsResource(Placement placement, EventLog events) {
    this.placement = placement;
    this.events = events;
  }

  /** All hosts. */
  @GET
  @Path("hosts")
  @Requires(Role.VIEWER)
  public DvxHostsView hosts() {
    return placement.hosts();
  }

  /** Shuts a host out for good. */
  @DELETE
  @Path("hosts/{name}")
  @Requires(Role.ADMIN)
  public void remove(@PathParam("name") String name) {
    placement.remove(name);
    events.add(EventLog.Severity.WARNING, "host.removed", name, name + " was shut out");
  }

  /** Says of this host that the machines whose files are changed through it run beside it. */
  @DELETE
  @Path("hosts/{name}/bar")
  @Requires(Role.ADMIN)
  public void confirm(@PathParam("name") String name) {
    placement.confirm(name);
    events.add(
        EventLog.Severity.WARNING,
        "host.confirmed",
        name,
        "an administrator says that no machine beside it runs elsewhere");
  }

  /** Where a machine's files are served. */
  @GET
  @Path("placement")
  @Requires(Role.VIEWER)
  public PlacementView where(@QueryParam("vm") @Nullable String vm) {
    return placement.where(Params.required("vm", vm));
  }

  /** Moves a machine's files to a host. */
  @POST
  @Path("placement")
  @Requires(Role.OPERATOR)
  public MovedView move(@Nullable MoveRequest body) {
    MoveRequest request = Params.body(body);
    MovedView moved =
        placement.move(Params.required("vm", request.vm()), Params.required("to", request.to()));
    events.add(
        EventLog.Severity.INFO,
        "placement.moved",
        moved.vm(),
        moved.files() + " files are served by " + moved.to() + " now");
    return moved;
  }
}
