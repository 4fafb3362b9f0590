package org.opendvx.core.datastore;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.core.clean.Cleaner;
import org.opendvx.core.clean.SteppedCleaner;
import org.opendvx.core.pool.local.LocalPool;
import org.opendvx.core.pool.local.LocalPoolConfig;

/** A pool of real folders is filled, emptied and filled again: deleting brings the space back. */
class CleaningFullPoolTest {
  private static final int DRIVES = 6;
  private static final int WRITE = 256 << 10;
  private static final int FILE = 4 << 20;
  private static final int CYCLES = 4;

  @TempDir private Path folder;

  private final Map<String, Long> seeds = new TreeMap<>();
  private long seed = System.nanoTime();

  @Test
  @Timeout(300)
  void spaceComesBackByItselfAgainAndAgain() throws Exception {
    System.out.println("a full pool that is cleaned, seed " + seed);
    List<Path> drives = new ArrayList<>();
    for (int i = 0; i < DRIVES; i++) {
      drives.add(folder.resolve("drive" + i));
    }
    LocalPoolConfig config =
        LocalPoolConfig.of(drives).withJournal(8 << 20, 6).withDriveCapacity(70 << 20);
    LocalPool.create(config);
    LocalPool pool = LocalPool.open(config);
    TestStore store =
        TestStore.over(
            DvxDatastore.format(pool, TestStore.KEYS, DatastoreSettings.DEFAULT, TestStore.HOST),
            pool);
    Cleaner cleaner = new Cleaner(store.store.reclaim(), SteppedCleaner.GREEDY);
    cleaner.start();
    try {
      int first = 0;
      for (int cycle = 0; cycle < CYCLES; cycle++) {
        int written = fill(store, "c" + cycle + "-");
        System.out.printf("cycle %d: %d MiB fit, %s%n", cycle, written / 4, cleaner.status());
        check(store);
        first = cycle == 0 ? written : first;
        // Less a little: what is kept of the cycles before takes room, too.
        assertTrue(cycle == 0 || written >= first / 2, first + " pieces, then " + written);
        removeMost(store);
      }
      assertEquals(0, cleaner.status().failures(), cleaner.status()::toString);
      assertTrue(cleaner.status().deletedContainers() > 0);
    } finally {
      cleaner.close();
      store.store.close();
      pool.close();
    }
    pool = LocalPool.open(config);
    store =
        TestStore.over(
            DvxDatastore.open(pool, TestStore.KEYS, DatastoreSettings.DEFAULT, TestStore.HOST),
            pool);
    try {
      check(store);
    } finally {
      store.store.close();
      pool.close();
    }
  }

  /** Writes until the pool is full; how many pieces fitted. */
  private int fill(TestStore store, String prefix) {
    int pieces = 0;
    for (int file = 0; file < 1000; file++) {
      String name = prefix + file;
      try {
        FileKey key = store.file(FileKey.ROOT, name);
        for (long at = 0; at < FILE; at += WRITE) {
          long content = ++seed;
          store.write(key, at, random(content));
          seeds.put(name + "@" + at, content);
          pieces++;
        }
      } catch (FileException e) {
        assertEquals(FileError.NO_SPACE, e.error(), e::getMessage);
        return pieces;
      }
    }
    throw new AssertionError("the pool is never full");
  }

  /** Every fifth file stays. */
  private void removeMost(TestStore store) {
    int number = 0;
    for (String name : store.names(FileKey.ROOT, 1000)) {
      if (number++ % 5 != 0) {
        TestStore.get(store.store.remove(Caller.SYSTEM, FileKey.ROOT, TestStore.name(name)));
        seeds.keySet().removeIf(piece -> piece.startsWith(name + "@"));
      }
    }
  }

  private void check(TestStore store) {
    seeds.forEach(
        (piece, content) -> {
          int at = piece.indexOf('@');
          FileKey file = store.lookup(FileKey.ROOT, piece.substring(0, at));
          byte[] read = store.read(file, Long.parseLong(piece.substring(at + 1)), WRITE);
          assertArrayEquals(random(content), read, piece);
        });
  }

  private static byte[] random(long seed) {
    byte[] bytes = new byte[WRITE];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }
}
