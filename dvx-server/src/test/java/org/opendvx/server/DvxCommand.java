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
    List<String> all = new ArrayList<>(List.of(arguments));
    all.addAll(List.of("--data", data.toString()));
    Ended ended = end(data, all.toArray(String[]::new));
    if (ended.code() != 0) {
      throw new AssertionError(all + " ended with " + ended);
    }
    return ended.out();
  }

  /** How a command ended, and what it printed. */
  public record Ended(int code, String out, String err) {}

  /** Runs any command, be it one that fails; a relative path is in a folder. */
  public static Ended end(Path folder, String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int code =
        Main.commandLine(new Environment(Map.of(), folder, null, null), RealParts.parts())
            .setOut(new PrintWriter(out))
            .setErr(new PrintWriter(err))
            .execute(arguments);
    return new Ended(code, out.toString(), err.toString());
  }
}
