package org.opendvx.server.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.opendvx.core.error.DvxException;
import picocli.CommandLine;

/** Runs whole loads against a small server in memory, with the faults that they must find. */
@Timeout(60)
@SuppressWarnings("NullAway.Init") // the fields are set before each test
class BenchNfsTest {
  @TempDir private Path folder;
  private FakeNfsServer server;

  /** How a run ended. */
  private record Run(int code, String out, String err) {
    JsonNode json() throws IOException {
      return new ObjectMapper().readTree(out);
    }
  }

  @BeforeEach
  void start() throws IOException {
    server = new FakeNfsServer();
  }

  @AfterEach
  void stop() throws IOException {
    server.close();
  }

  private Run run(String... options) {
    List<String> words = new ArrayList<>(List.of("nfs", "--target", "127.0.0.1:/x"));
    words.addAll(List.of("--nfs-port", "" + server.port(), "--mount-port", "" + server.port()));
    words.addAll(List.of("--warm-up", "0", "--call-timeout", "5"));
    words.addAll(List.of(options));
    addUnlessGiven(words, "--size", "256k");
    addUnlessGiven(words, "-o", "json");
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CommandLine command =
        new CommandLine(new BenchCommand())
            .setOut(new PrintWriter(out))
            .setErr(new PrintWriter(err))
            .setExecutionExceptionHandler(
                (error, line, _) -> {
                  if (error instanceof DvxException told) {
                    line.getErr().println(told.render());
                    return 1;
                  }
                  throw error;
                });
    int code = command.execute(words.toArray(String[]::new));
    return new Run(code, out.toString(), err.toString());
  }

  private static void addUnlessGiven(List<String> words, String option, String value) {
    if (!words.contains(option)) {
      words.add(option);
      words.add(value);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "randread,4k,file_sync", "randwrite,4k,file_sync", "randwrite,512,unstable",
    "mixed,8k,unstable", "seqread,32k,file_sync", "seqwrite,32k,data_sync"
  })
  void aGoodServerPasses(String mode, String block, String stable) throws IOException {
    Run run =
        run(
            "--mode",
            mode,
            "--block-size",
            block,
            "--stable",
            stable,
            "--time",
            "0.3",
            "--prefill",
            "--verify",
            "--files",
            "2",
            "--connections",
            "2",
            "--duplicate-percent",
            "20");
    assertEquals(0, run.code(), run.out() + run.err());
    JsonNode report = run.json();
    assertTrue(report.at("/iops").asDouble() > 0, run.out());
    assertEquals(0, report.at("/checks/mismatches").asLong());
    assertEquals(0, report.at("/checks/holes").asLong());
    assertEquals("complete", report.at("/ended").asText());
  }

  @Test
  void repliesInFragmentsAreUnderstood() {
    server.fragment = 999;
    Run run = run("--mode", "mixed", "--time", "0.2", "--prefill", "--verify");
    assertEquals(0, run.code(), run.out() + run.err());
  }

  @Test
  void aTurnedBitIsFound() throws IOException {
    assertEquals(0, run("--mode", "seqwrite", "--time", "0.2", "--prefill").code());
    server.spoil(0, 40_000);
    Run run = run("--mode", "seqread", "--time", "0.2");
    assertEquals(1, run.code());
    assertTrue(run.json().at("/checks/mismatches").asLong() > 0, run.out());
    assertTrue(run.out().contains("file 0 offset 36864: bytes that do not match"), run.out());
  }

  @Test
  void failedCallsAreCountedByNameAndEndWithCodeOne() throws IOException {
    server.failWrites(7);
    Run run = run("--mode", "randwrite", "--time", "0.2");
    assertEquals(1, run.code());
    assertEquals(7, run.json().at("/errors/WRITE NFS3ERR_IO").asLong(), run.out());
    assertEquals(7, run.json().at("/failed").asLong());
  }

  @Test
  void tooManyErrorsEndTheLoad() throws IOException {
    server.failWrites(Integer.MAX_VALUE);
    Run run = run("--mode", "randwrite", "--time", "30", "--error-limit", "20");
    assertEquals(1, run.code());
    assertEquals("too many errors", run.json().at("/ended").asText());
  }

  @Test
  void callsThatTheServerDelaysAreSentAgain() throws IOException {
    server.delay(5);
    Run run = run("--mode", "mixed", "--time", "0.5", "--verify");
    assertEquals(0, run.code(), run.out() + run.err());
    assertEquals(5, run.json().at("/checks/delayedCalls").asLong());
  }

