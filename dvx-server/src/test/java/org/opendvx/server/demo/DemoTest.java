package org.opendvx.server.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.server.testing.SourceHome;
import picocli.CommandLine;

/** The short demonstration, from end to end, with a node that has a small heap. */
class DemoTest {
  @TempDir private Path folder;

  @Test
  @Timeout(value = 8, unit = TimeUnit.MINUTES)
  void itDoesTheMainJobAndLeavesNothingBehind() throws IOException {
    List<String> missing = ToolCheck.missingPackages();
    // On Debian one command brings them, so that nothing is skipped there.
    assumeTrue(
        missing.isEmpty() || Files.exists(Path.of("/etc/debian_version")),
        () -> "not here: " + missing);
    assertEquals(List.of(), missing, "missing packages");
    Path json = folder.resolve("figures.json");
    Path work = folder.resolve("work");
    StringWriter told = new StringWriter();
    try (SourceHome _ = SourceHome.set()) {
      int exit =
          new CommandLine(new DemoCommand())
              .setOut(new PrintWriter(told))
              .setErr(new PrintWriter(told))
              .execute(
                  "--quick",
                  "--node-heap",
                  "512m",
                  "--json",
                  json.toString(),
                  "--dir",
                  work.toString());
      assertEquals(0, exit, told::toString);
    }
    JsonNode figures = new ObjectMapper().readTree(json.toFile());
    assertEquals(0, figures.path("stuns").asInt(-1));
    assertEquals(1, figures.path("stuns_of_control_run").asInt(-1));
    assertEquals(0, figures.path("engine_snapshots").asInt(-1));
    assertEquals(1, figures.path("engine_snapshots_of_control_run").asInt(-1));
    assertEquals(2, figures.path("both_cut_machines").asInt(-1));
    assertTrue(figures.path("both_cut_ms").asDouble() > 0, figures::toString);
    assertTrue(figures.path("convert_more_percent").asDouble(100) < 1, figures::toString);
    assertEquals(0, figures.path("mismatches").asInt(-1));
    assertEquals(2, figures.path("drives_lost").asInt(-1));
    assertTrue(figures.path("bytes_verified").asLong() > 300L << 20, figures::toString);
    assertTrue(figures.path("reduction").asDouble() > 1.5, figures::toString);
    assertTrue(figures.path("cut_ms_max").asDouble() > 0, figures::toString);
    assertTrue(figures.path("labels").path("CRASH").asInt() >= 5, figures::toString);
    try (Stream<Path> left = Files.list(work)) {
      assertEquals(List.of(), left.toList(), "what is left behind");
    }
  }
}
