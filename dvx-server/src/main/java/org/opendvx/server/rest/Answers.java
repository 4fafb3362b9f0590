package org.opendvx.server.rest;

import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.SecurityContext;
import java.net.URI;
import java.security.Principal;
import org.opendvx.server.api.TaskView;

/** Forms of answers that several resources give. */
final class Answers {
  private Answers() {}

  /** 202 with the task and its address. */
  static Response accepted(TaskView task) {
    return Response.accepted(task).location(URI.create("/api/v1/tasks/" + task.id())).build();
  }

  /** The id of the caller's token. */
  static String owner(SecurityContext security) {
    Principal principal = security.getUserPrincipal();
    return principal == null ? "" : principal.getName();
  }
}
