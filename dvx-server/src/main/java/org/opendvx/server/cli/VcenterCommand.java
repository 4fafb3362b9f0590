package org.opendvx.server.cli;

import com.fasterxml.jackson.core.type.TypeReference;
import java.io.Console;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.api.HostOutcomes;
import org.opendvx.server.api.HostView;
import org.opendvx.server.api.HypervisorRequest;
import org.opendvx.server.api.HypervisorView;
import org.opendvx.server.api.MountRequest;
import org.opendvx.server.api.Page;
import org.opendvx.server.api.RoleRequest;
import org.opendvx.server.api.RoleView;
import org.opendvx.server.api.TaskView;
import org.opendvx.server.security.PrivateFiles;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "vcenter",
    description = "Connections to vCenter, and the datastore on its hosts.",
    subcommands = {
      VcenterCommand.Add.class,
      VcenterCommand.ListAll.class,
      VcenterCommand.Remove.class,
      VcenterCommand.CreateRole.class,
      VcenterCommand.Hosts.class,
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
  static final class Add extends ClientCommand {
    @Parameters(paramLabel = "NAME", description = "Name of the connection: a-z, 0-9 and -.")
    private String name;

    @Option(
        names = "--server",
        required = true,
        paramLabel = "URL",
        description = "Its API: https://HOST/sdk.")
    private String server;

    @Option(names = "--user", required = true, paramLabel = "USER", description = "The account.")
    private String user;

    @Option(
        names = "--password-file",
        paramLabel = "FILE",
        description =
            "Private file whose first line is the password; - reads it from standard"
                + " input. Without it the password is asked for.")
    private @Nullable String passwordFile;

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
      HypervisorView view =
          node.post(
              "hypervisors",
              new HypervisorRequest(name, "vcenter", server, user, password(), pin, null),
              HypervisorView.class);
      print(view, () -> Tables.hypervisors(List.of(view)));
      return 0;
    }

    private String password() {
      if (passwordFile == null) {
        Console console = environment().console();
        char[] typed = console == null ? null : console.readPassword("Password of %s: ", user);
        if (typed == null) {
          throw usage("Missing required option: '--password-file=FILE' (there is no terminal)");
        }
        return new String(typed);
      }
      return passwordFile.equals("-")
          ? standardInput(System.in)
          : PrivateFiles.readSecret(environment().path(passwordFile));
    }

    static String standardInput(InputStream in) {
      try {
        return new String(in.readNBytes(4096), StandardCharsets.UTF_8)
            .lines()
            .findFirst()
            .orElse("");
      } catch (IOException e) {
        throw DvxException.of(Kind.INVALID, "The password cannot be read")
            .causedBy(e)
            .remedy("Write it to standard input, in one line")
            .build();
      }
    }
  }

  @Command(name = "list", description = "The connections and their state.")
  static final class ListAll extends LookCommand {
    @Override
    void look(RestClient node) {
      Page<HypervisorView> page = node.get("hypervisors", new TypeReference<>() {});
      print(page, () -> Tables.hypervisors(page.items()));
    }
  }

  @Command(
      name = "remove",
      description = "Forget a connection and its password. Nothing in vCenter changes.")
  static final class Remove extends ClientCommand {
    @Parameters(paramLabel = "NAME", description = "Name of the connection.")
    private String name;

    @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
    Remove() {}

    @Override
    int run(RestClient node) {
      node.delete("hypervisors/" + RestClient.encode(name));
      return 0;
    }
  }

  @Command(
      name = "role-create",
      description =
          "Make the role with the least privileges that DVX needs, or bring it up to date. Give it"
              + " to DVX's account at the top of the inventory, with propagation, in vCenter.")
  static final class CreateRole extends ClientCommand {
    @Parameters(paramLabel = "NAME", description = "Name of the connection.")
    private String name;

    @Option(
        names = "--role",
        paramLabel = "ROLE",
        defaultValue = "OpenDVX",
        description = "Name of the role. Default: ${DEFAULT-VALUE}.")
    private String role;

    @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
    CreateRole() {}

    @Override
    int run(RestClient node) {
      RoleView view =
          node.post(
              "hypervisors/" + RestClient.encode(name) + "/roles",
              new RoleRequest(role),
              RoleView.class);
      print(
          view,
          () ->
              Table.facts("Role", view.name(), "Privileges", String.join(" ", view.privileges())));
      return 0;
    }
  }

  @Command(name = "hosts", description = "The hosts, and whether they have the datastore.")
  static final class Hosts extends LookCommand {
    @Parameters(paramLabel = "NAME", description = "Name of the connection.")
    private String name;

    @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
    Hosts() {}

    @Override
    void look(RestClient node) {
      Page<HostView> page =
          node.get("hypervisors/" + RestClient.encode(name) + "/hosts", new TypeReference<>() {});
      print(page, () -> Tables.hosts(page.items()));
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
              "hypervisors/" + RestClient.encode(name) + "/mounts",
              new MountRequest(
                  hosts,
                  address,
                  export,
                  localPath == null ? null : localPath.toAbsolutePath().toString()),
              TaskView.class);
      return outcomes(this, node, task);
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
              "hypervisors/" + RestClient.encode(name) + "/unmounts",
              new MountRequest(hosts, null, null, null),
              TaskView.class);
      return outcomes(this, node, task);
    }
  }

  /** Prints what became of each host; 1 when one of them failed. */
  static int outcomes(TaskStartingCommand command, RestClient node, TaskView task) {
    boolean[] failed = {false};
    int code =
        command.finish(
            node,
            task,
            done -> {
              HostOutcomes outcomes = node.convert(done.result(), HostOutcomes.class);
              command.print(outcomes, () -> Tables.outcomes(outcomes.hosts()));
              failed[0] =
                  outcomes.hosts().stream()
                      .anyMatch(
                          host ->
                              host.outcome().equals("FAILED") || host.outcome().equals("REFUSED"));
            });
    return failed[0] ? 1 : code;
  }
}
