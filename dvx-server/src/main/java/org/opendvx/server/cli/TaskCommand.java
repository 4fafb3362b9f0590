package org.opendvx.server.cli;

import com.fasterxml.jackson.core.type.TypeReference;
import org.opendvx.server.api.Page;
import org.opendvx.server.api.TaskView;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "task",
    description = "Work that the node does or did.",
    subcommands = {TaskCommand.ListAll.class, TaskCommand.Show.class})
final class TaskCommand extends Group {

  @Command(name = "list", description = "Tasks since the node started, newest first.")
  static final class ListAll extends LookCommand {
    @Option(
        names = "--limit",
        paramLabel = "N",
        defaultValue = "50",
        description = "Most to show. Default: ${DEFAULT-VALUE}.")
    private int limit;

    @Override
    void look(RestClient node) {
      Page<TaskView> page =
          node.get("tasks?limit=" + Math.clamp(limit, 1, 1000), new TypeReference<>() {});
      print(page, () -> Tables.tasks(page.items()));
    }
  }

  @Command(name = "show", description = "A task, and why it failed if it did.")
  static final class Show extends LookCommand {
    @Parameters(paramLabel = "ID", description = "Its id.")
    private String id;

    @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
    Show() {}

    @Override
    void look(RestClient node) {
      TaskView view = node.get("tasks/" + RestClient.encode(id), TaskView.class);
      print(view, () -> Tables.task(view));
    }
  }
}
