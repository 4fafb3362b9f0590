package org.opendvx.server.cli;

import com.fasterxml.jackson.core.type.TypeReference;
import java.io.Console;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.api.HostOutcomes;
import org.opendvx.server.api.HostView;
import org.opendvx.server.api.HypervisorRequest;
import org.opendvx.server.api.HypervisorView;
import org.opendvx.server.api.Page;
import org.opendvx.server.api.RoleRequest;
import org.opendvx.server.api.RoleView;
import org.opendvx.server.api.TaskView;
import org.opendvx.server.security.PrivateFiles;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What the commands for connections of all kinds of virtualisation managers have in common. */
final class Connections {
  private Connections() {}

  /** The REST path of a part of a connection. */
  static String path(String name, String part) {
    return "hypervisors/" + RestClient.encode(name) + part;
  }

  /** Makes a connection. */
  abstract static class Add extends ClientCommand {
    @Parameters(paramLabel = "NAME", description = "Name of the connection: a-z, 0-9 and -.")
    private String name;

    @Option(
        names = "--password-file",
        paramLabel = "FILE",
        description =
            "Private file whose first line is the password; - reads it from standard"
                + " input. Without it the password is asked for.")
    private @Nullable String passwordFile;

    @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
    Add() {}

    /**
     * Asks the node to make it.
     *
     * @param pin SHA-256 of its certificate, null for none
     * @param authority PEM, null for none
     */
    int add(
        RestClient node,
        String kind,
        String server,
        String user,
        @Nullable String pin,
        @Nullable String authority) {
      HypervisorView view =
          node.post(
              "hypervisors",
              new HypervisorRequest(name, kind, server, user, password(user), pin, authority),
              HypervisorView.class);
      print(view, () -> Tables.hypervisors(List.of(view)));
      return 0;
    }

    private String password(String user) {
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

    private static String standardInput(InputStream in) {
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

  /** Forgets a connection. */
  abstract static class Remove extends ClientCommand {
    @Parameters(paramLabel = "NAME", description = "Name of the connection.")
    private String name;

    @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
    Remove() {}

    @Override
    int run(RestClient node) {
      node.delete(path(name, ""));
      return 0;
    }
  }

  /** Makes the role for DVX's account. */
  abstract static class CreateRole extends ClientCommand {
    private final String permits;

    @Parameters(paramLabel = "NAME", description = "Name of the connection.")
    private String name;

    @Option(
        names = "--role",
        paramLabel = "ROLE",
        defaultValue = "OpenDVX",
        description = "Name of the role. Default: ${DEFAULT-VALUE}.")
    private String role;

    /**
     * As told there.
     *
     * @param permits what the manager calls them
     */
    @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
    CreateRole(String permits) {
      this.permits = permits;
    }

    @Override
    int run(RestClient node) {
      RoleView view = node.post(path(name, "/roles"), new RoleRequest(role), RoleView.class);
      print(
          view,
          () -> Table.facts("Role", view.name(), permits, String.join(" ", view.privileges())));
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
      Page<HostView> page = node.get(path(name, "/hosts"), new TypeReference<>() {});
      print(page, () -> Tables.hosts(page.items()));
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
