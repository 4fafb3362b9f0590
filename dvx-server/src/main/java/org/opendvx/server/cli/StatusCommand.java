package org.opendvx.server.cli;

import org.opendvx.server.api.StatusView;
import picocli.CommandLine.Command;

@Command(
    name = "status",
    description = "How the node fares: drives, redundancy, what runs.",
    footer = {"", "Example: dvx status --watch"})
final class StatusCommand extends LookCommand {
  @Override
  void look(RestClient node) {
    StatusView view = node.get("status", StatusView.class);
    print(view, () -> Tables.status(view));
  }
}
