package org.opendvx.core.datastore;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.opendvx.core.clean.Cleaner;
import org.opendvx.core.clean.RoundReport;
import org.opendvx.core.clean.SteppedCleaner;
import org.opendvx.core.testing.InMemoryPool;

/**
 * Clients write, overwrite, clone, snapshot and delete a small set of contents over and over, so
 * that dedupe finds old chunks all the time, while a cleaner runs round after round.
 */
class CleaningStressTest {
  private static final int CLIENTS = 4;
  private static final int CONTENTS = 400;
  private static final int BLOCKS = 64;
  private static final int LIVES = Integer.getInteger("dvx.test.rounds", 3);
  private static final int OPERATIONS = 700;

  private final long seed = Long.getLong("dvx.test.seed", System.nanoTime());
  private final AtomicLong deleted = new AtomicLong();
  private final AtomicLong moved = new AtomicLong();
  private final AtomicLong rounds = new AtomicLong();

  /** What a file should hold: the content's number of each block, 0 for a hole. */
  @SuppressWarnings("ArrayRecordComponent") // changed in place, never compared
  private record Expected(FileKey key, int[] blocks) {}

  /** One client's files and snapshots. */
  private static final class Client {
    final Map<Integer, Expected> files = new HashMap<>();
    final Map<Long, Expected> snapshots = new HashMap<>();
    final Random random;
    final int number;
    int names;

    Client(int number, long seed) {
      this.number = number;
      this.random = new Random(seed);
    }
  }

  @Test
  @Timeout(280)
  void nothingIsLostWhileTheCleanerRunsBesideClients() throws Exception {
    System.out.println("cleaning under stress, seed " + seed);
    TestStore store = TestStore.format(new InMemoryPool());
    List<Client> clients = new ArrayList<>();
    for (int i = 0; i < CLIENTS; i++) {
      clients.add(new Client(i, seed + i));
    }
    for (int life = 0; life < LIVES; life++) {
      live(store, clients);
      store = life % 2 == 0 ? store.crash() : store.restart();
      for (Client client : clients) {
        check(store, client);
      }
    }
    store.close();
    System.out.printf(
        "cleaning under stress: %d rounds, %d containers deleted, %d slots moved%n",
        rounds.get(), deleted.get(), moved.get());
    assertTrue(deleted.get() > 0 && moved.get() > 0);
  }

  private void live(TestStore store, List<Client> clients) throws Exception {
    Cleaner cleaner = SteppedCleaner.of(store.store.reclaim(), _ -> {});
    AtomicBoolean stop = new AtomicBoolean();
    ExecutorService threads = Executors.newFixedThreadPool(CLIENTS + 1);
    try {
      List<Future<?>> running = new ArrayList<>();
      for (Client client : clients) {
        running.add(threads.submit(() -> operate(store, client)));
      }
      Future<?> cleaning =
          threads.submit(
              () -> {
                while (!stop.get()) {
                  RoundReport report = cleaner.round();
                  rounds.incrementAndGet();
                  deleted.addAndGet(report.deletedContainers());
                  moved.addAndGet(report.movedSlots());
                }
                return null;
              });
      for (Future<?> client : running) {
        client.get(200, TimeUnit.SECONDS);
      }
      stop.set(true);
      cleaning.get(60, TimeUnit.SECONDS);
    } finally {
      stop.set(true);
      threads.shutdownNow();
      assertTrue(threads.awaitTermination(60, TimeUnit.SECONDS));
    }
  }

  private void operate(TestStore store, Client client) {
    Random random = client.random;
    for (int i = 0; i < OPERATIONS; i++) {
      int slot = random.nextInt(6);
      Expected file = client.files.get(slot);
      int what = random.nextInt(100);
      if (file == null) {
        String name = "c" + client.number + "-" + client.names++;
        client.files.put(slot, new Expected(store.file(FileKey.ROOT, name), new int[BLOCKS]));
        names.put(client.files.get(slot).key(), name);
      } else if (what < 60) {
        write(store, random, file);
      } else if (what < 75) {
        int block = random.nextInt(BLOCKS);
        assertArrayEquals(
            content(file.blocks()[block]), whole(store.read(file.key(), block * 4096L, 4096)));
      } else if (what < 82) {
        int size = random.nextInt(BLOCKS);
        store.truncate(file.key(), size * 4096L);
        java.util.Arrays.fill(file.blocks(), size, BLOCKS, 0);
      } else if (what < 88) {
        long id = store.cut("s" + client.number + "-" + client.names++, file.key()).snapshot().id();
        client.snapshots.put(
            id, new Expected(new FileKey(id, file.key().file()), file.blocks().clone()));
      } else if (what < 94) {
        dropSnapshot(store, client);
      } else if (what < 97) {
        cloneSnapshot(store, client, slot);
      } else {
        remove(store, client, slot);
      }
    }
    for (Expected file : client.files.values()) {
      TestStore.get(store.store.commit(file.key()));
    }
  }

  private final Map<FileKey, String> names = new java.util.concurrent.ConcurrentHashMap<>();

  private void remove(TestStore store, Client client, int slot) {
    Expected gone = client.files.remove(slot);
    if (gone != null) {
      String name = names.getOrDefault(gone.key(), "");
      TestStore.get(store.store.remove(Caller.SYSTEM, FileKey.ROOT, TestStore.name(name)));
    }
  }

  private void write(TestStore store, Random random, Expected file) {
    int first = random.nextInt(BLOCKS - 8);
    int count = 1 + random.nextInt(8);
    byte[] bytes = new byte[count * 4096];
    for (int b = 0; b < count; b++) {
      int number = random.nextInt(10) == 0 ? 0 : 1 + random.nextInt(CONTENTS);
      file.blocks()[first + b] = number;
      System.arraycopy(content(number), 0, bytes, b * 4096, 4096);
    }
    store.write(file.key(), first * 4096L, bytes);
  }

  private static void dropSnapshot(TestStore store, Client client) {
    if (!client.snapshots.isEmpty()) {
      long id = client.snapshots.keySet().iterator().next();
      client.snapshots.remove(id);
      TestStore.get(store.store.snapshots().delete(id));
    }
  }

  private void cloneSnapshot(TestStore store, Client client, int slot) {
    if (client.snapshots.isEmpty()) {
      return;
    }
    Expected source = client.snapshots.values().iterator().next();
    remove(store, client, slot);
    String name = "c" + client.number + "-" + client.names++;
    FileKey copy =
        TestStore.get(
                store
                    .store
                    .snapshots()
                    .clone(
                        Caller.SYSTEM,
                        List.of(
                            new Snapshots.CloneFile(
                                source.key(), FileKey.ROOT, TestStore.name(name)))))
            .getFirst();
    client.files.put(slot, new Expected(copy, source.blocks().clone()));
    names.put(copy, name);
  }

  private static byte[] whole(byte[] read) {
    return java.util.Arrays.copyOf(read, 4096);
  }

  private static byte[] content(int number) {
    byte[] bytes = new byte[4096];
    if (number > 0) {
      new Random(number).nextBytes(bytes);
    }
    return bytes;
  }

  private static void check(TestStore store, Client client) {
    client.files.values().forEach(file -> check(store, file));
    client.snapshots.values().forEach(file -> check(store, file));
  }

  private static void check(TestStore store, Expected file) {
    for (int block = 0; block < BLOCKS; block++) {
      byte[] read = whole(store.read(file.key(), block * 4096L, 4096));
      assertArrayEquals(content(file.blocks()[block]), read, file.key() + " block " + block);
    }
    assertEquals(BLOCKS, file.blocks().length);
  }
}
