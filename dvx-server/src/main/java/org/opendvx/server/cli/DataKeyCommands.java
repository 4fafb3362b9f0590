package org.opendvx.server.cli;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.opendvx.server.api.KeysView;
import picocli.CommandLine.Command;

/** What {@code dvx key} does with a node that runs. */
public final class DataKeyCommands {
  private DataKeyCommands() {}

  /** In the order in which help shows them. */
  public static List<Object> all() {
    return List.of(new Status(), new Renew());
  }

  @Command(
      name = "status",
      description = "The data keys of a node that runs, and how much is still to be sealed anew.")
  static final class Status extends LookCommand {
    @Override
    void look(RestClient node) {
      KeysView view = node.get("keys", KeysView.class);
      print(view, () -> facts(view));
    }
  }

  @Command(
      name = "renew",
      description = {
        "Make a new data key while the node serves. New data are sealed under it at once; the"
            + " cleaner seals anew what is there, in the background; then the old key is forgotten."
            + " It needs the role admin.",
        "",
        "Of several hosts, ask the one that cleans the pool (dvx clean status names it). All hosts"
            + " get to know the key before any seals under it, and need what locks the pool for"
            + " that.",
        "",
        "The key that locks the pool stays: `dvx key rotate` changes that one."
      },
      footer = {"", "Example: dvx key renew", "         dvx key status --watch"})
  static final class Renew extends ClientCommand {
    @Override
    int run(RestClient node) {
      KeysView view = node.post("keys/renewals", Map.of(), KeysView.class);
      print(view, () -> facts(view));
      return 0;
    }
  }

  private static String facts(KeysView view) {
    String ids = view.keyIds().stream().map(String::valueOf).collect(Collectors.joining(", "));
    Long containers = view.containersLeft();
    Long bytes = view.bytesLeft();
    String left =
        containers == null || bytes == null
            ? "not known yet"
            : containers + " containers, " + Words.bytes(bytes);
    return Table.facts(
        "Data key", view.keyId(),
        "In the ring", ids,
        "Sealing anew", view.resealing() ? "yes" : "no",
        "Since", view.since() == null ? "-" : Words.time(view.since()),
        "Left", left,
        "Of",
            view.since() == null
                ? "-"
                : view.startContainers() + " containers, " + Words.bytes(view.startBytes()),
        "Trouble", view.trouble() == null ? "none" : view.trouble());
  }
}
