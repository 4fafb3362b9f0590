package org.opendvx.server.cli;

import com.fasterxml.jackson.core.type.TypeReference;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.opendvx.server.api.NewTokenView;
import org.opendvx.server.api.Page;
import org.opendvx.server.api.TokenRequest;
import org.opendvx.server.api.TokenView;
import org.opendvx.server.security.PrivateFiles;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "token",
    description = "Tokens, with which commands and programs prove who they are.",
    subcommands = {
      TokenCommand.Create.class,
      TokenCommand.ListAll.class,
      TokenCommand.Revoke.class
    })
final class TokenCommand extends Group {

  @Command(
      name = "create",
      description =
          "Make a token. viewer looks; operator also takes, restores, clones and deletes snapshots;"
              + " admin also connects vCenters and makes tokens.",
      footer = {"", "Example: dvx token create backup --role operator --days 90 --to-file b.token"})
  static final class Create extends ClientCommand {
    @Parameters(paramLabel = "NAME", description = "What it is for.")
    private String name;

    @Option(
        names = "--role",
        required = true,
        paramLabel = "ROLE",
        description = "viewer, operator or admin.")
    private String role;

    @Option(
        names = "--days",
        paramLabel = "N",
        description = "Days after which it expires. Default: it does not.")
    private @Nullable Integer days;

    @Option(
        names = "--to-file",
        paramLabel = "FILE",
        description = "Write it to a private file instead of showing it.")
    private @Nullable String file;

    @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
    Create() {}

    @Override
    int run(RestClient node) {
      Long life = days == null ? null : Duration.ofDays(days).toSeconds();
      NewTokenView made =
          node.post("tokens", new TokenRequest(name, role, life), NewTokenView.class);
      if (file == null) {
        print(
            made,
            () ->
                Table.facts(
                        "Id", made.token().id(),
                        "Role", made.token().role(),
                        "Expires", Words.time(made.token().expires()),
                        "Token", made.secret())
                    + "It is shown this once."
                    + System.lineSeparator());
      } else {
        PrivateFiles.write(
            environment().path(file), (made.secret() + "\n").getBytes(StandardCharsets.UTF_8));
        print(made.token(), () -> Tables.tokens(List.of(made.token())));
      }
      return 0;
    }
  }

  @Command(name = "list", description = "The tokens, without their secrets.")
  static final class ListAll extends LookCommand {
    @Override
    void look(RestClient node) {
      Page<TokenView> page = node.get("tokens", new TypeReference<>() {});
      print(page, () -> Tables.tokens(page.items()));
    }
  }

  @Command(name = "revoke", description = "Take a token back; it counts no more from then on.")
  static final class Revoke extends ClientCommand {
    @Parameters(paramLabel = "ID", description = "Its id, from dvx token list.")
    private String id;

    @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
    Revoke() {}

    @Override
    int run(RestClient node) {
      node.delete("tokens/" + RestClient.encode(id));
      return 0;
    }
  }
}
