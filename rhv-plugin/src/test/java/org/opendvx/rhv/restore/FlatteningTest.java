package org.opendvx.rhv.restore;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.datastore.Snapshots.CutRequest;
import org.opendvx.rhv.DomainStore;

/** Chains of random layers that qemu's tools made, joined and compared with qemu's own joining. */
@Timeout(120)
class FlatteningTest {
  @TempDir private Path folder;
  private final DomainStore store = new DomainStore();
  private final DomainFiles files = new DomainFiles(store.datastore());

  @BeforeEach
  void tools() {
    assumeTrue(
        Files.isExecutable(Path.of("/usr/bin/qemu-img"))
            && Files.isExecutable(Path.of("/usr/bin/qemu-io")),
        "qemu-utils is not installed");
  }

  @AfterEach
  void close() {
    store.close();
  }

  private static void run(List<String> command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try {
      byte[] out = process.getInputStream().readAllBytes();
      assertTrue(process.waitFor(60, TimeUnit.SECONDS));
      assertEquals(0, process.exitValue(), new String(out, StandardCharsets.UTF_8));
    } finally {
      process.destroyForcibly();
    }
  }

  /** Compressed clusters come first: qemu does not compress into one that is there. */
  private static List<String> writes(Random random, long size, int cluster) {
    List<String> writes = new ArrayList<>();
    Set<Long> compressed = new HashSet<>();
    for (int i = 0; i < 3 && cluster >= 4096; i++) {
      compressed.add(random.nextLong(size / cluster) * cluster);
    }
    for (long at : compressed) {
      writes.add("write -c -P " + random.nextInt(1, 250) + " " + at + " " + cluster);
    }
    for (int i = 0; i < 10; i++) {
      long length = 512L * random.nextInt(1, 300);
      long at = 512 * random.nextLong((size - length) / 512);
      String what = random.nextInt(4) == 0 ? "write -z " : "write -P " + random.nextInt(1, 250);
      writes.add(what + " " + at + " " + length);
    }
    return writes;
  }

  @ParameterizedTest
  @CsvSource({
    "1, 65536, 6291456, raw",
    "2, 512, 1049088, raw",
    "3, 4096, 4194304, qcow2",
    "4, 2097152, 12583424, qcow2",
    "5, 65536, 3146240, raw",
    "6, 1024, 2097152, qcow2"
  })
  void isWhatQemuMakesOfIt(long seed, int cluster, long size, String bottom) throws Exception {
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    Path below = folder.resolve("base");
    if (bottom.equals("raw")) {
      byte[] base = new byte[(int) size];
      random.nextBytes(base);
      java.util.Arrays.fill(base, base.length / 4, base.length / 2, (byte) 0);
      Files.write(below, base);
    } else {
      run(
          List.of(
              "qemu-img",
              "create",
              "-q",
              "-f",
              "qcow2",
              "-o",
              "cluster_size=" + cluster,
              below.toString(),
              Long.toString(size)));
    }
    List<Path> chain = new ArrayList<>(List.of(below));
    String format = bottom;
    for (int layer = 0; layer < 4; layer++) {
      Path top = folder.resolve("layer" + layer);
      run(
          List.of(
              "qemu-img",
              "create",
              "-q",
              "-f",
              "qcow2",
              "-o",
              "cluster_size=" + cluster + (layer == 1 ? ",compat=0.10" : ""),
              "-b",
              chain.getFirst().toString(),
              "-F",
              format,
              top.toString()));
      List<String> io = new ArrayList<>(List.of("qemu-io", "-f", "qcow2"));
      for (String each : writes(random, size, cluster)) {
        io.add("-c");
        io.add(each);
      }
      io.add(top.toString());
      run(io);
      chain.addFirst(top);
      format = "qcow2";
    }
    Path expected = folder.resolve("expected");
    run(
        List.of(
            "qemu-img", "convert", "-O", "raw", chain.getFirst().toString(), expected.toString()));

    List<FileKey> live = new ArrayList<>();
    for (Path each : chain) {
      String path = "/chain/" + each.getFileName();
      live.add(store.create(path, Files.size(each)));
      store.write(path, 0, Files.readAllBytes(each));
    }
    long snapshot =
        store
            .datastore()
            .snapshots()
            .cut(new CutRequest("chain", live, Map.of(), new byte[0]))
            .join()
            .snapshot()
            .id();
    List<FileKey> frozen = live.stream().map(key -> new FileKey(snapshot, key.file())).toList();
    FileKey target = store.create("/chain/flat", size);
    long stored = store.datastore().space().storedWritten();
    Flattening flattening = new Flattening(files);
    Flattening.Joined joined = flattening.write(flattening.open(frozen, true), target, size);
    long more = store.datastore().space().storedWritten() - stored;
    System.out.println(joined + ", stored " + more + " more");
    assertArrayEquals(Files.readAllBytes(expected), store.read("/chain/flat"));
    assertEquals(size, store.attributes(target).size());
    if (cluster >= 4096) {
      assertTrue(joined.shared() > joined.copied(), joined.toString());
      assertEquals(0, joined.shared() % 4096);
    }
  }
}
