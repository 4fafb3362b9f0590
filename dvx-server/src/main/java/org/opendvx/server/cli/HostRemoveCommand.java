package org.opendvx.server.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code dvx host remove}. */
@Command(
    name = "remove",
    description = {
      "Shut a host out for good, such as one that was stolen or will not come back.",
      "",
      "The data node and the other hosts believe its certificate no more, and others serve its files."
          + " Run this at another host. What it had acknowledged stays."
    },
    footer = {"", "Example: dvx host remove host3"})
public final class HostRemoveCommand extends ClientCommand {
  @Parameters(paramLabel = "NAME", description = "Its name, from dvx host list.")
  private String name;

  /** The command, to be filled in by picocli. */
  @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
  public HostRemoveCommand() {}

  @Override
  int run(RestClient node) {
    node.delete("hosts/" + RestClient.encode(name));
    return 0;
  }
}
