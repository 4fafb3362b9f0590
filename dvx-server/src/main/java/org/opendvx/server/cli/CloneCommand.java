package org.opendvx.server.cli;

import org.jspecify.annotations.Nullable;
import org.opendvx.server.api.CloneRequest;
import org.opendvx.server.api.CloneView;
import org.opendvx.server.api.TaskView;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "clone",
    description =
        "Make a new machine from a snapshot. Its disks share all blocks: nothing is copied.",
    footer = {"", "Example: dvx clone before-upgrade --name web1-test --power-on"})
final class CloneCommand extends TaskStartingCommand {
  @Parameters(paramLabel = "SNAPSHOT", description = "The snapshot: its name or id.")
  private String snapshot;

  @Option(
      names = "--name",
      required = true,
      paramLabel = "NAME",
      description = "Name of the new machine.")
  private String name;

  @Option(
      names = "--macs",
      paramLabel = "new|keep",
      description = "MAC addresses: new ones, or those of the original (oVirt alone).")
  private @Nullable String macs;

  @Option(names = "--power-on", description = "Power it on.")
  private boolean powerOn;

  @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
  CloneCommand() {}

  @Override
  int run(RestClient node) {
    TaskView task =
        node.post("clones", new CloneRequest(snapshot, name, powerOn, macs), TaskView.class);
    return finish(
        node,
        task,
        done -> {
          CloneView view = node.convert(done.result(), CloneView.class);
          print(
              view,
              () ->
                  Table.facts(
                      "Made",
                      view.vm() + " (" + view.vmRef() + ")",
                      "Folder",
                      view.folder(),
                      "Power",
                      view.poweredOn() ? "on" : "off",
                      "Notes",
                      String.join("; ", view.notes())));
        });
  }
}
