package org.opendvx.server.cli;

import java.time.Duration;
import java.util.function.Consumer;
import org.opendvx.server.api.TaskView;
import picocli.CommandLine.Option;

/** A command that starts a task and, unless told otherwise, waits for its end. */
abstract class TaskStartingCommand extends ClientCommand {
  @Option(
      names = "--no-wait",
      description = "Return at once; dvx task show tells what became of it.")
  private boolean noWait;

  @Option(
      names = "--timeout",
      paramLabel = "SECONDS",
      defaultValue = "3600",
      description = "Longest time to wait; the task goes on after it. Default: ${DEFAULT-VALUE}.")
  private int timeoutSeconds;

  /** Waits if it should, and tells the outcome. */
  int finish(RestClient node, TaskView task, Consumer<TaskView> outcome) {
    if (noWait) {
      print(task, () -> Tables.task(task));
      return 0;
    }
    outcome.accept(
        new TaskWait(node, environment().bar(), Duration.ofSeconds(timeoutSeconds))
            .untilDone(task));
    return 0;
  }
}
