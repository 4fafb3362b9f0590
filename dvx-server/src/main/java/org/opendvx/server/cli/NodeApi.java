package org.opendvx.server.cli;

import java.time.Duration;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.api.Problem;
import org.opendvx.server.api.TaskView;

/** The node's public REST interface, as anybody with a token can use it. Calls block. */
public final class NodeApi implements AutoCloseable {
  private static final int POLL_SECONDS = 20;

  private final RestClient rest;

  /** Asks by a client, which is closed with it. */
  public NodeApi(RestClient rest) {
    this.rest = rest;
  }

  /** GET. */
  public <T> T get(String path, Class<T> type) {
    return rest.get(path, type);
  }

  /** POST that answers with what was made. */
  public <T> T post(String path, Object body, Class<T> type) {
    return rest.post(path, body, type);
  }

  /** POST that starts a task; returns the task's result when it is done. */
  public <T> T await(String path, Object body, Class<T> type, Duration limit) {
    long deadline = System.nanoTime() + limit.toNanos();
    TaskView task = rest.post(path, body, TaskView.class);
    while (task.state().equals("RUNNING")) {
      if (System.nanoTime() - deadline > 0) {
        throw DvxException.of(Kind.TIMEOUT, "The node has not finished in time")
            .cause(task.summary() + " still runs after " + limit.toSeconds() + " s")
            .build();
      }
      task = rest.get("tasks/" + task.id() + "?wait=" + POLL_SECONDS, TaskView.class);
    }
    Problem problem = task.problem();
    if (problem != null) {
      throw problem.toException();
    }
    return rest.convert(task.result(), type);
  }

  @Override
  public void close() {
    rest.close();
  }
}
