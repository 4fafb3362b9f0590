package org.opendvx.core.bench;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.opendvx.core.codec.KeyRing;
import org.opendvx.core.datastore.AttributeChange;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.DatastoreSettings;
import org.opendvx.core.datastore.DvxDatastore;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.pool.local.LocalPool;
import org.opendvx.core.pool.local.LocalPoolConfig;

/**
 * How long a start takes when so much journal is to be replayed: random writes of 32 KiB that do
 * not compress, no checkpoint, no clean stop. Leaves its folder empty.
 *
 * <p>{@code java -cp CLASSES org.opendvx.core.bench.ReplayBenchmark FOLDER MIB}
 */
public final class ReplayBenchmark {
  private static final int WRITE = 32 << 10;
  private static final int IN_FLIGHT = 32;
  private static final int SEGMENT = 64 << 20;
  private static final int DRIVES = 3;

  private ReplayBenchmark() {}

  /** A folder on the disk to measure, and MiB of journal. */
  public static void main(String[] arguments) throws Exception {
    Path folder = Files.createTempDirectory(Path.of(arguments[0]), "replay-bench");
    long bytes = Long.parseLong(arguments[1]) << 20;
    try {
      measure(folder, bytes);
    } finally {
      try (var files = Files.walk(folder)) {
        for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  private static DatastoreSettings settings() {
    DatastoreSettings usual = DatastoreSettings.DEFAULT;
    return new DatastoreSettings(
        usual.log(),
        usual.journal(),
        usual.nodeCacheBytes(),
        usual.recentFiles(),
        Duration.ofDays(1),
        1,
        usual.checkpointFiles(),
        usual.freezeBatch(),
        usual.roomLimit(),
        usual.closeLimit(),
        usual.accessInterval());
  }

  private static void measure(Path folder, long bytes) throws Exception {
    List<Path> drives = new ArrayList<>();
    for (int i = 0; i < DRIVES; i++) {
      drives.add(folder.resolve("drive" + i));
    }
    int segments = (int) (bytes / SEGMENT) * 5 / 4 + 2;
    LocalPoolConfig config = LocalPoolConfig.of(drives).withJournal(SEGMENT, segments);
    LocalPool.create(config);
    KeyRing keys = KeyRing.generate();
    long written = 0;
    try (LocalPool pool = LocalPool.open(config)) {
      DvxDatastore store = DvxDatastore.format(pool, keys, settings(), "bench");
      written = fill(store, bytes);
      store.halt();
    }
    long start = System.nanoTime();
    try (LocalPool pool = LocalPool.open(config)) {
      long opened = System.nanoTime();
      DvxDatastore store = DvxDatastore.open(pool, keys, settings(), "bench");
      long ready = System.nanoTime();
      double seconds = (ready - opened) / 1e9;
      System.out.printf(
          "%d MiB written, the pool opened in %.2f s, replayed in %.2f s: %.0f MiB/s%n",
          written >> 20, (opened - start) / 1e9, seconds, (written >> 20) / seconds);
      store.halt();
    }
  }

  private static long fill(DvxDatastore store, long bytes) {
    FileKey file =
        store
            .create(
                Caller.SYSTEM,
                FileKey.ROOT,
                "disk".getBytes(StandardCharsets.UTF_8),
                Datastore.NewFile.regular(AttributeChange.mode(0600)),
                new Datastore.Existing.Refuse())
            .join()
            .key();
    Random random = new Random(1);
    Queue<CompletableFuture<?>> pending = new ArrayDeque<>();
    long written = 0;
    while (written < bytes) {
      byte[] block = new byte[WRITE];
      random.nextBytes(block);
      long at = random.nextLong(bytes / WRITE) * WRITE;
      pending.add(store.write(Caller.SYSTEM, file, at, ByteBuffer.wrap(block), true));
      written += WRITE;
      if (pending.size() > IN_FLIGHT) {
        Object _ = pending.remove().join();
      }
    }
    while (!pending.isEmpty()) {
      Object _ = pending.remove().join();
    }
    return written;
  }
}
