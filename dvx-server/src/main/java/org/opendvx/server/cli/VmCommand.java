package org.opendvx.server.cli;

import org.jspecify.annotations.Nullable;
import org.opendvx.server.api.MoveRequest;
import org.opendvx.server.api.MovedView;
import org.opendvx.server.api.PlacementView;
import org.opendvx.server.api.VmDetail;
import org.opendvx.server.api.VmList;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "vm",
    description = "Virtual machines.",
    subcommands = {
      VmCommand.ListAll.class,
      VmCommand.Show.class,
      VmCommand.Where.class,
      VmCommand.MoveSimulate.class,
      ConvertCommand.class
    })
final class VmCommand extends Group {

  @Command(
      name = "list",
      description = "The machines whose files are on the datastore.",
      footer = {"", "Example: dvx vm list --name web"})
  static final class ListAll extends LookCommand {
    @Option(
        names = "--vcenter",
        paramLabel = "NAME",
        description = "Only those of this connection.")
    private @Nullable String connection;

    @Option(
        names = "--name",
        paramLabel = "TEXT",
        description = "Only those whose name contains this.")
    private @Nullable String text;

    @Option(names = "--all", description = "Also those without files on the datastore.")
    private boolean all;

    @Override
    void look(RestClient node) {
      String query = "?all=" + all;
      query += connection == null ? "" : "&hypervisor=" + RestClient.encode(connection);
      query += text == null ? "" : "&name=" + RestClient.encode(text);
      VmList list = node.get("vms" + query, VmList.class);
      print(list, () -> Tables.vms(list.items()));
      list.problems().forEach(problem -> err().println(problem.toException().render()));
    }
  }

  @Command(name = "show", description = "A machine, its disks and what protects them.")
  static final class Show extends LookCommand {
    @Parameters(paramLabel = "VM", description = "Its name, or CONNECTION/ID.")
    private String vm;

    @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
    Show() {}

    @Override
    void look(RestClient node) {
      int slash = vm.indexOf('/');
      String path =
          slash < 0
              ? RestClient.encode(vm)
              : RestClient.encode(vm.substring(0, slash))
                  + "/"
                  + RestClient.encode(vm.substring(slash + 1));
      VmDetail view = node.get("vms/" + path, VmDetail.class);
      print(view, () -> Tables.vm(view));
    }
  }

  @Command(
      name = "where",
      description = "Which host serves each file of a machine.",
      footer = {"", "Examples: dvx vm where web1", "          dvx vm where /web1"})
  static final class Where extends LookCommand {
    @Parameters(
        paramLabel = "VM",
        description =
            "Its name, CONNECTION/ID, or a folder of the datastore with a slash in front.")
    private String vm;

    @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
    Where() {}

    @Override
    void look(RestClient node) {
      PlacementView view = node.get("placement?vm=" + RestClient.encode(vm), PlacementView.class);
      print(view, () -> HostTables.where(view));
    }
  }

  @Command(
      name = "move-simulate",
      description = {
        "Move a machine's files to another host, as they do when the machine moves.",
        "",
        "The machine itself stays where it is, and its files are served wherever they are asked for."
      },
      footer = {"", "Example: dvx vm move-simulate web1 --to host2"})
  static final class MoveSimulate extends ClientCommand {
    @Parameters(
        paramLabel = "VM",
        description =
            "Its name, CONNECTION/ID, or a folder of the datastore with a slash in front.")
    private String vm;

    @Option(
        names = "--to",
        required = true,
        paramLabel = "HOST",
        description = "As in dvx host list.")
    private String to;

    @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
    MoveSimulate() {}

    @Override
    int run(RestClient node) {
      MovedView view = node.post("placement", new MoveRequest(vm, to), MovedView.class);
      print(view, () -> HostTables.moved(view));
      return 0;
    }
  }
}
