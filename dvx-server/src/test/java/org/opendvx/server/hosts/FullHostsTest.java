package org.opendvx.server.hosts;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.server.DvxCommand;
import org.opendvx.server.bench.rpc.NfsException;
import org.opendvx.server.lab.HostLab;

/**
 * Two hosts fill the pool of a data node with little room until both are told so: what was
 * acknowledged stays, deletes go on, their space comes back by itself, also when the host that
 * cleans is killed while nothing is free.
 */
@Timeout(900)
class FullHostsTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int DRIVES = 6;

  /** Three journals have 480 MiB of it. */
  private static final long DRIVE_BYTES = 560L << 20;

  private static final int WRITE = 512 << 10;
  private static final int WRITES_A_FILE = 16;
  private static final int NOSPC = 28;
  private static final Duration TOLD_WITHIN = Duration.ofSeconds(90);
  private static final long LIMIT_SECONDS = 600;

  @TempDir private Path folder;

  /** Acknowledged writes of each file: the seeds of their bytes, in order. */
  private final Map<String, Integer> acknowledged = new ConcurrentSkipListMap<>();

  @Test
  void theyAreToldSoKeepWhatTheyTookAndGoOnAfterDeletes() throws Exception {
    try (HostProcesses hosts = new HostProcesses(folder, DRIVES, DRIVE_BYTES)) {
      boolean done = false;
      try {
        run(hosts);
        done = true;
      } finally {
        if (!done) {
          System.out.println(acknowledged + " " + hosts.lab().logs());
        }
      }
    }
  }

  private void run(HostProcesses hosts) throws Exception {
    HostLab lab = hosts.lab();
    lab.startDataNode();
    lab.join("h1", "");
    lab.join("h2", "");
    lab.start(List.of("h1", "h2"));
    fillAtOnce(hosts, "a", "b");
    assertTrue(acknowledged.size() > 8, acknowledged::toString);

    // Every other file goes, whoever wrote it: the rest lies in the same containers.
    int files = acknowledged.size();
    removeEveryOther(hosts, "h2");
    int left = acknowledged.size();
    fillAtOnce(hosts, "c", "d");
    int again = acknowledged.size() - left;
    assertTrue(again >= files - left - 4, again + " fitted where " + (files - left) + " were");
    check(hosts, "h2");

    String cleaner = status("h1", hosts).equals("ELSEWHERE") ? "h2" : "h1";
    String other = cleaner.equals("h1") ? "h2" : "h1";
    lab.kill(List.of(cleaner));
    removeEveryOther(hosts, other);
    left = acknowledged.size();
    try (NfsClient client = mount(hosts, other)) {
      fill(client, "e");
    }
    assertTrue(acknowledged.size() > left + 2, acknowledged::toString);
    check(hosts, other);
  }

  private static String status(String host, HostProcesses hosts) throws IOException {
    JsonNode status =
        JSON.readTree(DvxCommand.run(hosts.lab().at(host), "clean", "status", "-o", "json"));
    return status.get("state").asText();
  }

  private static NfsClient mount(HostProcesses hosts, String host) throws IOException {
    return hosts.mount(host, TOLD_WITHIN, TOLD_WITHIN);
  }

  /** Both hosts at once, each with files of its own, until each is told that there is no room. */
  private void fillAtOnce(HostProcesses hosts, String first, String second) throws Exception {
    CompletableFuture<Void> one = fillAside(hosts, "h1", first);
    CompletableFuture<Void> two = fillAside(hosts, "h2", second);
    CompletableFuture.allOf(one, two).get(LIMIT_SECONDS, TimeUnit.SECONDS);
  }

  private CompletableFuture<Void> fillAside(HostProcesses hosts, String host, String prefix) {
    return CompletableFuture.runAsync(
        () -> {
          try (NfsClient client = mount(hosts, host)) {
            fill(client, prefix);
          } catch (IOException e) {
            throw new UncheckedIOException(host + " " + hosts.lab().logs(), e);
          }
        },
        Thread::startVirtualThread);
  }

  private void fill(NfsClient client, String prefix) throws IOException {
    for (int i = 0; i < 200; i++) {
      String name = prefix + i;
      try {
        byte[] file = client.file(client.root(), name);
        acknowledged.put(name, 0);
        for (int n = 0; n < WRITES_A_FILE; n++) {
          client.write(file, (long) n * WRITE, bytes(name, n));
          acknowledged.put(name, n + 1);
        }
      } catch (NfsException e) {
        assertEquals(NOSPC, e.status(), e.getMessage());
        return;
      }
    }
    throw new AssertionError("it is never full");
  }

  private void removeEveryOther(HostProcesses hosts, String host) throws IOException {
    try (NfsClient client = mount(hosts, host)) {
      List<String> names = List.copyOf(acknowledged.keySet());
      for (int i = 0; i < names.size(); i += 2) {
        client.remove(client.root(), names.get(i));
        acknowledged.remove(names.get(i));
      }
    }
  }

  private void check(HostProcesses hosts, String host) throws IOException {
    try (NfsClient client = mount(hosts, host)) {
      for (Map.Entry<String, Integer> entry : acknowledged.entrySet()) {
        byte[] file = client.lookup(client.root(), entry.getKey()).orElseThrow();
        for (int n = 0; n < entry.getValue(); n++) {
          assertArrayEquals(
              bytes(entry.getKey(), n),
              client.read(file, (long) n * WRITE, WRITE),
              entry.getKey() + " " + n);
        }
      }
    }
  }

  private static byte[] bytes(String name, int n) {
    byte[] bytes = new byte[WRITE];
    new Random(name.hashCode() * 1000L + n).nextBytes(bytes);
    return bytes;
  }
}
