package org.opendvx.server.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code dvx host confirm}. */
@Command(
    name = "confirm",
    description = {
      "Let files be changed through a host again that others had declared dead, when no manager can"
          + " tell which machines run beside it.",
      "",
      "Run this at that host, and only when no machine that used it was restarted elsewhere: what"
          + " such a machine had under way would be written now. dvx host list shows whether changes"
          + " wait."
    },
    footer = {"", "Example: dvx host confirm host1"})
public final class HostConfirmCommand extends ClientCommand {
  @Parameters(paramLabel = "NAME", description = "The name of the host that is asked.")
  private String name;

  /** The command, to be filled in by picocli. */
  @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
  public HostConfirmCommand() {}

  @Override
  int run(RestClient node) {
    node.delete("hosts/" + RestClient.encode(name) + "/bar");
    return 0;
  }
}
