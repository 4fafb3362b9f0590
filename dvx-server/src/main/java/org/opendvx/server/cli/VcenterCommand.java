package org.opendvx.server.cli;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.opendvx.server.api.MountRequest;
import org.opendvx.server.api.TaskView;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "vcenter",
    description = "Connections to vCenter, and the datastore on its hosts.",
    subcommands = {
      VcenterCommand.Add.class,
      Connections.ListAll.class,
      VcenterCommand.Remove.class,
      VcenterCommand.CreateRole.class,
      Connections.Hosts.class,
      VcenterCommand.Register.class,
      VcenterCommand.Unregister.class
    })
final class VcenterCommand extends Group {

  @Command(
      name = "add",
      description =
          "Connect a vCenter. It is tried first; the password is kept in a private file of the"
              + " node.",
      footer = {
        "",
        "Example: dvx vcenter add vc1 --server https://vc.example/sdk --user dvx@vsphere.local"
            + " --password-file pw.txt"
      })
  static final class Add extends Connections.Add {
    @Option(
        names = "--server",
        required = true,
        paramLabel = "URL",
        description = "Its API: https://HOST/sdk.")
    private String server;

    @Option(names = "--user", required = true, paramLabel = "USER", description = "The account.")
    private String user;

    @Option(
        names = "--pin",
        paramLabel = "SHA256",
        description =
            "SHA-256 of vCenter's certificate. Without it the node's system decides whom"
                + " to trust.")
    private @Nullable String pin;

    @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
    Add() {}

    @Override
    int run(RestClient node) {
      return add(node, "vcenter", server, user, pin, null);
    }
  }

  @Command(
      name = "remove",
      description = "Forget a connection and its password. Nothing in vCenter changes.")
  static final class Remove extends Connections.Remove {}

  @Command(
      name = "role-create",
      description =
          "Make the role with the least privileges that DVX needs, or bring it up to date. Give it"
              + " to DVX's account at the top of the inventory, with propagation, in vCenter.")
  static final class CreateRole extends Connections.CreateRole {
    CreateRole() {
      super("Privileges");
    }
  }

  @Command(
      name = "register",
      description = "Mount the datastore on hosts. A host that has it already is no error.",
      footer = {
        "",
        "Example: dvx vcenter register vc1 --address 10.1.0.5 esx1.example esx2.example"
      })
  static final class Register extends TaskStartingCommand {
    @Parameters(index = "0", paramLabel = "NAME", description = "Name of the connection.")
    private String name;

    @Parameters(
        index = "1..*",
        arity = "0..*",
        paramLabel = "HOST",
        description = "Hosts by name. None: all of them.")
    private List<String> hosts = List.of();

    @Option(
        names = "--address",
        paramLabel = "ADDRESS",
        description = "Name or address under which the hosts reach this node, the same on all.")
    private @Nullable String address;

    @Option(
        names = "--export",
        paramLabel = "PATH",
        description = "Export to mount. Default: the first one.")
    private @Nullable String export;

    @Option(
        names = "--local-path",
        paramLabel = "DIR",
        description = "Only for simulators, which mount a local folder.")
    private @Nullable Path localPath;

    @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
    Register() {}

    @Override
    int run(RestClient node) {
      TaskView task =
          node.post(
              Connections.path(name, "/mounts"),
              new MountRequest(
                  hosts,
                  address,
                  export,
                  localPath == null ? null : localPath.toAbsolutePath().toString()),
              TaskView.class);
      return Connections.outcomes(this, node, task);
    }
  }

  @Command(
      name = "unregister",
      description = "Unmount the datastore from hosts. Machines that use it must be off it before.")
  static final class Unregister extends TaskStartingCommand {
    @Parameters(index = "0", paramLabel = "NAME", description = "Name of the connection.")
    private String name;

    @Parameters(
        index = "1..*",
        arity = "0..*",
        paramLabel = "HOST",
        description = "Hosts by name. None: all of them.")
    private List<String> hosts = List.of();

    @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
    Unregister() {}

    @Override
    int run(RestClient node) {
      TaskView task =
          node.post(
              Connections.path(name, "/unmounts"),
              new MountRequest(hosts, null, null, null),
              TaskView.class);
      return Connections.outcomes(this, node, task);
    }
  }
}
