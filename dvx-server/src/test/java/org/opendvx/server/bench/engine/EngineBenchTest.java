package org.opendvx.server.bench.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** Short runs of the loads on an engine: what they print is what was done, and nothing is left. */
@Timeout(180)
class EngineBenchTest {
  @TempDir private Path folder;

  private JsonNode run(Callable<Integer> command, int expectedCode, String... arguments)
      throws IOException {
    StringWriter out = new StringWriter();
    int code =
        new CommandLine(command)
            .setOut(new PrintWriter(out))
            .setErr(new PrintWriter(new StringWriter()))
            .execute(arguments);
    assertEquals(expectedCode, code, out.toString());
    try (var left = Files.list(folder)) {
      assertEquals(0, left.count(), "the pool is removed");
    }
    return new ObjectMapper().readTree(out.toString());
  }

  @Test
  void overwritingReportsItsFirstAndLastMinutesAndWhatTheCleanerCopied() throws IOException {
    String[] arguments = {
      "--folder",
      folder.toString(),
      "--minutes",
      "0.06",
      "--capacity",
      "1GiB",
      "--full",
      "10",
      "--least-ratio",
      "0",
      "--json"
    };
    JsonNode report = run(new BenchOverwriteCommand(), 0, arguments);
    assertEquals(6, report.at("/mibPerSecond").size(), report.toString());
    assertEquals(0.01, report.at("/windowMinutes").asDouble(), 1e-9);
    assertEquals(
        report.at("/lastMibPerSecond").asDouble() / report.at("/firstMibPerSecond").asDouble(),
        report.at("/ratio").asDouble(),
        1e-9);
    assertTrue(report.at("/writtenBytes").asLong() > 0, report.toString());
    assertTrue(report.at("/writeAmplification").asDouble() > 0.9, report.toString());
    arguments[9] = "1000";
    JsonNode _ = run(new BenchOverwriteCommand(), 1, arguments);
  }

  @Test
  void spansAreMeasuredInEveryState() throws IOException {
    JsonNode report =
        run(
            new BenchSpanCommand(),
            0,
            "--folder",
            folder.toString(),
            "--small",
            "4MiB",
            "--span",
            "256MiB",
            "--written",
            "8MiB",
            "--extent",
            "16KiB",
            "--snapshots",
            "20",
            "--seconds",
            "0.3",
            "--json");
    assertEquals(4, report.at("/rows").size(), report.toString());
    for (JsonNode row : report.at("/rows")) {
      assertTrue(row.at("/reads/operations").asLong() > 0, report.toString());
      assertTrue(row.at("/writes/operations").asLong() > 0, report.toString());
    }
    assertEquals(1, report.at("/rows/0/readRatio").asDouble());
  }

  @Test
  void numbersThatMakeNoMeasurementAreRefused() {
    StringWriter err = new StringWriter();
    int code =
        new CommandLine(new BenchSpanCommand())
            .setErr(new PrintWriter(err))
            .execute("--folder", folder.toString(), "--span", "1GiB", "--written", "2GiB");
    assertTrue(code != 0, err.toString());
  }
}
