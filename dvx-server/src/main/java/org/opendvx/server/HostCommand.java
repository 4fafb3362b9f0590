package org.opendvx.server;

import org.opendvx.server.cli.HostConfirmCommand;
import org.opendvx.server.cli.HostListCommand;
import org.opendvx.server.cli.HostRemoveCommand;
import org.opendvx.server.datanode.JoinCommand;
import org.opendvx.server.node.Parts;
import picocli.CommandLine.Command;

/** {@code dvx host}. */
@Command(
    name = "host",
    description = {
      "Run this node as one of several hosts that show the same datastore, until it is told to stop.",
      "",
      "Needs pool.kind: remote and a data node that it has joined. docs/hosts.md tells how hosts"
          + " work together."
    },
    footer = {
      "",
      "Examples: dvx host --config /etc/dvx/dvx.yaml",
      "          dvx host join --help",
      "          dvx host list"
    },
    subcommands = {
      JoinCommand.class,
      HostListCommand.class,
      HostRemoveCommand.class,
      HostConfirmCommand.class
    })
final class HostCommand extends NodeCommand {
  /** Serves with these parts. */
  HostCommand(Parts parts) {
    super(parts);
  }
}
