package org.opendvx.core.nfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.core.datastore.AttributeChange;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.Datastore.Existing;
import org.opendvx.core.datastore.Datastore.NewFile;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.testing.InMemoryDatastore;

/** The clients of libnfs. */
class LibnfsTest {
  private static final long TWO_GIB = 2L << 30;

  private final InMemoryDatastore datastore = new InMemoryDatastore();

  @BeforeAll
  static void tools() {
    ForeignTool.require("nfs-cp", "libnfs-utils");
  }

  @Test
  void aSmallFileIsListedAndReadBack(@TempDir Path folder) throws Exception {
    Path local = folder.resolve("local");
    byte[] text = "hello, flash\n".repeat(1000).getBytes(StandardCharsets.UTF_8);
    Files.write(local, text);
    try (TestServer server = TestServer.over(datastore)) {
      ForeignTool.run(folder, "nfs-cp", local.toString(), url(server, "/copy"));
      String listing = ForeignTool.run(folder, "nfs-ls", url(server, ""));
      assertTrue(listing.contains("13000 copy"), listing);
      assertEquals(
          new String(text, StandardCharsets.UTF_8),
          ForeignTool.run(folder, "nfs-cat", url(server, "/copy")));
    }
  }

  @Test
  void twoGibibytesGoInAndOutUnchanged(@TempDir Path folder) throws Exception {
    Path local = folder.resolve("local");
    Path back = folder.resolve("back");
    long seed = 20_250_101;
    Random random = new Random(seed);
    try (RandomAccessFile file = new RandomAccessFile(local.toFile(), "rw")) {
      file.setLength(TWO_GIB + 777);
      byte[] block = new byte[1 << 20];
      for (int i = 0; i < 160; i++) {
        random.nextBytes(block);
        file.seek(random.nextLong(TWO_GIB - block.length));
        file.write(block);
      }
    }
    try (TestServer server = TestServer.over(datastore)) {
      ForeignTool.run(folder, "nfs-cp", local.toString(), url(server, "/disk"));
      ForeignTool.run(folder, "nfs-cp", url(server, "/disk"), back.toString());
    }
    assertEquals(-1, Files.mismatch(local, back), "first different byte, seed " + seed);
  }

  @Test
  void tenThousandFilesAreListedWhileTheDirectoryChanges(@TempDir Path folder) throws Exception {
    Set<String> kept = new HashSet<>();
    for (int i = 0; i < 10_000; i++) {
      kept.add("kept-" + i);
      make("kept-" + i);
    }
    AtomicBoolean stop = new AtomicBoolean();
    try (TestServer server = TestServer.over(datastore);
        Nfs3TestClient client = server.client()) {
      Thread changing =
          Thread.startVirtualThread(
              () -> {
                for (int i = 0; !stop.get(); i++) {
                  make("coming-" + i);
                  datastore
                      .remove(Caller.SYSTEM, FileKey.ROOT, Nfs3TestClient.bytes("coming-" + i))
                      .join();
                  Thread.onSpinWait();
                }
              });
      try {
        assertTrue(names(ForeignTool.run(folder, "nfs-ls", url(server, ""))).containsAll(kept));
        Set<String> byPlus = new HashSet<>();
        client.all(client.root("/dvx")).forEach(entry -> byPlus.add(entry.name()));
        assertTrue(byPlus.containsAll(kept));
      } finally {
        stop.set(true);
        changing.join();
      }
    }
  }

  private static Set<String> names(String listing) {
    Set<String> names = new HashSet<>();
    listing.lines().forEach(line -> names.add(line.substring(line.lastIndexOf(' ') + 1)));
    return names;
  }

  private void make(String name) {
    var _ =
        datastore
            .create(
                Caller.SYSTEM,
                FileKey.ROOT,
                Nfs3TestClient.bytes(name),
                NewFile.regular(AttributeChange.mode(0644)),
                new Existing.Refuse())
            .join();
  }

  private static String url(TestServer server, String path) {
    return "nfs://127.0.0.1/dvx"
        + path
        + "?nfsport="
        + server.port()
        + "&mountport="
        + server.port();
  }
}
