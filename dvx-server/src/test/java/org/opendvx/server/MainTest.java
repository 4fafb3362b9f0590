package org.opendvx.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import org.opendvx.server.cli.Environment;
import org.opendvx.server.wiring.RealParts;
import picocli.CommandLine;

class MainTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  private final CommandLine dvx =
      Main.commandLine(Environment.process(), RealParts.parts())
          .setOut(new PrintWriter(out))
          .setErr(new PrintWriter(err));

  @Test
  void tellsTheVersionThatTheBuildWrote() {
    assertEquals(0, dvx.execute("--version"));
    assertTrue(out.toString().matches("(?s)OpenDVX \\d+\\.\\d+\\.\\d+.*"), out.toString());
  }

  @Test
  void wrongUsageIsExitCode2() {
    assertEquals(2, dvx.execute("--no-such-option"));
    assertTrue(err.toString().contains("--no-such-option"), err.toString());
  }
}
