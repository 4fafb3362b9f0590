package org.opendvx.server.cli;

import org.opendvx.server.api.DrivesView;
import picocli.CommandLine.Command;

@Command(name = "drives", description = "The drives of the pool, and how many more may be lost.")
final class DrivesCommand extends LookCommand {
  @Override
  void look(RestClient node) {
    DrivesView view = node.get("drives", DrivesView.class);
    print(view, () -> Tables.drives(view));
  }
}
