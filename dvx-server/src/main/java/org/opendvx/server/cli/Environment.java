package org.opendvx.server.cli;

import java.io.Console;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What surrounds the command.
 *
 * @param variables environment variables
 * @param folder where relative paths start
 * @param console asks for passwords; null when there is none
 * @param bar where progress is drawn; null when nobody watches
 */
public record Environment(
    Map<String, String> variables,
    Path folder,
    @Nullable Console console,
    @Nullable PrintStream bar) {

  /** That of this process. */
  public static Environment process() {
    Optional<Console> terminal = Optional.ofNullable(System.console()).filter(Console::isTerminal);
    return new Environment(
        System.getenv(),
        Path.of(""),
        terminal.orElse(null),
        terminal.isPresent() ? System.err : null);
  }

  /** A variable that is set and not empty. */
  Optional<String> variable(String name) {
    return Optional.ofNullable(variables.get(name)).filter(value -> !value.isBlank());
  }

  /** A path as the user gave it. */
  Path path(String text) {
    return folder.resolve(text);
  }
}
