package org.opendvx.server.cli;

import org.jspecify.annotations.Nullable;
import org.opendvx.server.api.CloneView;
import org.opendvx.server.api.ConvertRequest;
import org.opendvx.server.api.TaskView;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "convert",
    description = {
      "Make a machine of the other hypervisor from a snapshot, or from a machine that is off.",
      "Its disks share all blocks: nothing is copied. Nothing inside the guest is changed."
    },
    footer = {"", "Example: dvx vm convert web1 --to rhv --name web1-rhv"})
final class ConvertCommand extends TaskStartingCommand {
  @Parameters(paramLabel = "VM|SNAPSHOT", description = "Its name, or its id.")
  private String source;

  @Option(
      names = "--to",
      required = true,
      paramLabel = "rhv|vsphere",
      description = "The other hypervisor.")
  private String to;

  @Option(
      names = "--name",
      required = true,
      paramLabel = "NAME",
      description = "Name of the new machine.")
  private String name;

  @Option(
      names = "--connection",
      paramLabel = "NAME",
      description = "Where to make it, if several of that kind are connected.")
  private @Nullable String connection;

  @Option(
      names = "--network",
      paramLabel = "NAME",
      description = "Puts its cards on this vNIC profile or port group, not on that of their own.")
  private @Nullable String network;

  @Option(
      names = "--macs",
      paramLabel = "new|keep",
      description = "MAC addresses: new ones, or those of the original.")
  private @Nullable String macs;

  @Option(names = "--power-on", description = "Power it on.")
  private boolean powerOn;

  @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
  ConvertCommand() {}

  @Override
  int run(RestClient node) {
    ConvertRequest request =
        new ConvertRequest(source, to, connection, name, network, macs, powerOn);
    TaskView task = node.post("conversions", request, TaskView.class);
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
