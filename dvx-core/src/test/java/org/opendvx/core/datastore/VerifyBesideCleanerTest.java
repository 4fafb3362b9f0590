package org.opendvx.core.datastore;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.opendvx.core.clean.Cleaner;
import org.opendvx.core.clean.SteppedCleaner;
import org.opendvx.core.testing.InMemoryPool;
import org.opendvx.core.testing.PoolFaults;
import org.opendvx.core.verify.Verifier;
import org.opendvx.core.verify.VerifyReport;

/** What the cleaner takes away beside a verification is no damage. */
@Timeout(120)
class VerifyBesideCleanerTest {
  private static final int FILES = 4;
  private static final int CHUNKS = 24;
  private static final Executor THREADS = task -> Thread.ofPlatform().daemon().start(task);

  private final InMemoryPool pool = new InMemoryPool();
  private final TestStore store = TestStore.format(pool);
  private final Cleaner cleaner = SteppedCleaner.of(store.store.reclaim(), _ -> {});
  private final FileKey[] files = new FileKey[FILES];
  private int seed;

  @AfterEach
  void close() {
    pool.faults(PoolFaults.NONE);
    cleaner.close();
    store.close();
  }

  private void overwrite() {
    for (FileKey file : files) {
      for (int i = 0; i < CHUNKS; i++) {
        byte[] bytes = new byte[4096];
        new Random(seed++).nextBytes(bytes);
        store.write(file, i * 4096L, bytes);
      }
    }
  }

  /** Everything is written anew, and what there was before is taken away. */
  private void turnOver() {
    try {
      overwrite();
      store.store.reclaim().engine().checkpointer().checkpoint();
      for (int i = 0; i < 4; i++) {
        var _ = cleaner.round();
      }
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aTreeThatIsReplacedWhileItIsWalkedIsNotBroken() throws Exception {
    for (int i = 0; i < FILES; i++) {
      files[i] = store.file(FileKey.ROOT, "file" + i);
    }
    overwrite();
    for (int at = 1; at <= 12; at++) {
      AtomicInteger reads = new AtomicInteger();
      int stop = at;
      pool.faults(
          (operation, _, _) -> {
            if (operation == PoolFaults.Operation.CONTAINER_READ
                && reads.incrementAndGet() == stop) {
              CompletableFuture.runAsync(this::turnOver, THREADS).join();
            }
            return PoolFaults.Verdict.PROCEED;
          });
      VerifyReport report = new Verifier(store.store.reclaim(), null, (_, _) -> {}).run();
      assertTrue(report.clean(), () -> "at read " + stop + ": " + report);
      assertTrue(report.references() >= FILES * CHUNKS, report::toString);
      pool.faults(PoolFaults.NONE);
    }
  }
}
