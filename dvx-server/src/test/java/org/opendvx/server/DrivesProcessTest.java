package org.opendvx.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.server.cli.Environment;
import org.opendvx.server.testing.ServerProcess;
import org.opendvx.server.wiring.RealParts;

/**
 * The real node in a process of its own: a drive is lost under writes, replaced and rebuilt, with
 * SIGKILLs in between; another one is added and one removed; bits are flipped and found. Everything
 * acknowledged is there, and {@code dvx verify} is clean after each.
 */
@Timeout(600)
class DrivesProcessTest {
  private static final long LIMIT_SECONDS = 120;
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir private Path folder;

  private final Random random = new Random(seed());

  private record Run(int code, String out, String err) {}

  private static long seed() {
    long seed = System.nanoTime();
    System.out.println("drives, seed " + seed);
    return seed;
  }

  @Test
  void drivesComeAndGoUnderWritesAndKills() throws Exception {
    int lost = 1 + random.nextInt(6);
    try (ServerProcess server = ServerProcess.start(folder)) {
      CompletableFuture<Run> load =
          CompletableFuture.supplyAsync(() -> load(server, "--verify", "--time", "4"));
      Thread.sleep(1000 + random.nextInt(500));
      Files.move(folder.resolve("data/drive" + lost), folder.resolve("pulled"));
      awaitDrives(
          server, drives -> drive(drives, lost - 1).get("state").asText().equals("EVICTED"));
      // The folder of the lost drive is the only one that is not in use.
      dvx(0, server, "drives", "replace", Integer.toString(lost - 1));
      Run run = load.get(LIMIT_SECONDS, TimeUnit.SECONDS);
      assertEquals(0, run.code(), run.out() + run.err());
      Thread.sleep(random.nextInt(200));
      server.kill();
    }
    try (ServerProcess server = ServerProcess.start(folder)) {
      awaitWhole(server);
      verify(server);
      checkAcknowledged(server);

      JsonNode added =
          dvx(0, server, "drives", "add", folder.resolve("more").toString(), "-o", "json");
      assertEquals(7, added.get("drives").size());
      Thread.sleep(random.nextInt(300));
      server.kill();
    }
    try (ServerProcess server = ServerProcess.start(folder)) {
      // The added folder is remembered, without the configuration.
      awaitWhole(server);
      assertEquals(7, drives(server).get("drives").size());
      awaitDrives(server, drives -> !drives.get("balance").get("phase").asText().equals("RUNNING"));
      dvx(0, server, "drives", "remove", "0");
      Thread.sleep(random.nextInt(200));
      server.kill();
    }
    try (ServerProcess server = ServerProcess.start(folder)) {
      awaitDrives(server, drives -> drives.get("drives").size() == 6);
      awaitWhole(server);
      checkAcknowledged(server);
      Path damaged = flipABit();
      JsonNode scrub = scrub(server);
      assertEquals(1, scrub.get("found").asInt(), damaged + " " + scrub);
      assertEquals(1, scrub.get("repaired").asInt());
      String path = scrub.get("findings").get(0).get("path").asText();
      assertTrue(damaged.startsWith(path), damaged + " " + path);
      verify(server);
      dvx(0, server, "drives");
      dvx(2, server, "drives", "add", "relative");
      dvx(1, server, "drives", "remove", "17");
    }
  }

  private JsonNode scrub(ServerProcess server) throws Exception {
    dvx(0, server, "drives", "scrub", "--now", "-o", "json");
    JsonNode ended =
        awaitDrives(
            server,
            drives ->
                !drives.get("scrub").get("running").asBoolean()
                    && drives.get("scrub").hasNonNull("finished"));
    return ended.get("scrub");
  }

  private Path flipABit() throws IOException {
    List<Path> shards;
    try (Stream<Path> files = Files.walk(folder.resolve("data"))) {
      shards =
          files
              .filter(file -> file.toString().contains("/containers/") && Files.isRegularFile(file))
              .filter(file -> !file.startsWith(folder.resolve("data/drive1")))
              .toList();
    }
    Path shard = shards.get(random.nextInt(shards.size()));
    byte[] bytes = Files.readAllBytes(shard);
    bytes[random.nextInt(bytes.length)] ^= 1;
    Files.write(shard, bytes);
    return shard;
  }

  private void verify(ServerProcess server) throws Exception {
    JsonNode report = dvx(0, server, "verify", "-o", "json");
    assertTrue(report.get("clean").asBoolean(), report.toString());
    assertTrue(report.get("references").asLong() > 0, report.toString());
  }

  private void checkAcknowledged(ServerProcess server) {
    Run run = bench(server, "--check-acks", folder.resolve("acks").toString());
    assertEquals(0, run.code(), () -> run.out() + run.err());
  }

  private static JsonNode drive(JsonNode drives, int index) {
    for (JsonNode drive : drives.get("drives")) {
      if (drive.get("index").asInt() == index) {
        return drive;
      }
    }
    throw new AssertionError("no drive " + index);
  }

  private void awaitWhole(ServerProcess server) throws Exception {
    awaitDrives(
        server,
        drives ->
            drives.get("degradedContainers").asLong() == 0
                && drives.get("health").asText().equals("HEALTHY")
                && drives.get("rebuild").get("phase").asText().equals("IDLE"));
  }

  private JsonNode awaitDrives(ServerProcess server, Predicate<JsonNode> condition)
      throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
    JsonNode drives = drives(server);
    while (!condition.test(drives)) {
      assertTrue(System.nanoTime() - deadline < 0, drives + server.log());
      Thread.sleep(100);
      drives = drives(server);
    }
    return drives;
  }

  private JsonNode drives(ServerProcess server) throws Exception {
    return dvx(0, server, "drives", "-o", "json");
  }

  private JsonNode dvx(int code, ServerProcess server, String... words) throws Exception {
    List<String> all = new ArrayList<>(List.of(words));
    all.addAll(List.of("--data", folder.resolve("data").toString()));
    Run run = run(all);
    assertEquals(
        code, run.code(), () -> String.join(" ", words) + run.out() + run.err() + log(server));
    return run.out().startsWith("{") ? JSON.readTree(run.out()) : JSON.createObjectNode();
  }

  private static String log(ServerProcess server) {
    try {
      return server.log();
    } catch (IOException e) {
      return e.toString();
    }
  }

  private Run load(ServerProcess server, String... more) {
    List<String> words =
        new ArrayList<>(
            List.of(
                "--mode", "mixed",
                "--size", "24M",
                "--block-size", "16k",
                "--queue-depth", "4",
                "--warm-up", "0",
                "--seed", "1",
                "--ack-log", folder.resolve("acks").toString()));
    words.addAll(List.of(more));
    return bench(server, words.toArray(String[]::new));
  }

  private Run bench(ServerProcess server, String... options) {
    String port = "" + server.nfsPort();
    List<String> words =
        new ArrayList<>(List.of("bench", "nfs", "--target", "127.0.0.1:/dvx", "-o", "json"));
    words.addAll(List.of("--nfs-port", port, "--mount-port", port, "--call-timeout", "60"));
    words.addAll(List.of(options));
    return run(words);
  }

  private Run run(List<String> words) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int code =
        Main.commandLine(new Environment(Map.of(), folder, null, null), RealParts.parts())
            .setOut(new PrintWriter(out))
            .setErr(new PrintWriter(err))
            .execute(words.toArray(String[]::new));
    return new Run(code, out.toString(), err.toString());
  }
}
