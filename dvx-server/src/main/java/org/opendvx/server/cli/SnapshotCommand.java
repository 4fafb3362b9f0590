package org.opendvx.server.cli;

import com.fasterxml.jackson.core.type.TypeReference;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.opendvx.server.api.Page;
import org.opendvx.server.api.SnapshotDetail;
import org.opendvx.server.api.SnapshotRequest;
import org.opendvx.server.api.SnapshotTaken;
import org.opendvx.server.api.SnapshotView;
import org.opendvx.server.api.SnapshotWriters;
import org.opendvx.server.api.SnapshotsTaken;
import org.opendvx.server.api.TaskView;
import org.opendvx.server.security.PrivateFiles;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "snapshot",
    description = "Restore points of machines and of sets of files.",
    subcommands = {
      SnapshotCommand.Create.class,
      SnapshotCommand.ListAll.class,
      SnapshotCommand.Show.class,
      SnapshotCommand.Writers.class,
      SnapshotCommand.Delete.class,
      SnapshotPruneCommand.class
    })
final class SnapshotCommand extends Group {

  @Command(
      name = "create",
      description =
          "Take a snapshot of a machine, or of files and folders. The hypervisor takes none, and"
              + " the machine is not stunned.",
      footer = {
        "",
        "Examples: dvx snapshot create web1 --name before-upgrade --label ticket=4711",
        "          dvx snapshot create --path /iso --path /templates"
      })
  static final class Create extends TaskStartingCommand {
    @Parameters(
        arity = "0..*",
        paramLabel = "VM",
        description =
            "The machine: its name, or CONNECTION/ID. Several are cut in one instant, and can each"
                + " be restored alone.")
    private List<String> vms = List.of();

    @Option(
        names = "--path",
        paramLabel = "PATH",
        description = "Instead of a machine: a file or folder of the datastore; may be repeated.")
    private List<String> paths = List.of();

    @Option(
        names = "--group",
        paramLabel = "GROUP",
        description = "Instead of machines: those of a stored group; see dvx group.")
    private @Nullable String group;

    @Option(
        names = "--name",
        paramLabel = "NAME",
        description = "Its name, unique. Default: made of the machine's name and the time.")
    private @Nullable String name;

    @Option(
        names = "--label",
        paramLabel = "KEY=VALUE",
        description = "A label to find it by; may be repeated.")
    private Map<String, String> labels = Map.of();

    @Option(
        names = "--policy",
        paramLabel = "POLICY",
        description =
            "Whether the guest holds its writes still: require (or no snapshot), try, off."
                + " Default: as stored for the machine, else for the group, else try.")
    private @Nullable String policy;

    @Option(
        names = "--stragglers",
        paramLabel = "WORD",
        description =
            "With several machines and --policy require: when one cannot, drop it, or void the"
                + " whole. Default: as stored for the group, else void.")
    private @Nullable String stragglers;

    @Override
    int run(RestClient node) {
      int kinds = (vms.isEmpty() ? 0 : 1) + (paths.isEmpty() ? 0 : 1) + (group == null ? 0 : 1);
      if (kinds != 1) {
        throw usage("Give either a VM, --group or --path");
      }
      boolean several = vms.size() > 1 || group != null;
      TaskView task =
          node.post(
              "snapshots",
              new SnapshotRequest(
                  vms.size() == 1 ? vms.getFirst() : null,
                  vms.size() > 1 ? vms : null,
                  group,
                  paths,
                  name,
                  labels,
                  paths.isEmpty() ? policy : null,
                  several ? stragglers : null),
              TaskView.class);
      return finish(
          node,
          task,
          done -> {
            if (several) {
              SnapshotsTaken all = node.convert(done.result(), SnapshotsTaken.class);
              print(
                  all,
                  () ->
                      Tables.snapshots(all.taken().stream().map(SnapshotTaken::snapshot).toList()));
              all.dropped().forEach((vm, why) -> err().println(vm + " is not in it: " + why));
              return;
            }
            SnapshotTaken taken = node.convert(done.result(), SnapshotTaken.class);
            print(taken, () -> Tables.snapshot(taken));
          });
    }
  }

  @Command(
      name = "list",
      description = "Snapshots, oldest first.",
      footer = {"", "Example: dvx snapshot list --vm web1 --since 2026-01-01T00:00:00Z"})
  static final class ListAll extends LookCommand {
    private static final int PAGE = 1000;

    @Mixin private SnapshotChoice choice;

    @Option(
        names = "--limit",
        paramLabel = "N",
        defaultValue = "1000",
        description = "Most to show. Default: ${DEFAULT-VALUE}.")
    private int limit;

    @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
    ListAll() {}

    @Override
    void look(RestClient node) {
      List<SnapshotView> found = new ArrayList<>();
      String cursor = "";
      do {
        Page<SnapshotView> page =
            node.get("snapshots?" + query(limit - found.size(), cursor), new TypeReference<>() {});
        found.addAll(page.items());
        cursor = page.next();
      } while (cursor != null && found.size() < limit);
      print(new Page<>(found, cursor), () -> Tables.snapshots(found));
      if (cursor != null) {
        err().println("There are more: --limit shows them.");
      }
    }

    private String query(int wanted, String cursor) {
      return "limit="
          + Math.clamp(wanted, 1, PAGE)
          + (cursor.isEmpty() ? "" : "&cursor=" + RestClient.encode(cursor))
          + (choice.all() ? "" : "&" + choice.query());
    }
  }

  @Command(name = "show", description = "A snapshot and its files.")
  static final class Show extends LookCommand {
    @Parameters(paramLabel = "SNAPSHOT", description = "Its name or id.")
    private String snapshot;

    @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
    Show() {}

    @Override
    void look(RestClient node) {
      SnapshotDetail detail =
          node.get("snapshots/" + RestClient.encode(snapshot), SnapshotDetail.class);
      print(detail, () -> Tables.snapshot(detail));
    }
  }

  @Command(
      name = "writers",
      description = "The documents that applications in the guest gave when it was taken (XML).")
  static final class Writers extends ClientCommand {
    @Parameters(paramLabel = "SNAPSHOT", description = "Its name or id.")
    private String snapshot;

    @Option(
        names = {"-f", "--file"},
        paramLabel = "FILE",
        description = "Write them to a private file instead of showing them.")
    private @Nullable String file;

    @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
    Writers() {}

    @Override
    int run(RestClient node) {
      SnapshotWriters writers =
          node.get("snapshots/" + RestClient.encode(snapshot) + "/writers", SnapshotWriters.class);
      String text = writers.documents();
      if (file == null) {
        print(writers, () -> text.isEmpty() ? "" : text + System.lineSeparator());
      } else {
        PrivateFiles.write(environment().path(file), text.getBytes(StandardCharsets.UTF_8));
      }
      return 0;
    }
  }

  @Command(name = "delete", description = "Forget snapshots; their space is freed by and by.")
  static final class Delete extends ClientCommand {
    @Parameters(arity = "1..*", paramLabel = "SNAPSHOT", description = "Names or ids.")
    private List<String> snapshots = List.of();

    @Override
    int run(RestClient node) {
      for (String snapshot : snapshots) {
        node.delete("snapshots/" + RestClient.encode(snapshot));
      }
      return 0;
    }
  }
}
