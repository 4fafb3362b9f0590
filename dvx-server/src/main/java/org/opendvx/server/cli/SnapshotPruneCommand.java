package org.opendvx.server.cli;

import org.opendvx.server.api.PruneView;
import org.opendvx.server.api.TaskView;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "prune",
    description = "Forget many snapshots at once, but the newest; their space is freed by and by.",
    footer = {
      "",
      "Example: dvx snapshot prune --vm web1 --until 2026-01-01T00:00:00Z --keep 10 --dry-run"
    })
final class SnapshotPruneCommand extends TaskStartingCommand {
  @Mixin private SnapshotChoice choice;

  @Option(
      names = "--keep",
      paramLabel = "N",
      defaultValue = "0",
      description = "So many of the newest of them stay. Default: ${DEFAULT-VALUE}.")
  private int keep;

  @Option(names = "--dry-run", description = "Only tell how many there are.")
  private boolean dryRun;

  @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
  SnapshotPruneCommand() {}

  @Override
  int run(RestClient node) {
    if (choice.all()) {
      throw usage("Say which: --vm, --name, --label, --since or --until");
    }
    TaskView task = node.post("snapshots/prune", choice.prune(keep, dryRun), TaskView.class);
    return finish(
        node,
        task,
        done -> {
          PruneView view = node.convert(done.result(), PruneView.class);
          print(
              view,
              () ->
                  (dryRun ? "To be deleted: " : "Deleted: ")
                      + view.deleted()
                      + ", kept: "
                      + view.kept()
                      + System.lineSeparator());
        });
  }
}
