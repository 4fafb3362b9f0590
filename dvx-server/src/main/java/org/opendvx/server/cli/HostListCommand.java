package org.opendvx.server.cli;

import org.opendvx.server.api.DvxHostsView;
import picocli.CommandLine.Command;

/** {@code dvx host list}. */
@Command(
    name = "list",
    description = "The hosts that show the datastore, and what each of them serves.",
    footer = {"", "Example: dvx host list --watch"})
public final class HostListCommand extends LookCommand {
  /** The command, to be filled in by picocli. */
  public HostListCommand() {}

  @Override
  void look(RestClient node) {
    DvxHostsView view = node.get("hosts", DvxHostsView.class);
    print(view, () -> HostTables.hosts(view));
  }
}
