package org.opendvx.server.hosts;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.server.DvxCommand;
import org.opendvx.server.bench.rpc.Nfs3;
import org.opendvx.server.bench.rpc.NfsException;
import org.opendvx.server.lab.HostLab;

/** A host that was declared dead takes no changes until an administrator says so. */
final class HostConfirmProcessTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long LIMIT_SECONDS = 120;

  @Test
  @Timeout(400)
  void changesWaitForTheAdministratorAndGoOnWhenHeConfirms(@TempDir Path folder) throws Exception {
    byte[] before = new byte[Blocks.SIZE];
    new Random(8).nextBytes(before);
    byte[] after = new byte[Blocks.SIZE];
    new Random(9).nextBytes(after);
    try (HostProcesses hosts = new HostProcesses(folder)) {
      HostLab lab = hosts.lab();
      lab.startDataNode();
      lab.join("h1", "");
      lab.join("h2", "  hypervisors: [esx2.example]\n  confirm-machines: on\n");
      lab.start(List.of("h1", "h2"));
      byte[] file;
      try (NfsClient h2 = hosts.mount("h2", BlockWriter.CALL, BlockWriter.PATIENCE)) {
        file = h2.file(h2.root(), "disk");
        h2.write(file, 0, before);
      }
      lab.pause("h2", true);
      await(lab, "h1", list -> state(list, "h2").equals("DEAD"));
      lab.pause("h2", false);
      await(lab, "h2", list -> state(list, "h2").equals("HELD") && barred(list));
      try (NfsClient h2 = hosts.mount("h2", BlockWriter.CALL, Duration.ofSeconds(2))) {
        assertArrayEquals(before, patientRead(hosts, file), "reads are let through");
        NfsException refused = assertThrows(NfsException.class, () -> h2.write(file, 0, after));
        assertEquals(Nfs3.ERR_JUKEBOX, refused.status());
      }
      String told = DvxCommand.run(lab.at("h2"), "host", "list");
      assertTrue(told.contains("wait for the confirmation"), told);
      AssertionError elsewhere =
          assertThrows(
              AssertionError.class, () -> DvxCommand.run(lab.at("h1"), "host", "confirm", "h2"));
      assertTrue(
          String.valueOf(elsewhere.getMessage()).contains("said to the host itself"),
          elsewhere::toString);
      assertTrue(barred(list(lab, "h2")), "another host's word does not count");

      String _ = DvxCommand.run(lab.at("h2"), "host", "confirm", "h2");
      assertTrue(!barred(list(lab, "h2")), () -> list(lab, "h2").toString());
      try (NfsClient h2 = hosts.mount("h2", BlockWriter.CALL, BlockWriter.PATIENCE)) {
        h2.write(file, 0, after);
      }
      try (NfsClient h1 = hosts.mount("h1", BlockWriter.CALL, BlockWriter.PATIENCE)) {
        assertArrayEquals(after, h1.read(file, 0, Blocks.SIZE));
      }
    }
  }

  private static byte[] patientRead(HostProcesses hosts, byte[] file) throws Exception {
    try (NfsClient h2 = hosts.mount("h2", BlockWriter.CALL, BlockWriter.PATIENCE)) {
      return h2.read(file, 0, Blocks.SIZE);
    }
  }

  private interface Condition {
    boolean holds(JsonNode list);
  }

  private static void await(HostLab lab, String host, Condition condition) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
    while (!condition.holds(list(lab, host))) {
      assertTrue(System.nanoTime() - end < 0, () -> list(lab, host) + lab.logs());
      Thread.sleep(100);
    }
  }

  private static JsonNode list(HostLab lab, String host) {
    try {
      return JSON.readTree(DvxCommand.run(lab.at(host), "host", "list", "-o", "json"));
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static String state(JsonNode list, String name) {
    for (JsonNode host : list.get("items")) {
      if (host.get("name").asText().equals(name)) {
        return host.get("state").asText();
      }
    }
    return "";
  }

  private static boolean barred(JsonNode list) {
    return list.get("self").get("barred").asBoolean();
  }
}
