package org.opendvx.server.rest;

import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.SecurityContext;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.vm.VmRef;
import org.opendvx.server.api.AgentTokenRequest;
import org.opendvx.server.api.AgentView;
import org.opendvx.server.api.AuditView;
import org.opendvx.server.api.Page;
import org.opendvx.server.security.Role;
import org.opendvx.server.service.Agents;
import org.opendvx.server.service.EventLog;
import org.opendvx.server.service.VmDirectory;

/** Guest agents, and the record of what was done to guests. */
@Path("api/v1")
@Produces(MediaType.APPLICATION_JSON)
@Consumes(MediaType.APPLICATION_JSON)
public final class AgentsResource {
  private static final long HOUR_SECONDS = 3_600;
  private static final long MAX_SECONDS = 86_400;

  private final Agents agents;
  private final VmDirectory machines;
  private final EventLog events;

  /** Over these. */
  public AgentsResource(Agents agents, VmDirectory machines, EventLog events) {
    this.agents = agents;
    this.machines = machines;
    this.events = events;
  }

  /** All agents that are remembered. */
  @GET
  @Path("agents")
  @Requires(Role.VIEWER)
  public Page<AgentView> list() {
    return new Page<>(agents.list(), null);
  }

  /** Makes a one-time token for the agent of a machine. */
  @POST
  @Path("agents/tokens")
  @Requires(Role.ADMIN)
  public Response token(@Nullable AgentTokenRequest body, @Context SecurityContext security) {
    AgentTokenRequest request = Params.body(body);
    VmRef vm = machines.resolve(Params.required("vm", request.vm()));
    Long asked = request.lifeSeconds();
    long seconds = asked == null ? HOUR_SECONDS : asked;
    if (seconds < 60 || seconds > MAX_SECONDS) {
      throw Params.bad("lifeSeconds", "is 60 to " + MAX_SECONDS);
    }
    return Response.status(Response.Status.CREATED)
        .entity(agents.token(vm, Duration.ofSeconds(seconds), Answers.owner(security)))
        .build();
  }

  /** Takes an agent's identity back. */
  @DELETE
  @Path("agents/{id}")
  @Requires(Role.ADMIN)
  public void revoke(@PathParam("id") String id, @Context SecurityContext security) {
    AgentView revoked = agents.revoke(id, Answers.owner(security));
    events.add(EventLog.Severity.INFO, "agent.revoked", revoked.vm(), "the agent was revoked");
  }

  /** The audit log, oldest first. */
  @GET
  @Path("audit")
  @Requires(Role.VIEWER)
  public Page<AuditView> audit(
      @QueryParam("cursor") @Nullable String cursor, @QueryParam("limit") @Nullable String limit) {
    return agents.records(Params.cursor(cursor), Params.limit(limit));
  }
}
