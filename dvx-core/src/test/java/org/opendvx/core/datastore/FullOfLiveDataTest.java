package org.opendvx.core.datastore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.core.clean.Cleaner;
import org.opendvx.core.clean.CleanerSettings;
import org.opendvx.core.pool.local.LocalPool;
import org.opendvx.core.pool.local.LocalPoolConfig;

/** A small pool that is full of live data, with the cleaner as it is set by default. */
@Timeout(280)
class FullOfLiveDataTest {
  private static final int DRIVES = 6;
  private static final int WRITE = 512 << 10;
  private static final int FILE = 8 << 20;

  /** What docs/cleaner.md promises, and as much again for a slow machine. */
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir private Path folder;

  private final Random random = new Random(Long.getLong("dvx.test.seed", System.nanoTime()));
  private LocalPool pool;
  private TestStore store;
  private Cleaner cleaner;

  @BeforeEach
  void open() {
    List<Path> drives = new ArrayList<>();
    for (int i = 0; i < DRIVES; i++) {
      drives.add(folder.resolve("drive" + i));
    }
    LocalPoolConfig config =
        LocalPoolConfig.of(drives).withJournal(8 << 20, 6).withDriveCapacity(100 << 20);
    LocalPool.create(config);
    pool = LocalPool.open(config);
    store =
        TestStore.over(
            DvxDatastore.format(pool, TestStore.KEYS, DatastoreSettings.DEFAULT, TestStore.HOST),
            pool);
    cleaner = new Cleaner(store.store.reclaim(), CleanerSettings.DEFAULT);
    cleaner.start();
  }

  @AfterEach
  void close() {
    cleaner.close();
    store.store.close();
    pool.close();
  }

  @Test
  void isRefusedInBoundedTimeAndTakesWritesAgainAfterADelete() {
    int files = fill("a");
    assertTrue(files > 4, () -> "only " + files + " files fit");
    // Once it has been told, it stays told: nobody waits for a walk again.
    for (int i = 0; i < 3; i++) {
      int _ = fill("b" + i);
    }
    long before = System.nanoTime();
    for (int i = 0; i < 3; i++) {
      TestStore.get(store.store.remove(Caller.SYSTEM, FileKey.ROOT, TestStore.name("a" + i)));
    }
    int again = fill("c");
    assertTrue(again > 2, () -> again + " files fit after 3 were removed");
    System.out.printf("space was there again and gone in %d ms%n", millis(before));
    assertEquals(0, cleaner.status().failures(), cleaner.status()::toString);
  }

  /** Writes until the pool is full; gives the number of files that fitted whole. */
  private int fill(String prefix) {
    for (int file = 0; file < 1000; file++) {
      long start = System.nanoTime();
      long at = 0;
      try {
        FileKey key = store.file(FileKey.ROOT, prefix + file);
        for (; at < FILE; at += WRITE) {
          start = System.nanoTime();
          byte[] bytes = new byte[WRITE];
          random.nextBytes(bytes);
          store.write(key, at, bytes);
          assertTrue(millis(start) < PATIENCE.toMillis(), () -> "a write waited too long");
        }
      } catch (FileException e) {
        assertEquals(FileError.NO_SPACE, e.error(), e::getMessage);
        long took = millis(start);
        System.out.printf(
            "%s: full after %d files and %d KiB, said after %d ms; %s%n",
            prefix, file, at >> 10, took, cleaner.status());
        assertTrue(took < PATIENCE.toMillis(), () -> "said after " + took + " ms");
        return file;
      }
    }
    throw new AssertionError("the pool is never full");
  }

  private static long millis(long since) {
    return (System.nanoTime() - since) / 1_000_000;
  }
}
