package org.opendvx.server.cli;

import com.fasterxml.jackson.core.type.TypeReference;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.api.AgentTokenRequest;
import org.opendvx.server.api.AgentTokenView;
import org.opendvx.server.api.AgentView;
import org.opendvx.server.api.Page;
import org.opendvx.server.security.PrivateFiles;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "agent",
    description = "Guest agents, which hold a guest's writes still while it is snapshotted.",
    subcommands = {
      AgentCommand.Token.class,
      AgentCommand.ListAll.class,
      AgentCommand.Show.class,
      AgentCommand.Revoke.class
    })
final class AgentCommand extends Group {

  @Command(
      name = "token",
      description = "Make a one-time token, with which the agent of one machine enrols.",
      footer = {"", "Example: dvx agent token web1 --to-file web1.token"})
  static final class Token extends ClientCommand {
    @Parameters(paramLabel = "VM", description = "The machine: its name, or CONNECTION/ID.")
    private String vm;

    @Option(
        names = "--minutes",
        paramLabel = "N",
        defaultValue = "60",
        description = "Minutes after which it expires, at most 1440. Default: ${DEFAULT-VALUE}.")
    private int minutes;

    @Option(
        names = "--to-file",
        paramLabel = "FILE",
        description = "Write it to a private file instead of showing it.")
    private @Nullable String file;

    @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
    Token() {}

    @Override
    int run(RestClient node) {
      AgentTokenView made =
          node.post(
              "agents/tokens",
              new AgentTokenRequest(vm, Duration.ofMinutes(minutes).toSeconds()),
              AgentTokenView.class);
      if (file == null) {
        print(made, () -> facts(made, "Token", made.token()));
      } else {
        PrivateFiles.write(
            environment().path(file), (made.token() + "\n").getBytes(StandardCharsets.UTF_8));
        AgentTokenView shown = new AgentTokenView(made.vm(), "", made.expires(), made.port());
        print(shown, () -> facts(made, "Written to", file));
      }
      return 0;
    }

    private static String facts(AgentTokenView made, String key, @Nullable String value) {
      return Table.facts(
          "Machine",
          made.vm(),
          "Expires",
          Words.time(made.expires()),
          "Port",
          made.port(),
          key,
          value == null ? "" : value);
    }
  }

  @Command(name = "list", description = "The agents, and whether they are connected.")
  static final class ListAll extends LookCommand {
    @Override
    void look(RestClient node) {
      Page<AgentView> page = agents(node);
      print(page, () -> Tables.agents(page.items()));
    }
  }

  @Command(name = "show", description = "An agent.")
  static final class Show extends LookCommand {
    @Parameters(paramLabel = "ID", description = "Its id, or its machine as CONNECTION/ID.")
    private String id;

    @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
    Show() {}

    @Override
    void look(RestClient node) {
      AgentView view =
          agents(node).items().stream()
              .filter(each -> each.id().equals(id) || each.vm().equals(id))
              .reduce((_, later) -> later)
              .orElseThrow(
                  () ->
                      DvxException.of(Kind.NOT_FOUND, "There is no such agent")
                          .cause("No agent has this id or machine")
                          .remedy("dvx agent list shows them")
                          .detail("agent", id)
                          .build());
      print(view, () -> Tables.agent(view));
    }
  }

  @Command(
      name = "revoke",
      description = "Take an agent's identity back; it is not listened to any more.")
  static final class Revoke extends ClientCommand {
    @Parameters(paramLabel = "ID", description = "Its id, from dvx agent list.")
    private String id;

    @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
    Revoke() {}

    @Override
    int run(RestClient node) {
      node.delete("agents/" + RestClient.encode(id));
      return 0;
    }
  }

  private static Page<AgentView> agents(RestClient node) {
    return node.get("agents", new TypeReference<>() {});
  }
}
