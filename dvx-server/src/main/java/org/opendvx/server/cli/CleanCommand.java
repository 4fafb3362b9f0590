package org.opendvx.server.cli;

import java.util.Map;
import org.opendvx.server.api.CleanerRunView;
import org.opendvx.server.api.CleanerView;
import org.opendvx.server.api.StuckView;
import org.opendvx.server.api.TaskView;
import picocli.CommandLine.Command;

@Command(
    name = "clean",
    description = "The cleaner, which gives the space of what was deleted back.",
    subcommands = {CleanCommand.Status.class, CleanCommand.Run.class})
final class CleanCommand extends Group {

  @Command(name = "status", description = "What it did and knows, and what keeps it from working.")
  static final class Status extends LookCommand {
    @Override
    void look(RestClient node) {
      CleanerView view = node.get("cleaner", CleanerView.class);
      print(view, () -> table(view));
    }
  }

  @Command(
      name = "run",
      description =
          "Give back now all that is worth it: containers of which at least 15 %% are garbage. It"
              + " keeps to the cleaner's budget, so that clients hardly notice.",
      footer = {"", "Example: dvx clean run"})
  static final class Run extends TaskStartingCommand {
    @Override
    int run(RestClient node) {
      TaskView task = node.post("cleaner/runs", Map.of(), TaskView.class);
      return finish(
          node,
          task,
          done -> {
            CleanerRunView view = node.convert(done.result(), CleanerRunView.class);
            print(view, () -> facts(view));
          });
    }
  }

  private static String facts(CleanerRunView view) {
    return Table.facts(
        "Rounds", view.rounds(),
        "Given back", Words.bytes(Math.max(0, view.freedBytes())),
        "Containers deleted", view.deletedContainers(),
        "Of", Words.bytes(view.deletedBytes()),
        "Moved", Words.bytes(view.writtenBytes()),
        "Garbage left", "about " + Words.bytes(view.reclaimableBytes()));
  }

  private static String table(CleanerView view) {
    Long garbage = view.reclaimableBytes();
    String facts =
        Table.facts(
            "State", Words.lower(view.state()),
            "Trouble", view.trouble() == null ? "none" : view.trouble(),
            "Since", view.troubleSince() == null ? "-" : Words.time(view.troubleSince()),
            "Reclaimable", garbage == null ? "not known yet" : "about " + Words.bytes(garbage),
            "Alive", Words.bytes(view.liveBytes()),
            "Given back", Words.bytes(Math.max(0, view.freedBytes())),
            "Deleted",
                view.deletedContainers() + " containers, " + Words.bytes(view.deletedBytes()),
            "Moved", Words.bytes(view.writtenBytes()),
            "Rounds", view.rounds() + ", " + view.failures() + " failed",
            "Last round",
                Math.round(view.walkSeconds() * 10) / 10.0
                    + " s, "
                    + view.walkedNodes()
                    + " nodes visited",
            "Being cleaned", view.condemnedContainers(),
            "Cannot be cleaned", view.stuckContainers(),
            "Writes waiting for room", view.waitingWrites());
    if (view.stuck().isEmpty()) {
      return facts;
    }
    Table stuck = new Table(">CONTAINER", "SINCE", "WHY");
    for (StuckView each : view.stuck()) {
      stuck.row(each.container(), Words.time(each.since()), each.why());
    }
    return facts + System.lineSeparator() + stuck.render();
  }
}
