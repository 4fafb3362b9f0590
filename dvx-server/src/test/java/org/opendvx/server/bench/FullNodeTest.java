package org.opendvx.server.bench;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.server.bench.rpc.Credentials;
import org.opendvx.server.bench.rpc.NfsException;
import org.opendvx.server.bench.rpc.NfsSession;
import org.opendvx.server.bench.rpc.NfsSession.RemoteFile;
import org.opendvx.server.bench.rpc.Target;
import org.opendvx.server.testing.ServerProcess;

/** A node with little room is filled over NFS until it says so. */
@Timeout(300)
class FullNodeTest {
  private static final int WRITE = 512 << 10;
  private static final int WRITES_A_FILE = 16;
  private static final int NOSPC = 28;

  @TempDir private Path folder;

  /** Acknowledged writes of each file: the seeds of their bytes, in order. */
  private final Map<String, Integer> acknowledged = new TreeMap<>();

  private ServerProcess serve() throws Exception {
    Path config = folder.resolve("dvx.yaml");
    Files.writeString(config, "drives:\n  capacity: 200MiB\n");
    return ServerProcess.start(folder, "--config", config.toString());
  }

  private static NfsSession mount(ServerProcess server) throws IOException {
    int port = server.nfsPort();
    return NfsSession.open(
        new Target(
            "127.0.0.1",
            "/dvx",
            port,
            port,
            new Credentials("test", 0, 0),
            Duration.ofSeconds(90),
            false));
  }

  @Test
  void itSaysSoKeepsWhatItTookAndDeletesGoOn() throws Exception {
    try (ServerProcess server = serve();
        NfsSession nfs = mount(server)) {
      fill(nfs, "f");
      assertTrue(acknowledged.size() > 4, acknowledged::toString);
      check(nfs);
      // What was on its way has arrived: a little more may fit, and then no more does.
      fill(nfs, "more");
      check(nfs);
      remove(nfs, "f1");
      check(nfs);
      assertEquals(0, server.stop(), server.log());
    }
    for (boolean clean : new boolean[] {true, false, true}) {
      try (ServerProcess server = serve();
          NfsSession nfs = mount(server)) {
        check(nfs);
        remove(nfs, acknowledged.keySet().iterator().next());
        check(nfs);
        if (clean) {
          assertEquals(0, server.stop(), server.log());
        }
      }
    }
  }

  private void fill(NfsSession nfs, String prefix) throws IOException {
    for (int i = 0; i < 100; i++) {
      String name = prefix + i;
      try {
        RemoteFile file = nfs.create(nfs.root(), name);
        acknowledged.put(name, 0);
        for (int n = 0; n < WRITES_A_FILE; n++) {
          assertEquals(WRITE, nfs.write(file.handle(), (long) n * WRITE, bytes(name, n)));
          acknowledged.put(name, n + 1);
        }
      } catch (NfsException e) {
        assertEquals(NOSPC, e.status(), e.getMessage());
        return;
      }
    }
    throw new AssertionError("it is never full");
  }

  private void remove(NfsSession nfs, String name) throws IOException {
    nfs.remove(nfs.root(), name);
    acknowledged.remove(name);
    assertFalse(nfs.lookup(nfs.root(), name).isPresent());
  }

  private void check(NfsSession nfs) throws IOException {
    for (Map.Entry<String, Integer> entry : acknowledged.entrySet()) {
      RemoteFile file = nfs.lookup(nfs.root(), entry.getKey()).orElseThrow();
      for (int n = 0; n < entry.getValue(); n++) {
        assertArrayEquals(
            bytes(entry.getKey(), n),
            nfs.read(file.handle(), (long) n * WRITE, WRITE),
            entry.getKey());
      }
    }
  }

  private static byte[] bytes(String name, int n) {
    byte[] bytes = new byte[WRITE];
    new Random(name.hashCode() * 1000L + n).nextBytes(bytes);
    return bytes;
  }
}
