package org.opendvx.core.datastore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/**
 * Dependent writes: value n + 1 is written, to another file and by another thread, only after the
 * write of n was answered. No snapshot may hold n + 1 without n, live or after a crash.
 */
class CutAtomicityTest {
  private static final int FILES = 4;
  private static final int CHAINS = 3;
  private static final int CUTS = 150;

  @Test
  void noCutHoldsAWriteWithoutTheOneBefore() throws Exception {
    TestStore store = TestStore.fresh();
    List<FileKey> files = new ArrayList<>();
    for (int i = 0; i < FILES; i++) {
      files.add(store.file(FileKey.ROOT, "f" + i));
      store.write(files.get(i), 0, new byte[CHAINS * 8192]);
    }
    AtomicBoolean stop = new AtomicBoolean();
    CountDownLatch running = new CountDownLatch(CHAINS);
    try (ExecutorService threads = Executors.newThreadPerTaskExecutor(Thread::new)) {
      List<Future<?>> chains = new ArrayList<>();
      for (int chain = 0; chain < CHAINS; chain++) {
        int id = chain;
        chains.add(threads.submit(() -> chain(store, files, id, stop, running)));
      }
      assertTrue(running.await(30, TimeUnit.SECONDS));
      for (int i = 0; i < CUTS; i++) {
        store.cut("s" + i, files.toArray(new FileKey[0]));
        if (i % 20 == 0) {
          store.store.checkpoint();
        }
      }
      stop.set(true);
      for (Future<?> chain : chains) {
        chain.get(30, TimeUnit.SECONDS);
      }
    }
    check(store, files);
    TestStore after = store.crash();
    check(after, files);
    after.close();
  }

  /** Where a chain's values are: half of them within a chunk that others write, too. */
  private static long place(int chain, long value) {
    return value % 2 == 0 ? chain * 16L : 4096L * (1 + chain);
  }

  private static void chain(
      TestStore store, List<FileKey> files, int chain, AtomicBoolean stop, CountDownLatch running) {
    for (long n = 1; !stop.get(); n++) {
      ByteBuffer value = ByteBuffer.allocate(8).putLong(0, n);
      FileKey file = files.get((int) (n % FILES));
      // Stable or not: an answer is what the next write depends on.
      TestStore.get(store.store.write(Caller.SYSTEM, file, place(chain, n), value, n % 7 == 0));
      if (n == 10) {
        running.countDown();
      }
    }
  }

  private static void check(TestStore store, List<FileKey> files) {
    for (int cut = 0; cut < CUTS; cut++) {
      long id = store.store.snapshots().find("s" + cut).orElseThrow().id();
      for (int chain = 0; chain < CHAINS; chain++) {
        long newest = 0;
        for (int i = 0; i < FILES; i++) {
          newest = Math.max(newest, value(store, id, files.get(i), chain, i));
        }
        for (long n = Math.max(1, newest - FILES + 1); n <= newest; n++) {
          int file = (int) (n % FILES);
          assertEquals(
              n, value(store, id, files.get(file), chain, file), "chain " + chain + ", cut " + cut);
        }
      }
    }
  }

  private static long value(TestStore store, long snapshot, FileKey file, int chain, int index) {
    FileKey frozen = new FileKey(snapshot, file.file());
    return ByteBuffer.wrap(store.read(frozen, place(chain, index), 8)).getLong();
  }
}
