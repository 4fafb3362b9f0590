package org.opendvx.server.cli;

import java.io.PrintStream;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.api.Problem;
import org.opendvx.server.api.TaskView;

/** Waits for a task, with a bar for those who watch. */
final class TaskWait {
  private static final int BAR = 30;

  private final RestClient node;
  private final @Nullable PrintStream bar;
  private final Duration limit;

  TaskWait(RestClient node, @Nullable PrintStream bar, Duration limit) {
    this.node = node;
    this.bar = bar;
    this.limit = limit;
  }

  /** The finished task; its failure comes out as the exception it was. */
  TaskView untilDone(TaskView started) {
    long deadline = System.nanoTime() + limit.toNanos();
    TaskView task = started;
    while (task.state().equals("RUNNING")) {
      draw(task);
      if (System.nanoTime() - deadline > 0) {
        clear();
        throw DvxException.of(Kind.TIMEOUT, "The task is not done yet")
            .cause("It runs longer than " + limit.toSeconds() + " seconds")
            .remedy("It goes on: dvx task show " + task.id())
            .build();
      }
      task = node.get("tasks/" + task.id() + "?wait=" + (bar == null ? 20 : 1), TaskView.class);
    }
    clear();
    Problem problem = task.problem();
    if (problem != null) {
      throw problem.toException();
    }
    return task;
  }

  private void draw(TaskView task) {
    if (bar != null) {
      int full = BAR * task.percent() / 100;
      bar.printf(
          "\r\033[K[%s%s] %3d %%  %s",
          "#".repeat(full),
          ".".repeat(BAR - full),
          task.percent(),
          task.message().replaceAll("\\p{Cntrl}", " "));
      bar.flush();
    }
  }

  private void clear() {
    if (bar != null) {
      bar.print("\r\033[K");
      bar.flush();
    }
  }
}