  private Thread crashSoon() {
    return Thread.ofVirtual()
        .start(
            () -> {
              try {
                int enough = server.writes() + 300;
                while (server.writes() < enough) {
                  Thread.sleep(2);
                }
                server.crash();
                Thread.sleep(200);
                server.up();
              } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e);
              }
            });
  }

  @ParameterizedTest
  @CsvSource({"file_sync,check", "unstable,check", "file_sync,reconnect", "unstable,reconnect"})
  void anHonestServerMayCrash(String stable, String policy) throws Exception {
    Path acks = folder.resolve("acks");
    for (int round = 0; round < 2; round++) {
      Thread crash = crashSoon();
      Run run =
          run(
              "--mode",
              "randwrite",
              "--stable",
              stable,
              "--time",
              "1",
              "--commit-every",
              "64k",
              "--on-disconnect",
              policy,
              "--verify",
              "--ack-log",
              acks.toString(),
              "--connections",
              "2",
              "--duplicate-percent",
              "20");
      crash.join();
      assertEquals(0, run.code(), run.out() + run.err());
      JsonNode report = run.json();
      assertTrue(report.at("/outages/count").asInt() >= 1, run.out());
      assertTrue(report.at("/outages/longestMillis").asDouble() >= 190, run.out());
      assertTrue(report.at("/checks/durableBlocks").asLong() > 0, run.out());
      assertEquals(
          policy.equals("check") ? "disconnected" : "complete", report.at("/ended").asText());
    }
    Run later = run("--check-acks", acks.toString());
    assertEquals(0, later.code(), later.out() + later.err());
    assertEquals(64, later.json().at("/checks/blocks").asLong());
  }

  @Test
  void aServerThatLosesSyncedWritesIsFound() throws Exception {
    server.liesAboutSync = true;
    Thread crash = crashSoon();
    Run run = run("--mode", "randwrite", "--time", "1", "--on-disconnect", "check");
    crash.join();
    assertEquals(1, run.code(), run.out());
    assertTrue(run.json().at("/checks/mismatches").asLong() > 0, run.out());
    assertTrue(run.out().contains("zeros where data was acknowledged"), run.out());
  }

  @Test
  void aServerThatHidesItsRestartIsFound() throws Exception {
    server.liesAboutRestart = true;
    // Many rewritten blocks and rare COMMITs: something unstable is there at the crash.
    Thread crash = crashSoon();
    Run run =
        run(
            "--mode",
            "randwrite",
            "--stable",
            "unstable",
            "--time",
            "1",
            "--reconnect",
            "--verify",
            "--commit-every",
            "1G",
            "--size",
            "64M");
    crash.join();
    assertEquals(1, run.code(), run.out());
    assertTrue(run.json().at("/checks/mismatches").asLong() > 0, run.out());
    assertEquals(0, run.json().at("/checks/resentWrites").asLong());
  }

  @Test
  void unstableWritesBeforeARestartAreSentAgain() throws Exception {
    Thread crash = crashSoon();
    Run run =
        run(
            "--mode",
            "randwrite",
            "--stable",
            "unstable",
            "--time",
            "1",
            "--reconnect",
            "--verify",
            "--commit-every",
            "1G",
            "--size",
            "64M");
    crash.join();
    assertEquals(0, run.code(), run.out() + run.err());
    assertTrue(run.json().at("/checks/resentWrites").asLong() > 0, run.out());
  }

  @Test
  void aLostConnectionIsAnErrorInFourParts() throws Exception {
    Thread crash = crashSoon();
    Run run = run("--mode", "randwrite", "--time", "5");
    crash.join();
    assertEquals(1, run.code());
    assertTrue(run.err().contains("error: The connection to the server was lost"), run.err());
    assertTrue(run.err().contains("to do:") && run.err().contains("cause:"), run.err());
  }

  @Test
  void readingWhatIsNotThereAndBlocksBeyondTheServersAreRefused() {
    Run missing = run("--mode", "randread", "--time", "1");
    assertEquals(1, missing.code());
    assertTrue(missing.err().contains("--prefill"), missing.err());
    Run large = run("--mode", "randwrite", "--block-size", "2M", "--size", "4M");
    assertEquals(1, large.code());
    assertTrue(large.err().contains("FSINFO"), large.err());
    assertEquals(2, run("--mode", "sideways").code());
  }

  @Test
  void aPersonGetsATable() {
    String pid = "" + ProcessHandle.current().pid();
    Run run =
        run("-o", "table", "--mode", "mixed", "--time", "0.3", "--server-pid", pid, "--remove");
    assertEquals(0, run.code(), run.err());
    for (String word : List.of("IOPS", "MB/s", "p99.9", "server CPU", "client CPU", "checked")) {
      assertTrue(run.out().contains(word), run.out());
    }
  }
}
