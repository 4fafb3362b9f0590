package org.opendvx.server.cli;

import com.fasterxml.jackson.core.type.TypeReference;
import org.opendvx.server.api.Page;
import org.opendvx.server.api.PolicyRequest;
import org.opendvx.server.api.PolicyView;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
    name = "policy",
    description = "What a machine's snapshots do about its guest when --policy is not given.",
    subcommands = {
      PolicyCommand.Set.class,
      PolicyCommand.Show.class,
      PolicyCommand.ListAll.class,
      PolicyCommand.Clear.class
    })
final class PolicyCommand extends Group {

  @Command(
      name = "set",
      description = "Store a machine's policy.",
      footer = {"", "Example: dvx policy set db1 require"})
  static final class Set extends ClientCommand {
    @Parameters(index = "0", paramLabel = "VM", description = "Its name, or CONNECTION/ID.")
    private String vm;

    @Parameters(
        index = "1",
        paramLabel = "POLICY",
        description = "require (application-consistent or no snapshot), try, or off.")
    private String policy;

    @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
    Set() {}

    @Override
    int run(RestClient node) {
      PolicyView view = node.put("policies", new PolicyRequest(vm, policy), PolicyView.class);
      print(view, () -> facts(view));
      return 0;
    }
  }

  @Command(name = "show", description = "A machine's policy; try when none is stored.")
  static final class Show extends LookCommand {
    @Parameters(paramLabel = "VM", description = "Its name, or CONNECTION/ID.")
    private String vm;

    @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
    Show() {}

    @Override
    void look(RestClient node) {
      PolicyView view =
          node.get("policies?vm=" + RestClient.encode(vm), new TypeReference<Page<PolicyView>>() {})
              .items()
              .getFirst();
      print(view, () -> facts(view));
    }
  }

  @Command(name = "list", description = "The machines for which a policy is stored.")
  static final class ListAll extends LookCommand {
    @Override
    void look(RestClient node) {
      Page<PolicyView> page = node.get("policies", new TypeReference<>() {});
      print(page, () -> Tables.policies(page.items()));
    }
  }

  @Command(name = "clear", description = "Forget a machine's policy.")
  static final class Clear extends ClientCommand {
    @Parameters(paramLabel = "VM", description = "Its name, or CONNECTION/ID.")
    private String vm;

    @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
    Clear() {}

    @Override
    int run(RestClient node) {
      PolicyView view = node.put("policies", new PolicyRequest(vm, null), PolicyView.class);
      print(view, () -> facts(view));
      return 0;
    }
  }

  private static String facts(PolicyView view) {
    return Table.facts("Machine", view.vm(), "Policy", view.policy());
  }
}
