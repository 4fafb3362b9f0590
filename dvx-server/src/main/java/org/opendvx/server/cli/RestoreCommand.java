package org.opendvx.server.cli;

import org.opendvx.server.api.RestoreRequest;
import org.opendvx.server.api.RestoreView;
import org.opendvx.server.api.TaskView;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "restore",
    description =
        "Bring a machine back to a snapshot, in place. It must be off; what it is now is kept in a"
            + " safety snapshot first.",
    footer = {"", "Example: dvx restore web1 --to before-upgrade --power-off --power-on"})
final class RestoreCommand extends TaskStartingCommand {
  @Parameters(paramLabel = "VM", description = "The machine: its name, or CONNECTION/ID.")
  private String vm;

  @Option(
      names = "--to",
      required = true,
      paramLabel = "SNAPSHOT",
      description = "The snapshot: its name or id.")
  private String snapshot;

  @Option(names = "--power-off", description = "Power a running machine off first.")
  private boolean powerOff;

  @Option(names = "--power-on", description = "Power it on afterwards.")
  private boolean powerOn;

  @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
  RestoreCommand() {}

  @Override
  int run(RestClient node) {
    TaskView task =
        node.post("restores", new RestoreRequest(vm, snapshot, powerOff, powerOn), TaskView.class);
    return finish(
        node,
        task,
        done -> {
          RestoreView view = node.convert(done.result(), RestoreView.class);
          print(
              view,
              () ->
                  Table.facts(
                      "Restored", view.vm() + " (" + view.vmRef() + ")",
                      "To", view.snapshot(),
                      "Files", view.files(),
                      "State before", view.safetySnapshot(),
                      "Notes", String.join("; ", view.notes())));
        });
  }
}
