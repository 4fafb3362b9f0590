package org.opendvx.server.rest;

import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.SecurityContext;
import org.opendvx.server.security.Role;
import org.opendvx.server.service.TaskRegistry;
import org.opendvx.server.service.Verification;

/** Verifying everything that is stored. */
@Path("api/v1")
@Produces(MediaType.APPLICATION_JSON)
public final class VerifyResource {
  private final Verification verification;
  private final TaskRegistry tasks;

  /** Over these. */
  public VerifyResource(Verification verification, TaskRegistry tasks) {
    this.verification = verification;
    this.tasks = tasks;
  }

  /** Begins one. */
  @POST
  @Path("verifications")
  @Requires(Role.OPERATOR)
  public Response verify(@Context SecurityContext security) {
    return Answers.accepted(
        tasks.submit("verify", "verify everything", Answers.owner(security), verification::run));
  }
}
