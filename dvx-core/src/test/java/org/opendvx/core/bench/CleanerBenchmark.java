package org.opendvx.core.bench;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.opendvx.core.clean.Cleaner;
import org.opendvx.core.clean.CleanerSettings;
import org.opendvx.core.clean.CleanerStatus;
import org.opendvx.core.clean.RoundReport;
import org.opendvx.core.codec.KeyRing;
import org.opendvx.core.datastore.AttributeChange;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.DatastoreSettings;
import org.opendvx.core.datastore.DvxDatastore;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.datastore.Snapshots;
import org.opendvx.core.pool.local.LocalPool;
import org.opendvx.core.pool.local.LocalPoolConfig;

/**
 * Figures of the cleaner on folders below a given one: {@code overwrite SECONDS} overwrites a pool
 * that is 80 % full at random; {@code snapshots NUMBER} times walks with so many.
 */
public final class CleanerBenchmark {
  private static final int DRIVES = 6;
  private static final int WRITE = 32 << 10;
  private static final int IN_FLIGHT = 16;

  private final LocalPool pool;
  private final DvxDatastore store;
  private final Random random = new Random(1);
  private final Deque<CompletableFuture<?>> pending = new ArrayDeque<>();

  private CleanerBenchmark(Path folder, long capacity) {
    List<Path> drives = new ArrayList<>();
    for (int i = 0; i < DRIVES; i++) {
      drives.add(folder.resolve("drive" + i));
    }
    LocalPoolConfig config =
        LocalPoolConfig.of(drives).withJournal(8 << 20, 8).withDriveCapacity(capacity);
    LocalPool.create(config);
    pool = LocalPool.open(config);
    store = DvxDatastore.format(pool, KeyRing.generate(), DatastoreSettings.DEFAULT, "bench");
  }

  /** Runs one of the two. */
  public static void main(String[] arguments) throws Exception {
    Path folder = Files.createTempDirectory(Path.of(arguments[0]), "cleaner-bench");
    if (arguments[1].equals("overwrite")) {
      new CleanerBenchmark(folder, 320L << 20).overwrite(Integer.parseInt(arguments[2]));
    } else {
      new CleanerBenchmark(folder, 4L << 30).snapshots(Integer.parseInt(arguments[2]));
    }
  }

  private FileKey file(String name) {
    return store
        .create(
            Caller.SYSTEM,
            FileKey.ROOT,
            name.getBytes(java.nio.charset.StandardCharsets.UTF_8),
            Datastore.NewFile.regular(AttributeChange.mode(0600)),
            new Datastore.Existing.Refuse())
        .join()
        .key();
  }

  private void write(FileKey file, long at) {
    byte[] bytes = new byte[WRITE];
    random.nextBytes(bytes);
    pending.add(store.write(Caller.SYSTEM, file, at, ByteBuffer.wrap(bytes), true));
    while (pending.size() > IN_FLIGHT) {
      Object _ = pending.remove().join();
    }
  }

  private void drain() {
    while (!pending.isEmpty()) {
      Object _ = pending.remove().join();
    }
  }

  private void overwrite(int seconds) throws Exception {
    Cleaner cleaner = new Cleaner(store.reclaim(), CleanerSettings.DEFAULT);
    cleaner.start();
    FileKey disk = file("disk");
    long size = (long) (pool.status().capacity().usableBytes() * 0.8) / WRITE * WRITE;
    for (long at = 0; at < size; at += WRITE) {
      write(disk, at);
    }
    drain();
    System.out.printf("filled %d MiB, %s%n", size >> 20, pool.status().capacity());
    long written = 0;
    long stored = store.space().storedWritten();
    CleanerStatus before = cleaner.status();
    long start = System.nanoTime();
    long part = start;
    long partBytes = 0;
    while (System.nanoTime() - start < Duration.ofSeconds(seconds).toNanos()) {
      write(disk, random.nextLong(size / WRITE) * WRITE);
      written += WRITE;
      partBytes += WRITE;
      long now = System.nanoTime();
      if (now - part > Duration.ofSeconds(seconds).toNanos() / 6) {
        System.out.printf(
            "%.1f MiB/s, free %d MiB%n",
            partBytes / 1048576.0 / ((now - part) / 1e9),
            pool.status().capacity().freeBytes() >> 20);
        part = now;
        partBytes = 0;
      }
    }
    drain();
    CleanerStatus after = cleaner.status();
    long log = store.space().storedWritten() - stored;
    long copied = after.writtenBytes() - before.writtenBytes();
    System.out.printf(
        "written %d MiB, to the log %d MiB, copied by the cleaner %d MiB, amplification %.2f;"
            + " deleted %d MiB%n%s%n",
        written >> 20,
        log >> 20,
        copied >> 20,
        (log + copied) / (double) written,
        (after.deletedBytes() - before.deletedBytes()) >> 20,
        after);
    cleaner.close();
    store.close();
    pool.close();
  }

  private void snapshots(int number) throws Exception {
    FileKey disk = file("disk");
    long size = 256L << 20;
    for (long at = 0; at < size; at += WRITE) {
      write(disk, at);
    }
    drain();
    Cleaner cleaner = new Cleaner(store.reclaim(), CleanerSettings.DEFAULT);
    walk(cleaner, "no snapshots");
    long start = System.nanoTime();
    for (int i = 0; i < number; i++) {
      if (i % 10 == 0) {
        write(disk, random.nextLong(size / WRITE) * WRITE);
      }
      pending.add(
          store
              .snapshots()
              .cut(new Snapshots.CutRequest("s" + i, List.of(disk), Map.of(), new byte[0])));
    }
    drain();
    System.out.printf("%d snapshots in %.1f s%n", number, (System.nanoTime() - start) / 1e9);
    store.checkpoint();
    RoundReport settled = cleaner.round();
    for (int i = 0; i < 20 && (settled.chosen() > 0 || !settled.walkedAll()); i++) {
      settled = cleaner.round();
    }
    System.out.printf(
        "%d snapshots, everything: %.2f s (%s)%n", number, cleaner.status().walkSeconds(), settled);
    walk(cleaner, number + " snapshots, what is younger than the last full walk");
    for (int i = 0; i < 64; i++) {
      write(disk, random.nextLong(size / WRITE) * WRITE);
    }
    drain();
    walk(cleaner, number + " snapshots, what is younger, after 2 MiB of writes");
    store.close();
    pool.close();
  }

  private static void walk(Cleaner cleaner, String what) throws Exception {
    long start = System.nanoTime();
    RoundReport report = cleaner.round();
    System.out.printf(
        "%s: %d nodes in %.2f s (%s)%n",
        what, report.walkedNodes(), (System.nanoTime() - start) / 1e9, report);
  }
}
