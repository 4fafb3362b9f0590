package org.opendvx.server.cli;

import com.fasterxml.jackson.core.type.TypeReference;
import java.util.List;
import org.opendvx.server.api.GroupRequest;
import org.opendvx.server.api.GroupView;
import org.opendvx.server.api.Page;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "group",
    description = "Named groups of machines that are snapshotted in one instant.",
    subcommands = {
      GroupCommand.Set.class,
      GroupCommand.Show.class,
      GroupCommand.ListAll.class,
      GroupCommand.Delete.class
    })
final class GroupCommand extends Group {

  @Command(
      name = "set",
      description = "Store a group, in place of one of the same name.",
      footer = {
        "",
        "Example: dvx group set shop db1 app1 web1 --policy require --stragglers drop",
        "         dvx snapshot create --group shop"
      })
  static final class Set extends ClientCommand {
    @Parameters(index = "0", paramLabel = "GROUP", description = "Its name.")
    private String group;

    @Parameters(
        index = "1..*",
        arity = "1..*",
        paramLabel = "VM",
        description = "The machines: each its name, or CONNECTION/ID.")
    private List<String> vms = List.of();

    @Option(
        names = "--policy",
        paramLabel = "POLICY",
        defaultValue = "try",
        description =
            "For machines that have none of their own: require, try or off. Default:"
                + " ${DEFAULT-VALUE}.")
    private String policy;

    @Option(
        names = "--stragglers",
        paramLabel = "WORD",
        defaultValue = "void",
        description =
            "When a machine cannot be what its policy requires: drop it, or void the whole."
                + " Default: ${DEFAULT-VALUE}.")
    private String stragglers;

    @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
    Set() {}

    @Override
    int run(RestClient node) {
      GroupView view =
          node.put(
              "groups/" + RestClient.encode(group),
              new GroupRequest(vms, policy, stragglers),
              GroupView.class);
      print(view, () -> facts(view));
      return 0;
    }
  }

  @Command(name = "show", description = "A group.")
  static final class Show extends LookCommand {
    @Parameters(paramLabel = "GROUP", description = "Its name.")
    private String group;

    @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
    Show() {}

    @Override
    void look(RestClient node) {
      GroupView view = node.get("groups/" + RestClient.encode(group), GroupView.class);
      print(view, () -> facts(view));
    }
  }

  @Command(name = "list", description = "All groups.")
  static final class ListAll extends LookCommand {
    @Override
    void look(RestClient node) {
      Page<GroupView> page = node.get("groups", new TypeReference<>() {});
      print(page, () -> Tables.groups(page.items()));
    }
  }

  @Command(name = "delete", description = "Forget groups; their machines stay as they are.")
  static final class Delete extends ClientCommand {
    @Parameters(arity = "1..*", paramLabel = "GROUP", description = "Names.")
    private List<String> groups = List.of();

    @Override
    int run(RestClient node) {
      for (String group : groups) {
        node.delete("groups/" + RestClient.encode(group));
      }
      return 0;
    }
  }

  private static String facts(GroupView view) {
    return Table.facts(
        "Group", view.name(),
        "Policy", view.policy(),
        "Stragglers", view.stragglers(),
        "Machines", String.join(", ", view.vms()));
  }
}
