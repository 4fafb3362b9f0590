package org.opendvx.server.rest;

import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.opendvx.server.api.EventView;
import org.opendvx.server.api.Page;
import org.opendvx.server.api.TaskView;
import org.opendvx.server.security.Role;
import org.opendvx.server.service.EventLog;
import org.opendvx.server.service.TaskRegistry;

/** What goes on: tasks and events. */
@Path("api/v1")
@Produces(MediaType.APPLICATION_JSON)
public final class ActivityResource {
  private static final int MAX_WAIT_SECONDS = 25;

  private final TaskRegistry tasks;
  private final EventLog events;

  /** Over these. */
  public ActivityResource(TaskRegistry tasks, EventLog events) {
    this.tasks = tasks;
    this.events = events;
  }

  /** Tasks, newest first. */
  @GET
  @Path("tasks")
  @Requires(Role.VIEWER)
  public Page<TaskView> tasks(
      @QueryParam("cursor") @Nullable String cursor, @QueryParam("limit") @Nullable String limit) {
    return tasks.list(Params.cursor(cursor), Params.limit(limit));
  }

  /** A task; {@code wait} answers when it is over, or after so many seconds. */
  @GET
  @Path("tasks/{id}")
  @Requires(Role.VIEWER)
  public TaskView task(@PathParam("id") String id, @QueryParam("wait") @Nullable String wait) {
    return tasks.get(id, Duration.ofSeconds(Params.seconds(wait, MAX_WAIT_SECONDS)));
  }

  /** Events, oldest first. */
  @GET
  @Path("events")
  @Requires(Role.VIEWER)
  public Page<EventView> events(
      @QueryParam("cursor") @Nullable String cursor, @QueryParam("limit") @Nullable String limit) {
    return events.list(Params.cursor(cursor), Params.limit(limit));
  }
}
