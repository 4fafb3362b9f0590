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
import org.opendvx.server.api.NodeFile;
import org.opendvx.server.lab.HostLab;

/** The commands {@code dvx key} and a node that runs as a process. */
final class KeyCommandsProcessTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String NODE = "node";
  private static final int PIECE = 64 << 10;
  private static final int PIECES = 64;
  private static final long LIMIT_SECONDS = 180;

  @Test
  @Timeout(600)
  void bothKindsOfKeysAreChangedAndTheOldOnesAreOfNoUse(@TempDir Path folder) throws Exception {
    try (HostProcesses hosts = new HostProcesses(folder)) {
      HostLab lab = hosts.lab();
      Path config = config(lab, "");
      start(lab, config);
      JsonNode fresh = keys(lab);
      assertEquals(1, fresh.get("keyId").asInt());
      assertFalse(fresh.get("resealing").asBoolean());
      byte[] file;
      try (NfsClient client = mount(lab)) {
        file = client.file(client.root(), "kept");
        for (int i = 0; i < PIECES; i++) {
          client.write(file, (long) i * PIECE, piece(i));
        }
      }
      String renewed = DvxCommand.run(lab.at(NODE), "key", "renew");
      assertTrue(renewed.contains("1, 2"), renewed);
      try (NfsClient client = mount(lab)) {
        for (int i = 0; i < PIECES; i += 2) {
          client.write(file, (long) i * PIECE, piece(PIECES + i));
        }
      }
      await(lab, 2);
      look(lab, file);

      // The key that locks the ring: not while the node runs.
      Path next = lab.at("next.key");
      String refused = rotate(config, next, 1);
      assertTrue(refused.contains("in use"), refused);
      lab.end(NODE);
      String rotated = rotate(config, next, 0);
      assertTrue(rotated.contains(next.toString()), rotated);
      assertThrows(Exception.class, () -> start(lab, config));
      String log = lab.logs();
      assertTrue(log.contains("This key does not open the pool"), log);

      Path other = config(lab, "keys:\n  file: " + next + "\n");
      Files.delete(lab.at(NODE).resolve("keys/pool.key"));
      start(lab, other);
      look(lab, file);
      JsonNode after = keys(lab);
      assertEquals(1, after.get("keyIds").size(), after::toString);
      assertEquals(2, after.get("keyId").asInt(), after::toString);

      // Killed in the middle of sealing anew; the key is the new file's.
      String _ = DvxCommand.run(lab.at(NODE), "key", "renew");
      lab.kill(List.of(NODE));
      start(lab, other);
      await(lab, 3);
      look(lab, file);
    }
  }

  private static Path config(HostLab lab, String more) throws Exception {
    String address = lab.network().address(NODE);
    return Files.writeString(
        lab.at("node.yaml"),
        """
        node:
          name: node
          data: %s
        drives:
          capacity: 2GiB
        memory:
          read-cache: 16MiB
          dedupe-index: 32MiB
        nfs:
          listen: %s
          port: 0
          portmapper: off
          clients: [%s]
        rest:
          listen: %s
          port: 0
        """
                .formatted(lab.at(NODE), address, lab.network().clients(), address)
            + more);
  }

  private static Path ready(HostLab lab) {
    return lab.at(NODE + ".json");
  }

  /** Starts the node and waits until it serves. */
  private static void start(HostLab lab, Path config) throws Exception {
    Files.deleteIfExists(ready(lab));
    lab.launch(
        NODE,
        NODE,
        List.of("serve", "--config", config.toString(), "--ready-file", ready(lab).toString()));
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
    while (!Files.exists(ready(lab))) {
      if (!lab.isAlive(NODE) || System.nanoTime() - end > 0) {
        throw new IllegalStateException("It does not serve: " + lab.logs());
      }
      Thread.sleep(50);
    }
  }

  private static NfsClient mount(HostLab lab) throws Exception {
    NodeFile node = lab.node(NODE);
    return NfsClient.mount(node, BlockWriter.CALL, BlockWriter.PATIENCE);
  }

  private static byte[] piece(int number) {
    byte[] piece = new byte[PIECE];
    new Random(number).nextBytes(piece);
    return piece;
  }

  private static void look(HostLab lab, byte[] file) throws Exception {
    try (NfsClient client = mount(lab)) {
      for (int i = 0; i < PIECES; i++) {
        assertArrayEquals(
            piece(i % 2 == 0 ? PIECES + i : i),
            client.read(file, (long) i * PIECE, PIECE),
            "piece " + i);
      }
    }
  }

  private static JsonNode keys(HostLab lab) throws Exception {
    return JSON.readTree(DvxCommand.run(lab.at(NODE), "key", "status", "-o", "json"));
  }

  /** Waits until a key is alone. */
  private static void await(HostLab lab, int key) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
    JsonNode now = keys(lab);
    while (now.get("resealing").asBoolean()) {
      String seen = now.toString();
      assertTrue(System.nanoTime() - end < 0, () -> seen + lab.logs());
      Thread.sleep(200);
      now = keys(lab);
    }
    assertEquals(key, now.get("keyId").asInt());
    assertEquals(1, now.get("keyIds").size());
  }

  private static String rotate(Path config, Path next, int expected) {
    DvxCommand.Ended ended =
        DvxCommand.end(
            config.resolveSibling(""),
            "key",
            "rotate",
            "--config",
            config.toString(),
            "--new-key-file",
            next.toString());
    assertEquals(expected, ended.code(), ended::toString);
    return ended.out() + ended.err();
  }
}
