package org.opendvx.server;

import org.opendvx.server.node.Parts;
import picocli.CommandLine.Command;

@Command(
    name = "serve",
    description = {
      "Run a node until it is told to stop (SIGTERM or Ctrl-C).",
      "",
      "Without a configuration it serves six drive folders below the data folder to this machine"
          + " alone, and prints what to do next."
    },
    footer = {
      "",
      "Examples: dvx serve",
      "          dvx serve --data /var/lib/dvx",
      "          dvx serve --config /etc/dvx/dvx.yaml --log-json"
    })
final class ServeCommand extends NodeCommand {
  /** Serves with these parts. */
  ServeCommand(Parts parts) {
    super(parts);
  }
}
