package org.opendvx.server.bench.hold;

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

class BenchHoldTest {
  /** {@code -Ddvx.hold.count=200} gives the figures of docs/performance.md. */
  private static final String COUNT = System.getProperty("dvx.hold.count", "5");

  @Test
  @Timeout(value = 9, unit = TimeUnit.MINUTES)
  void itMeasuresHoldsOfARealGuest(@TempDir Path folder) throws IOException {
    Sources.requireGuest();
    StringWriter told = new StringWriter();
    Path json = folder.resolve("hold.json");
    try (SourceHome _ = SourceHome.set()) {
      int exit =
          new CommandLine(new BenchHoldCommand())
              .setOut(new PrintWriter(told))
              .setErr(new PrintWriter(told))
              .execute("--count", COUNT, "--json", json.toString(), "--dir", folder.toString());
      assertEquals(0, exit, told::toString);
    }
    System.out.println(told);
    JsonNode figures = new ObjectMapper().readTree(json.toFile());
    assertEquals(
        Integer.parseInt(COUNT),
        figures.path("labels").path("FILE_SYSTEM").asInt(),
        figures::toString);
    double most = figures.path("writes_held").path("max").asDouble();
    assertTrue(most > 0 && most < 8_000, figures::toString);
  }

  @Test
  void percentilesAreThoseOfTheTimes() {
    HoldReport report = new HoldReport();
    for (int i = 100; i >= 1; i--) {
      report.add("held", i);
    }
    assertEquals(50, report.percentile("held", 50));
    assertEquals(99, report.percentile("held", 99));
    assertEquals(100, report.percentile("held", 100));
    assertTrue(report.table().contains("| held | 50.0 | 99.0 | 100.0 |"), report::table);
  }
}
