package org.opendvx.server.hosts;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.server.DvxCommand;
import org.opendvx.server.lab.HostLab;

/**
 * {@code dvx drives} at a data node, while two hosts go on: a drive is pulled, replaced and
 * rebuilt, one added, one removed, with a SIGKILL of the data node in between; a bit is flipped and
 * found. The hosts do all arithmetic. Every byte is read again.
 */
@Timeout(400)
class DataNodeDrivesProcessTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int DRIVES = 6;
  private static final long DRIVE_BYTES = 2L << 30;
  private static final long LIMIT_SECONDS = 120;
  private static final int PIECE = 256 << 10;

  /** More than the cache of a host. */
  private static final int PIECES = 96;

  @TempDir private Path folder;

  @Test
  void drivesComeAndGoWhileHostsGoOn() throws Exception {
    long seed = System.nanoTime();
    System.out.println("drives of a data node, seed " + seed);
    Random random = new Random(seed);
    try (HostProcesses hosts = new HostProcesses(folder, DRIVES, DRIVE_BYTES)) {
      HostLab lab = hosts.lab();
      lab.startDataNode();
      lab.join("h1", "");
      lab.join("h2", "");
      lab.start(List.of("h1", "h2"));
      fill(hosts);
      BlockWriter first = new BlockWriter(hosts, "b1", seed + 1, List.of("h1"));
      BlockWriter second = new BlockWriter(hosts, "b2", seed + 2, List.of("h2"));
      AtomicBoolean enough = new AtomicBoolean();
      CompletableFuture<Integer> reads =
          CompletableFuture.supplyAsync(() -> readOn(hosts, enough), Thread::startVirtualThread);
      first.start();
      second.start();
      first.awaitMore(20);
      second.awaitMore(20);
      JsonNode before = await(hosts, drives -> drives.get("containers").asLong() > 2);
      assertTrue(before.get("effectiveBytes").isNull(), before::toString);

      replace(hosts, random.nextInt(DRIVES));
      first.awaitMore(20);

      JsonNode added = run(hosts, "drives", "add", lab.at("more").toString(), "-o", "json");
      assertEquals(DRIVES + 1, added.get("drives").size());
      lab.kill(List.of(HostLab.DATA_NODE));
      lab.startDataNode();
      // The added folder is remembered, without the configuration.
      await(hosts, drives -> whole(drives) && drives.get("drives").size() == DRIVES + 1);
      await(hosts, drives -> drive(drives, DRIVES).get("shards").asLong() > 0);
      first.awaitMore(20);
      second.awaitMore(20);

      run(hosts, "drives", "remove", Integer.toString(random.nextInt(DRIVES)));
      await(hosts, drives -> whole(drives) && drives.get("drives").size() == DRIVES);
      first.awaitMore(20);
      second.awaitMore(20);

      first.finish();
      second.finish();
      enough.set(true);
      assertTrue(reads.get(LIMIT_SECONDS, TimeUnit.SECONDS) > 0);
      first.verify("h2");
      second.verify("h1");
      scrub(hosts, random);
      look(hosts);
      first.verify("h1");
      second.verify("h2");
    }
  }

  /** Pulls a drive, and puts a folder of another name in its place. */
  private static void replace(HostProcesses hosts, int index) throws Exception {
    Path pulled = hosts.lab().at("d" + (index + 1));
    Files.move(pulled, hosts.lab().at("pulled"));
    JsonNode lost =
        await(hosts, drives -> drive(drives, index).get("state").asText().equals("EVICTED"));
    assertEquals("DEGRADED", lost.get("health").asText());
    assertFalse(drive(lost, index).get("reason").asText().isEmpty(), lost::toString);
    JsonNode seen = JSON.readTree(DvxCommand.run(hosts.lab().at("h1"), "drives", "-o", "json"));
    assertFalse(seen.get("effectiveBytes").isNull(), seen::toString);
    String number = Integer.toString(index);
    AssertionError refused =
        assertThrows(
            AssertionError.class,
            () -> DvxCommand.run(hosts.lab().at("h1"), "drives", "replace", number, "/nowhere"));
    assertTrue(refused.toString().contains("data node"), refused::toString);
    run(hosts, "drives", "replace", number, hosts.lab().at("new").toString());
    JsonNode rebuilt = await(hosts, DataNodeDrivesProcessTest::whole);
    assertEquals(hosts.lab().at("new").toString(), drive(rebuilt, index).get("path").asText());
    assertTrue(rebuilt.get("rebuild").get("bytes").asLong() > 0, rebuilt::toString);
  }

  /** Nothing is written and read meanwhile; only the cleaner may take the shard away. */
  private void scrub(HostProcesses hosts, Random random) throws Exception {
    for (int attempt = 0; ; attempt++) {
      JsonNode drive = drives(hosts).get("drives").get(random.nextInt(DRIVES));
      Path damaged = flipABit(Path.of(drive.get("path").asText()), random);
      run(hosts, "drives", "scrub", "--now", "-o", "json");
      JsonNode scrub =
          await(
                  hosts,
                  drives ->
                      !drives.get("scrub").get("running").asBoolean()
                          && drives.get("scrub").hasNonNull("finished"))
              .get("scrub");
      // The cleaner may have deleted it, or read it, and had it mended.
      boolean gone = !Files.exists(damaged) || scrub.get("found").asInt() == 0;
      if (gone && attempt < 5) {
        continue;
      }
      assertEquals(1, scrub.get("found").asInt(), damaged + " " + scrub);
      assertEquals(1, scrub.get("repaired").asInt(), scrub::toString);
      JsonNode finding = scrub.get("findings").get(scrub.get("findings").size() - 1);
      assertEquals(drive.get("path").asText(), finding.get("path").asText());
      return;
    }
  }

  private static Path flipABit(Path drive, Random random) throws IOException {
    List<Path> shards;
    try (Stream<Path> files = Files.walk(drive.resolve("containers"))) {
      shards = files.filter(Files::isRegularFile).sorted().toList();
    }
    Path shard = shards.get(random.nextInt(shards.size()));
    byte[] bytes = Files.readAllBytes(shard);
    bytes[random.nextInt(bytes.length)] ^= 1;
    Files.write(shard, bytes);
    return shard;
  }

  private static void look(HostProcesses hosts) throws Exception {
    String events = DvxCommand.run(hosts.lab().at(HostLab.DATA_NODE), "events", "-o", "json");
    assertTrue(events.contains("drive.changed"), events);
    String shown = DvxCommand.run(hosts.lab().at(HostLab.DATA_NODE), "drives");
    assertTrue(shown.contains("known to the hosts alone"), shown);
  }

  private static void fill(HostProcesses hosts) throws IOException {
    try (NfsClient client = hosts.mount("h1", BlockWriter.CALL, BlockWriter.PATIENCE)) {
      byte[] file = client.file(client.root(), "kept");
      for (int i = 0; i < PIECES; i++) {
        client.write(file, (long) i * PIECE, piece(i));
      }
    }
  }

  /** Reads a file that does not change again and again, at the host that did not write it. */
  private static int readOn(HostProcesses hosts, AtomicBoolean enough) {
    try (NfsClient client = hosts.mount("h2", BlockWriter.CALL, BlockWriter.PATIENCE)) {
      byte[] file = client.lookup(client.root(), "kept").orElseThrow();
      int rounds = 0;
      while (!enough.get()) {
        for (int i = 0; i < PIECES && !enough.get(); i++) {
          assertArrayEquals(piece(i), client.read(file, (long) i * PIECE, PIECE), "piece " + i);
        }
        rounds++;
      }
      return rounds;
    } catch (IOException e) {
      throw new AssertionError("the reader fails", e);
    }
  }

  private static byte[] piece(int number) {
    byte[] piece = new byte[PIECE];
    new Random(number).nextBytes(piece);
    return piece;
  }

  private static boolean whole(JsonNode drives) {
    return drives.get("degradedContainers").asLong() == 0
        && drives.get("health").asText().equals("HEALTHY")
        && drives.get("rebuild").get("phase").asText().equals("IDLE");
  }

  private static JsonNode drive(JsonNode drives, int index) {
    for (JsonNode drive : drives.get("drives")) {
      if (drive.get("index").asInt() == index) {
        return drive;
      }
    }
    throw new AssertionError("no drive " + index + ": " + drives);
  }

  private static JsonNode await(HostProcesses hosts, Predicate<JsonNode> condition)
      throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
    JsonNode drives = drives(hosts);
    while (!condition.test(drives)) {
      assertTrue(System.nanoTime() - deadline < 0, drives + hosts.lab().logs());
      Thread.sleep(100);
      drives = drives(hosts);
    }
    return drives;
  }

  private static JsonNode drives(HostProcesses hosts) throws Exception {
    return run(hosts, "drives", "-o", "json");
  }

  private static JsonNode run(HostProcesses hosts, String... words) throws Exception {
    String out = DvxCommand.run(hosts.lab().at(HostLab.DATA_NODE), words);
    return out.startsWith("{") ? JSON.readTree(out) : JSON.createObjectNode();
  }
}
