package org.opendvx.server.cli;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.opendvx.server.api.DiskRequest;
import org.opendvx.server.api.FreezeRequest;
import org.opendvx.server.api.FreezeView;
import org.opendvx.server.api.ImportView;
import org.opendvx.server.api.MadeDiskView;
import org.opendvx.server.api.MountRequest;
import org.opendvx.server.api.TaskView;
import org.opendvx.server.security.PrivateFiles;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "rhv",
    description = "Connections to oVirt, RHV and OLVM engines, and the storage domain in them.",
    subcommands = {
      RhvCommand.Add.class,
      Connections.ListAll.class,
      RhvCommand.Remove.class,
      RhvCommand.CreateRole.class,
      Connections.Hosts.class,
      RhvCommand.Register.class,
      RhvCommand.Unregister.class,
      RhvCommand.Import.class,
      RhvCommand.FreezeAllow.class,
      RhvCommand.FreezeDeny.class,
      RhvCommand.RestoreDisk.class
    })
final class RhvCommand extends Group {

  @Command(
      name = "add",
      description =
          "Connect an engine. It is tried first; the password is kept in a private file of the"
              + " node.",
      footer = {
        "",
        "Example: dvx rhv add engine1 --server https://engine.example --user dvx@internal"
            + " --ca ca.pem --password-file pw.txt"
      })
  static final class Add extends Connections.Add {
    @Option(
        names = "--server",
        required = true,
        paramLabel = "URL",
        description = "Its address: https://HOST, or with the path /ovirt-engine/api.")
    private String server;

    @Option(
        names = "--user",
        required = true,
        paramLabel = "USER",
        description = "The account with its profile, such as dvx@internal.")
    private String user;

    @Option(
        names = "--ca",
        paramLabel = "FILE",
        description = "PEM file with the engine's authority. The node keeps a copy.")
    private @Nullable String ca;

    @Option(
        names = "--pin",
        paramLabel = "SHA256",
        description =
            "SHA-256 of the engine's certificate. Without it and without --ca the node's"
                + " system decides whom to trust.")
    private @Nullable String pin;

    @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
    Add() {}

    @Override
    int run(RestClient node) {
      String authority = null;
      if (ca != null) {
        authority =
            new String(
                PrivateFiles.read(environment().path(ca), 64 << 10), StandardCharsets.US_ASCII);
      }
      return add(node, "rhv", server, user, pin, authority);
    }
  }

  @Command(
      name = "remove",
      description = "Forget a connection and its password. Nothing in the engine changes.")
  static final class Remove extends Connections.Remove {}

  @Command(
      name = "role-create",
      description =
          "Make the role with the least permits that DVX needs, or bring it up to date. Give it to"
              + " DVX's account on the system, in the engine. Needs a connection whose account may"
              + " make roles.")
  static final class CreateRole extends Connections.CreateRole {
    CreateRole() {
      super("Permits");
    }
  }

  @Command(
      name = "register",
      description =
          "Add the datastore as a data domain, attach it to the data center and activate it. What"
              + " is done already is left as it is: after a failure give the command again.",
      footer = {"", "Example: dvx rhv register engine1 --address dvx.local"})
  static final class Register extends TaskStartingCommand {
    @Parameters(index = "0", paramLabel = "NAME", description = "Name of the connection.")
    private String name;

    @Parameters(
        index = "1..*",
        arity = "0..*",
        paramLabel = "HOST",
        description = "Hosts of which one adds the domain. None: any that is up.")
    private List<String> hosts = List.of();

    @Option(
        names = "--address",
        paramLabel = "ADDRESS",
        description =
            "Name under which every host reaches the node beside it, the same on all of them.")
    private @Nullable String address;

    @Option(
        names = "--export",
        paramLabel = "PATH",
        description = "Export to use. Default: the first one whose owner is 36:36.")
    private @Nullable String export;

    @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
    Register() {}

    @Override
    int run(RestClient node) {
      TaskView task =
          node.post(
              Connections.path(name, "/mounts"),
              new MountRequest(hosts, address, export, null),
              TaskView.class);
      return Connections.outcomes(this, node, task);
    }
  }

  @Command(
      name = "unregister",
      description =
          "Deactivate and detach the domain, and take it out of the engine. The files stay; the"
              + " engine forgets the machines on it.")
  static final class Unregister extends TaskStartingCommand {
    @Parameters(index = "0", paramLabel = "NAME", description = "Name of the connection.")
    private String name;

    @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
    Unregister() {}

