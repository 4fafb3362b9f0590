package org.opendvx.core.datastore;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.core.pool.local.LocalPool;
import org.opendvx.core.pool.local.LocalPoolConfig;

/** A pool of real folders with little room is filled to the last byte, and goes on being used. */
class FullPoolTest {
  private static final int DRIVES = 6;
  private static final int WRITE = 256 << 10;
  private static final int FILE = 4 << 20;

  @TempDir private Path folder;

  /** Seeds of the writes that were acknowledged, by file and place. */
  private final Map<String, Map<Long, Long>> acknowledged = new HashMap<>();

  private long seed = System.nanoTime();

  private LocalPoolConfig config() {
    List<Path> drives = new ArrayList<>();
    for (int i = 0; i < DRIVES; i++) {
      drives.add(folder.resolve("drive" + i));
    }
    return LocalPoolConfig.of(drives).withJournal(8 << 20, 6).withDriveCapacity(70 << 20);
  }

  @Test
  @Timeout(180)
  void whatWasAcknowledgedStaysAndDeletingAndStartingGoOn() {
    System.out.println("a full pool, seed " + seed);
    LocalPoolConfig config = config();
    LocalPool.create(config);
    LocalPool pool = LocalPool.open(config);
    TestStore store =
        TestStore.over(
            DvxDatastore.format(pool, TestStore.KEYS, DatastoreSettings.DEFAULT, TestStore.HOST),
            pool);
    try {
      long snapshot = fill(store, "f");
      assertTrue(acknowledged.size() > 5, acknowledged.keySet()::toString);
      // What was on its way has arrived: a little more may fit, and then no more does.
      long _ = fill(store, "more");
      check(store);

      delete(store, "f1", "f3");
      TestStore.get(store.store.snapshots().delete(snapshot));
      store.store.checkpoint();
      check(store);
    } finally {
      store.store.close();
      pool.close();
    }
    reopen(config, true);
    reopen(config, false);
    reopen(config, true);
  }

  /** Fills the pool, with a snapshot half way; the snapshot's id. */
  private long fill(TestStore store, String prefix) {
    long snapshot = 0;
    for (int file = 0; file < 1000; file++) {
      String name = prefix + file;
      try {
        FileKey key = store.file(FileKey.ROOT, name);
        acknowledged.put(name, new HashMap<>());
        for (long at = 0; at < FILE; at += WRITE) {
          write(store, name, at);
        }
        if (file == 4 && prefix.equals("f")) {
          snapshot = store.cut("half", key).snapshot().id();
        }
      } catch (FileException e) {
        assertEquals(FileError.NO_SPACE, e.error());
        return snapshot;
      }
    }
    throw new AssertionError("the pool is never full");
  }

  private void write(TestStore store, String name, long at) {
    long content = ++seed;
    store.write(store.lookup(FileKey.ROOT, name), at, random(content));
    Map<Long, Long> places = acknowledged.get(name);
    if (places != null) {
      places.put(at, content);
    }
  }

  private void delete(TestStore store, String... names) {
    for (String name : names) {
      TestStore.get(store.store.remove(Caller.SYSTEM, FileKey.ROOT, TestStore.name(name)));
      acknowledged.remove(name);
    }
  }

  private void check(TestStore store) {
    acknowledged.forEach(
        (name, places) -> {
          FileKey file = store.lookup(FileKey.ROOT, name);
          places.forEach(
              (at, content) ->
                  assertArrayEquals(random(content), store.read(file, at, WRITE), name));
        });
    assertEquals(acknowledged.size(), store.names(FileKey.ROOT, 100).size());
  }

  /** Starts again on the full pool, and deletes another file. */
  private void reopen(LocalPoolConfig config, boolean clean) {
    LocalPool pool = LocalPool.open(config);
    TestStore store =
        TestStore.over(
            DvxDatastore.open(pool, TestStore.KEYS, DatastoreSettings.DEFAULT, TestStore.HOST),
            pool);
    try {
      check(store);
      delete(store, acknowledged.keySet().iterator().next());
      check(store);
    } finally {
      if (clean) {
        store.store.close();
      } else {
        store.store.halt();
      }
      pool.close();
    }
  }

  private static byte[] random(long seed) {
    byte[] bytes = new byte[WRITE];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }
}
