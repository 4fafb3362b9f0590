package org.opendvx.server.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import picocli.CommandLine;

/** Attacks a small server in memory that does, or does not, refuse what it must. */
@Timeout(60)
class BenchHostileTest {

  private static JsonNode attack(FakeNfsServer server, int expectedCode) throws IOException {
    StringWriter out = new StringWriter();
    String port = "" + server.port();
    int code =
        new CommandLine(new BenchCommand())
            .setOut(new PrintWriter(out))
            .execute(
                "hostile",
                "--target",
                "127.0.0.1:/x",
                "--nfs-port",
                port,
                "--mount-port",
                port,
                "--time",
                "2",
                "--rate",
                "500",
                "--deaf",
                "0",
                "--refusal-limit",
                "500",
                "-o",
                "json");
    assertEquals(expectedCode, code, out.toString());
    return new ObjectMapper().readTree(out.toString());
  }

  @Test
  void aServerThatRefusesWhatItMustPasses() throws IOException {
    try (FakeNfsServer server = new FakeNfsServer()) {
      server.refusesHugeRecords = true;
      JsonNode report = attack(server, 0);
      assertTrue(report.at("/hugeRefused").asLong() > 0, report.toString());
      assertEquals(0, report.at("/hugeAccepted").asLong());
      assertTrue(report.at("/probes").asLong() >= 2, report.toString());
      assertTrue(report.at("/sent/MUTATED").asLong() > 300, report.toString());
    }
  }

  @Test
  void aServerThatTakesTwoGibibytesIsFound() throws IOException {
    try (FakeNfsServer server = new FakeNfsServer()) {
      JsonNode report = attack(server, 1);
      assertTrue(report.at("/hugeAccepted").asLong() > 0, report.toString());
      assertTrue(report.at("/problems/0").asText().contains("2 GiB"), report.toString());
    }
  }
}