    @Override
    int run(RestClient node) {
      TaskView task =
          node.post(
              Connections.path(name, "/unmounts"),
              new MountRequest(List.of(), null, null, null),
              TaskView.class);
      return Connections.outcomes(this, node, task);
    }
  }

  @Command(
      name = "import",
      description =
          "After the engine was lost: take up the domain that is on the datastore, and register"
              + " the machines that it tells of.")
  static final class Import extends TaskStartingCommand {
    @Parameters(index = "0", paramLabel = "NAME", description = "Name of the connection.")
    private String name;

    @Option(names = "--address", paramLabel = "ADDRESS", description = "As for register.")
    private @Nullable String address;

    @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
    Import() {}

    @Override
    int run(RestClient node) {
      TaskView task =
          node.post(
              Connections.path(name, "/imports"),
              new MountRequest(List.of(), address, null, null),
              TaskView.class);
      boolean[] failed = {false};
      int code =
          finish(
              node,
              task,
              done -> {
                ImportView view = node.convert(done.result(), ImportView.class);
                failed[0] = !view.failed().isEmpty();
                print(
                    view,
                    () ->
                        Table.facts(
                            "Domain",
                            view.domain(),
                            "Machines",
                            String.join(" ", view.machines()),
                            "Refused",
                            String.join("; ", view.failed())));
              });
      return failed[0] ? 1 : code;
    }
  }

  /** Shows which machines the engine may freeze. */
  private static void show(ClientCommand command, FreezeView view) {
    command.print(
        view,
        () ->
            Table.facts(
                "May be frozen",
                String.join(" ", view.machines()),
                "Thaw outstanding",
                String.join(" ", view.outstanding()),
                "Risk",
                view.risk()));
  }

  @Command(
      name = "freeze-allow",
      description =
          "Let snapshots freeze a machine through the engine and its qemu agent. A guest frozen so"
              + " does not thaw by itself: if the engine and every other way to its host are lost"
              + " within the second that a snapshot takes, its writes hang until one is back."
              + " Prefer the DVX agent.")
  static final class FreezeAllow extends ClientCommand {
    @Parameters(index = "0", paramLabel = "NAME", description = "Name of the connection.")
    private String name;

    @Parameters(index = "1", paramLabel = "VM", description = "The machine: its name or id.")
    private String vm;

    @Option(
        names = "--accept-risk",
        required = true,
        description = "Says that you have read what is said above.")
    private boolean accepted;

    @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
    FreezeAllow() {}

    @Override
    int run(RestClient node) {
      show(
          this,
          node.post(
              Connections.path(name, "/freezes"),
              new FreezeRequest(vm, accepted),
              FreezeView.class));
      return 0;
    }
  }

  @Command(name = "freeze-deny", description = "Take that back.")
  static final class FreezeDeny extends ClientCommand {
    @Parameters(index = "0", paramLabel = "NAME", description = "Name of the connection.")
    private String name;

    @Parameters(index = "1", paramLabel = "VM", description = "The machine: its name or id.")
    private String vm;

    @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
    FreezeDeny() {}

    @Override
    int run(RestClient node) {
      show(
          this,
          node.post(
              Connections.path(name, "/freezes"), new FreezeRequest(vm, false), FreezeView.class));
      return 0;
    }
  }

  @Command(
      name = "restore-disk",
      description = "Make a new disk, attached to nothing, of one disk in a snapshot.")
  static final class RestoreDisk extends TaskStartingCommand {
    @Parameters(index = "0", paramLabel = "NAME", description = "Name of the connection.")
    private String name;

    @Parameters(index = "1", paramLabel = "SNAPSHOT", description = "Name of the snapshot.")
    private String snapshot;

    @Parameters(index = "2", paramLabel = "DISK", description = "The disk's label in it.")
    private String disk;

    @Option(
        names = "--alias",
        required = true,
        paramLabel = "ALIAS",
        description = "Name of the new disk.")
    private String alias;

    @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
    RestoreDisk() {}

    @Override
    int run(RestClient node) {
      TaskView task =
          node.post(
              Connections.path(name, "/disks"),
              new DiskRequest(snapshot, disk, alias),
              TaskView.class);
      return finish(
          node,
          task,
          done -> {
            MadeDiskView view = node.convert(done.result(), MadeDiskView.class);
            print(
                view,
                () ->
                    Table.facts(
                        "Disk",
                        view.alias(),
                        "Id",
                        view.id(),
                        "Bytes copied",
                        Long.toString(view.bytesCopied()),
                        "Bytes of layers referred to",
                        Long.toString(view.bytesReferred())));
          });
    }
  }
}
