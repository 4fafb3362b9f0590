package org.opendvx.server.cli;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.opendvx.server.api.PruneRequest;
import org.opendvx.server.api.PruneView;
import org.opendvx.server.api.TaskView;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
    name = "prune",
    description = "Forget many snapshots at once, but the newest; their space is freed by and by.",
    footer = {
      "",
      "Example: dvx snapshot prune --vm web1 --until 2026-01-01T00:00:00Z --keep 10 --dry-run"
    })
final class SnapshotPruneCommand extends TaskStartingCommand {
  @Option(names = "--vm", paramLabel = "VM", description = "Those of this machine.")
  private @Nullable String vm;

  @Option(names = "--name", paramLabel = "TEXT", description = "Those whose name contains this.")
  private @Nullable String name;

  @Option(
      names = "--label",
      paramLabel = "KEY=VALUE",
      description = "Those with this label; may be repeated.")
  private Map<String, String> labels = Map.of();

  @Option(
      names = "--since",
      paramLabel = "TIME",
      description = "Those taken then or later, such as 2026-01-31T12:00:00Z.")
  private @Nullable String since;

  @Option(names = "--until", paramLabel = "TIME", description = "Those taken before.")
  private @Nullable String until;

  @Option(
      names = "--keep",
      paramLabel = "N",
      defaultValue = "0",
      description = "So many of the newest of them stay. Default: ${DEFAULT-VALUE}.")
  private int keep;

  @Option(names = "--dry-run", description = "Only tell how many there are.")
  private boolean dryRun;

  @Override
  int run(RestClient node) {
    if (vm == null && name == null && labels.isEmpty() && since == null && until == null) {
      throw usage("Say which: --vm, --name, --label, --since or --until");
    }
    TaskView task =
        node.post(
            "snapshots/prune",
            new PruneRequest(name, vm, labels, since, until, keep, dryRun),
            TaskView.class);
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
