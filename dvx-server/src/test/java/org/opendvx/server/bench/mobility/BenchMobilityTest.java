package org.opendvx.server.bench.mobility;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.server.testing.SourceHome;
import picocli.CommandLine;

/** A machine moved by a vCenter simulator between hosts that are processes. */
class BenchMobilityTest {
  @Test
  @Timeout(value = 12, unit = TimeUnit.MINUTES)
  void dataFollowsAMachineThatVCenterMoves(@TempDir Path folder) throws IOException {
    StringWriter told = new StringWriter();
    Path json = folder.resolve("mobility.json");
    try (SourceHome _ = SourceHome.set()) {
      int exit =
          new CommandLine(new BenchMobilityCommand())
              .setOut(new PrintWriter(told))
              .setErr(new PrintWriter(told))
              .execute(
                  "--hot",
                  "8MiB",
                  "--seconds",
                  "3",
                  "--moves",
                  "1",
                  "--threads",
                  "2",
                  "--heap",
                  "384m",
                  "--json",
                  json.toString(),
                  "--dir",
                  folder.toString());
      assertEquals(0, exit, told::toString);
    }
    System.out.println(told);
    JsonNode report = new ObjectMapper().readTree(json.toFile());
    assertEquals(0, report.path("wrongReads").asLong(-1), told::toString);
    assertEquals(0, report.at("/restart/lostBlocks").asLong(-1), told::toString);
    assertEquals(4, report.path("moves").size(), told::toString);
    JsonNode announced = report.at("/moves/0");
    assertEquals(
        "FOLLOWING", announced.at("/prefetch/state").asText().replace("DONE", "FOLLOWING"));
    assertTrue(announced.at("/prefetch/peerBytes").asLong() > 0, told::toString);
    // How much depends on how busy the machine is, and is measured, not tested.
    assertTrue(announced.at("/prefetch/usedBytes").asLong() > 0, told::toString);
    assertTrue(announced.at("/window/shareOwn").asDouble() > 0.2, told::toString);
    assertTrue(announced.at("/window/sharePool").asDouble() < 0.3, told::toString);
    // The host that fetches nothing ahead reads from the one before.
    JsonNode cold = report.at("/moves/2");
    assertTrue(cold.at("/prefetch").isEmpty(), told::toString);
    assertTrue(cold.at("/window/peer").asLong() > 0, told::toString);
    assertTrue(report.at("/clone/template2/skippedBytes").asLong() > 0, told::toString);
  }
}
