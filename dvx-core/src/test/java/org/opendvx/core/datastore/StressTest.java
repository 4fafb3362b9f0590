package org.opendvx.core.datastore;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.opendvx.core.datastore.Datastore.Entry;
import org.opendvx.core.datastore.Datastore.Listing;

/** Several threads at the same files and directories, with checkpoints, cuts and a crash. */
class StressTest {
  private static final int THREADS = 6;
  private static final int STEPS = 1500;
  private static final int SECTOR = 512;

  /** Refusals that a race with another thread explains. */
  private static final Set<FileError> EXPECTED =
      EnumSet.of(
          FileError.EXISTS,
          FileError.NOT_FOUND,
          FileError.STALE,
          FileError.NOT_EMPTY,
          FileError.IS_DIRECTORY,
          FileError.NOT_DIRECTORY,
          FileError.NOT_PERMITTED,
          FileError.INVALID);

  @Test
  void theNamespaceStaysConsistentUnderRaces() throws Exception {
    TestStore store = TestStore.fresh();
    store.directory(FileKey.ROOT, "d0");
    store.directory(FileKey.ROOT, "d1");
    race(thread -> new Racer(store, new Random(1000 + thread)), store);
    check(store);
    store.store.checkpoint();
    TestStore after = store.crash();
    check(after);
    after.close();
  }

  /** Each thread owns every n-th sector of one file, so that all share chunks. */
  @Test
  void neighboursInOneChunkDoNotLoseEachOthersWrites() throws Exception {
    TestStore store = TestStore.fresh();
    FileKey file = store.file(FileKey.ROOT, "f");
    byte[][] expected = new byte[THREADS * 40][SECTOR];
    race(
        thread ->
            () -> {
              Random random = new Random(thread);
              for (int i = 0; i < 400; i++) {
                int sector = random.nextInt(40) * THREADS + thread;
                byte[] bytes = new byte[SECTOR];
                random.nextBytes(bytes);
                TestStore.get(
                    store.store.write(
                        Caller.SYSTEM,
                        file,
                        (long) sector * SECTOR,
                        ByteBuffer.wrap(bytes),
                        false));
                expected[sector] = bytes;
              }
              return true;
            },
        store);
    TestStore.get(store.store.commit(file));
    for (int round = 0; round < 2; round++) {
      TestStore now = round == 0 ? store : store.crash();
      int length = (int) now.attributes(file).size();
      for (int sector = 0; sector * SECTOR < length; sector++) {
        assertArrayEquals(
            expected[sector], now.read(file, (long) sector * SECTOR, SECTOR), "sector " + sector);
      }
      if (round == 1) {
        now.close();
      }
    }
  }

  private interface Job {
    boolean run() throws Exception;
  }

  private interface Jobs {
    Job of(int thread);
  }

  private static void race(Jobs jobs, TestStore store) throws Exception {
    AtomicBoolean stop = new AtomicBoolean();
    try (ExecutorService threads = Executors.newThreadPerTaskExecutor(Thread::new)) {
      List<Future<Boolean>> running = new ArrayList<>();
      for (int i = 0; i < THREADS; i++) {
        Job job = jobs.of(i);
        running.add(threads.submit(job::run));
      }
      Future<Boolean> checkpoints =
          threads.submit(
              () -> {
                while (!stop.get()) {
                  store.store.checkpoint();
                }
                return true;
              });
      try {
        for (Future<Boolean> job : running) {
          assertTrue(job.get(120, TimeUnit.SECONDS));
        }
      } finally {
        stop.set(true);
      }
      assertTrue(checkpoints.get(30, TimeUnit.SECONDS));
    }
  }

  /** Random operations on a few names, without knowing what the others do. */
  private static final class Racer implements Job {
    private final TestStore store;
    private final Random random;
    private final List<FileKey> directories = new ArrayList<>(List.of(FileKey.ROOT));

    Racer(TestStore store, Random random) {
      this.store = store;
      this.random = random;
    }

    @Override
    public boolean run() {
      for (int i = 0; i < STEPS; i++) {
        try {
          step(i);
        } catch (FileException e) {
          assertTrue(EXPECTED.contains(e.error()), e.error() + ": " + e);
        }
      }
      return true;
    }

    private FileKey directory() {
      return directories.get(random.nextInt(directories.size()));
    }

    private String name() {
      return "n" + random.nextInt(6);
    }

    private void step(int step) {
      FileKey directory = directory();
      byte[] name = TestStore.name(name());
      switch (random.nextInt(10)) {
        case 0, 1 -> store.file(directory, name());
        case 2 -> {
          FileKey made = store.directory(directory, name());
          if (directories.size() < 8) {
            directories.add(made);
          } else {
            directories.set(1 + random.nextInt(7), made);
          }
        }
        case 3 -> TestStore.get(store.store.remove(Caller.SYSTEM, directory, name));
        case 4 -> TestStore.get(store.store.removeDirectory(Caller.SYSTEM, directory, name));
        case 5, 6 ->
            TestStore.get(
                store.store.rename(
                    Caller.SYSTEM, directory, name, directory(), TestStore.name(name())));
        case 7 ->
            TestStore.get(
                store.store.link(
                    Caller.SYSTEM, found(directory, name), directory(), TestStore.name(name())));
        case 8 -> {
          byte[] bytes = new byte[1 + random.nextInt(9000)];
          random.nextBytes(bytes);
          store.write(found(directory, name), random.nextInt(9000), bytes);
        }
        default -> {
          if (step % 20 == 0) {
            store.cut("s" + random.nextLong(), found(directory, name));
          } else {
            store.truncate(found(directory, name), random.nextInt(9000));
          }
        }
      }
    }

    private FileKey found(FileKey directory, byte[] name) {
      return TestStore.get(store.store.lookup(Caller.SYSTEM, directory, name)).key();
    }
  }

  /** Every file has as many names as it says, and there are no others. */
  private static void check(TestStore store) {
    Map<FileKey, Integer> names = new HashMap<>();
    Set<FileKey> directories = new HashSet<>();
    walk(store, FileKey.ROOT, names, directories);
    names.forEach(
        (key, count) -> {
          Attributes attributes = store.attributes(key);
          assertEquals(count, attributes.links(), "links of " + key);
          byte[] content = store.readAll(key);
          assertEquals(attributes.size(), content.length);
        });
    assertEquals(names.size() + directories.size(), store.store.space().files());
  }

  private static void walk(
      TestStore store, FileKey directory, Map<FileKey, Integer> names, Set<FileKey> directories) {
    assertTrue(directories.add(directory), "a directory has one name");
    int below = 0;
    Listing listing = TestStore.get(store.store.list(Caller.SYSTEM, directory, 0, 4096));
    for (Entry entry : listing.entries()) {
      String name = new String(entry.name(), java.nio.charset.StandardCharsets.UTF_8);
      if (name.startsWith(".")) {
        continue;
      }
      assertEquals(entry.key(), store.lookup(directory, name));
      if (entry.attributes().type() == FileType.DIRECTORY) {
        below++;
        assertEquals(directory, store.lookup(entry.key(), ".."));
        walk(store, entry.key(), names, directories);
      } else {
        names.merge(entry.key(), 1, Integer::sum);
      }
    }
    assertEquals(2 + below, store.attributes(directory).links());
  }
}
