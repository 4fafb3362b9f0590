package org.opendvx.server.rest;

import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.SecurityContext;
import org.opendvx.server.api.CleanerView;
import org.opendvx.server.security.Role;
import org.opendvx.server.service.Cleaning;
import org.opendvx.server.service.TaskRegistry;

/** The cleaner, which gives space back. */
@Path("api/v1/cleaner")
@Produces(MediaType.APPLICATION_JSON)
public final class CleanerResource {
  private final Cleaning cleaning;
  private final TaskRegistry tasks;

  /** Over these. */
  public CleanerResource(Cleaning cleaning, TaskRegistry tasks) {
    this.cleaning = cleaning;
    this.tasks = tasks;
  }

  /** What it did and knows. */
  @GET
  @Requires(Role.VIEWER)
  public CleanerView view() {
    return cleaning.view();
  }

  /** Cleans until nothing is left that is worth it. */
  @POST
  @Path("runs")
  @Requires(Role.OPERATOR)
  public Response run(@Context SecurityContext security) {
    return Answers.accepted(
        tasks.submit("cleaner.run", "give space back", Answers.owner(security), cleaning::run));
  }
}
