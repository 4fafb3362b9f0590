package org.opendvx.core.datastore;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.opendvx.core.testing.InMemoryPool;
import org.opendvx.core.testing.PoolFaults;
import org.opendvx.core.testing.PoolFaults.Operation;

/** A parcel tells nothing that its giver may still forget. */
@Timeout(120)
class ParcelDurableTest {
  private static final long LIMIT_SECONDS = 60;

  @Test
  void aParcelIsGivenOnlyWhenTheNamesInItAreDurable() throws Exception {
    InMemoryPool pool = new InMemoryPool();
    CountDownLatch mayPass = new CountDownLatch(1);
    CountDownLatch arrived = new CountDownLatch(1);
    try (TestStore store = TestStore.format(pool)) {
      FileKey file = store.file(FileKey.ROOT, "old");
      pool.faults(
          (operation, _, _) -> {
            if (operation == Operation.JOURNAL_APPEND) {
              arrived.countDown();
              pass(mayPass);
            }
            return PoolFaults.Verdict.PROCEED;
          });
      var renamed =
          store.store.rename(
              Caller.SYSTEM,
              FileKey.ROOT,
              TestStore.name("old"),
              FileKey.ROOT,
              TestStore.name("new"));
      assertTrue(arrived.await(LIMIT_SECONDS, TimeUnit.SECONDS));
      CompletableFuture<byte[]> parcel =
          CompletableFuture.supplyAsync(() -> store.store.ownership().stop(file.file()));
      Thread.sleep(500);
      assertFalse(parcel.isDone(), "a crash now would undo the new name");
      mayPass.countDown();
      assertTrue(parcel.get(LIMIT_SECONDS, TimeUnit.SECONDS).length > 0);
      Object _ = renamed.get(LIMIT_SECONDS, TimeUnit.SECONDS);
    } finally {
      mayPass.countDown();
    }
  }

  private static void pass(CountDownLatch gate) {
    try {
      boolean _ = gate.await(LIMIT_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
