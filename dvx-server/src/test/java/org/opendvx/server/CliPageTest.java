package org.opendvx.server;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import org.opendvx.server.cli.Environment;
import org.opendvx.server.wiring.RealParts;
import picocli.CommandLine;

/** docs/cli.md lists exactly the commands that there are. */
class CliPageTest {
  private static final Set<String> ON_PAGES_OF_THEIR_OWN = Set.of("dvx bench");

  @Test
  void thePageListsEveryCommand() throws IOException {
    Set<String> commands = new TreeSet<>();
    collect("dvx", Main.commandLine(Environment.process(), RealParts.parts()), commands);
    Set<String> listed = new TreeSet<>();
    for (String line : Files.readAllLines(Path.of("../docs/cli.md"))) {
      if (line.startsWith("| `dvx ")) {
        listed.add(line.substring(3, line.indexOf('`', 3)).replace(" ...", ""));
      }
    }
    assertEquals(commands, listed);
  }

  private static void collect(String name, CommandLine command, Set<String> names) {
    if (command.getCommandSpec().usageMessage().hidden()) {
      return;
    }
    Map<String, CommandLine> below = command.getSubcommands();
    if (below.isEmpty() || ON_PAGES_OF_THEIR_OWN.contains(name)) {
      names.add(name);
      return;
    }
    if (command.getCommand() instanceof Callable) {
      // It does something by itself too.
      names.add(name);
    }
    below.forEach((word, one) -> collect(name + " " + word, one, names));
  }
}
