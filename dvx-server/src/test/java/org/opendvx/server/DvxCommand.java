package org.opendvx.server;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.opendvx.server.cli.Environment;
import org.opendvx.server.wiring.RealParts;

/** The {@code dvx} command inside the test's process. */
public final class DvxCommand {
  private DvxCommand() {}

  /**
   * Runs a command that asks the node of a data folder, and gives what it printed.
   *
   * @throws AssertionError when it fails
   */
  public static String run(Path data, String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    List<String> all = new ArrayList<>(List.of(arguments));
    all.addAll(List.of("--data", data.toString()));
    int code =
        Main.commandLine(new Environment(Map.of(), data, null, null), RealParts.parts())
            .setOut(new PrintWriter(out))
            .setErr(new PrintWriter(err))
            .execute(all.toArray(String[]::new));
    if (code != 0) {
      throw new AssertionError(all + " ended with " + code + ": " + out + err);
    }
    return out.toString();
  }
}
