package org.opendvx.server.hosts;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.server.DvxCommand;
import org.opendvx.server.lab.HostLab;

/** {@code dvx key renew} where several hosts use the pool, as processes, beside writers. */
final class HostKeysProcessTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final List<String> HOSTS = List.of("h1", "h2");
  private static final int PIECE = 64 << 10;
  private static final int PIECES = 48;
  private static final long LIMIT_SECONDS = 180;

  private static String flash(HostLab lab, String host) throws Exception {
    return """
    flash:
      devices: [%s]
      capacity: 128MiB
    """
        .formatted(Files.createDirectories(lab.at("flash-" + host)));
  }

  @Test
  @Timeout(600)
  void aKeyIsRenewedUnderLoadAlsoWhenTheHostThatCleansIsKilled(@TempDir Path folder)
      throws Exception {
    try (HostProcesses hosts = new HostProcesses(folder)) {
      HostLab lab = hosts.lab();
      lab.startDataNode();
      for (String host : HOSTS) {
        lab.join(host, flash(lab, host));
      }
      lab.start(HOSTS);
      byte[] kept;
      try (NfsClient client = hosts.mount("h2", BlockWriter.CALL, BlockWriter.PATIENCE)) {
        kept = client.file(client.root(), "kept");
        for (int i = 0; i < PIECES; i++) {
          client.write(kept, (long) i * PIECE, piece(i));
        }
      }
      String leader = cleaner(lab);
      String other = leader.equals("h1") ? "h2" : "h1";
      // The other host has the old flash later on, and reads with it.
      BlockWriter first = new BlockWriter(hosts, "load-1", 1, List.of(leader, other));
      BlockWriter second = new BlockWriter(hosts, "load-2", 2, List.of(other));
      first.start();
      second.start();
      AssertionError refused =
          assertThrows(AssertionError.class, () -> DvxCommand.run(lab.at(other), "key", "renew"));
      assertTrue(
          String.valueOf(refused.getMessage()).contains("does not clean"), refused::toString);
      String renewed = DvxCommand.run(lab.at(leader), "key", "renew");
      assertTrue(renewed.contains("1, 2"), renewed);
      awaitOnly(lab, HOSTS, 2);
      look(hosts, kept);

      // Flash of a host that is away holds what the keys sealed that are gone when it is back.
      second.finish();
      lab.kill(List.of(other));
      JsonNode again = JSON.readTree(DvxCommand.run(lab.at(leader), "key", "renew", "-o", "json"));
      assertTrue(again.get("resealing").asBoolean(), again::toString);
      awaitOnly(lab, List.of(leader), 3);
      lab.start(List.of(other));
      look(hosts, kept);

      // Whoever takes over ends what the host began that is killed.
      String last = cleaner(lab);
      String _ = DvxCommand.run(lab.at(last), "key", "renew");
      first.finish();
      lab.kill(List.of(last));
      lab.start(List.of(last));
      awaitOnly(lab, HOSTS, 4);
      look(hosts, kept);

      lab.kill(HOSTS);
      lab.kill(List.of(HostLab.DATA_NODE));
      lab.startDataNode();
      lab.start(HOSTS);
      look(hosts, kept);
      for (String host : HOSTS) {
        first.verify(host);
        second.verify(host);
      }
      assertFalse(lab.logs().contains("Stored data cannot be read"), lab::logs);
    }
  }

  private static byte[] piece(int number) {
    byte[] piece = new byte[PIECE];
    new Random(number).nextBytes(piece);
    return piece;
  }

  private static void look(HostProcesses hosts, byte[] kept) throws Exception {
    for (String host : HOSTS) {
      try (NfsClient client = hosts.mount(host, BlockWriter.CALL, BlockWriter.PATIENCE)) {
        for (int i = 0; i < PIECES; i++) {
          assertArrayEquals(piece(i), client.read(kept, (long) i * PIECE, PIECE), "piece " + i);
        }
      }
    }
  }

  private static JsonNode keys(HostLab lab, String host) throws Exception {
    return JSON.readTree(DvxCommand.run(lab.at(host), "key", "status", "-o", "json"));
  }

  /** Waits until hosts know of one key alone. */
  private static void awaitOnly(HostLab lab, List<String> hosts, int key) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
    for (String host : hosts) {
      JsonNode now = keys(lab, host);
      while (now.get("keyIds").size() > 1 || now.get("keyId").asInt() != key) {
        String seen = now.toString();
        assertTrue(System.nanoTime() - end < 0, () -> seen + lab.logs());
        Thread.sleep(200);
        now = keys(lab, host);
      }
      assertEquals(key, now.get("keyIds").get(0).asInt(), host);
    }
  }

  /** The host that cleans, as soon as one does. */
  private static String cleaner(HostLab lab) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
    while (true) {
      for (String host : HOSTS) {
        String status = DvxCommand.run(lab.at(host), "clean", "status", "-o", "json");
        if (!JSON.readTree(status).get("state").asText().equals("ELSEWHERE")) {
          return host;
        }
      }
      assertTrue(System.nanoTime() - end < 0, lab::logs);
      Thread.sleep(200);
    }
  }
}
