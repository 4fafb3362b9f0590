package org.opendvx.core.datastore;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.opendvx.core.datastore.RootRecord.Totals;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.testing.InMemoryPool;
import org.opendvx.core.testing.PoolFaults;
import org.opendvx.core.testing.PoolMutation;
import org.opendvx.core.tree.Blob;
import org.opendvx.core.tree.RootRef;

/** Full, absent, damaged and foreign pools. */
class TroubleTest {
  private static byte[] random(int seed, int length) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  private static FileException refused(Runnable operation) {
    return assertThrows(FileException.class, operation::run);
  }

  @Test
  void aFullPoolSaysSoAndKeepsWhatItAcknowledged() {
    InMemoryPool pool = new InMemoryPool();
    pool.usableBytes(40 << 20);
    TestStore store = TestStore.format(pool);
    List<FileKey> written = new ArrayList<>();
    FileException full = null;
    for (int i = 0; full == null && i < 100; i++) {
      try {
        FileKey file = store.file(FileKey.ROOT, "f" + i);
        store.write(file, 0, random(i, 1 << 20));
        written.add(file);
      } catch (FileException e) {
        full = e;
      }
    }
    assertEquals(FileError.NO_SPACE, full == null ? null : full.error());
    assertTrue(written.size() > 20, written.size() + " MiB fitted");
    store.store.checkpoint();
    TestStore.get(store.store.remove(Caller.SYSTEM, FileKey.ROOT, TestStore.name("f0")));
    store.store.checkpoint();
    store = store.crash();
    for (int i = 1; i < written.size(); i++) {
      assertArrayEquals(random(i, 1 << 20), store.readAll(written.get(i)));
    }
    store.close();
  }

  @Test
  void aSmallJournalIsTrimmedWhileWritesGoOn() {
    InMemoryPool pool = new InMemoryPool();
    pool.journalCapacity(24 << 20);
    TestStore store = TestStore.format(pool);
    FileKey file = store.file(FileKey.ROOT, "f");
    for (int i = 0; i < 100; i++) {
      store.write(file, (long) i << 20, random(i, 1 << 20));
    }
    store = store.crash();
    for (int i = 0; i < 100; i++) {
      assertArrayEquals(random(i, 1 << 20), store.read(file, (long) i << 20, 1 << 20));
    }
    store.close();
  }

  @Test
  void aFailedPoolFailsChangesQuicklyAndGoesOnWhenItIsBack() {
    InMemoryPool pool = new InMemoryPool();
    TestStore store = TestStore.format(pool);
    FileKey file = store.file(FileKey.ROOT, "f");
    store.write(file, 0, random(1, 10_000));
    pool.available(false);
    long start = System.nanoTime();
    assertEquals(FileError.IO, refused(() -> store.write(file, 20_000, random(2, 5000))).error());
    assertEquals(FileError.IO, refused(() -> store.file(FileKey.ROOT, "g")).error());
    assertTrue(System.nanoTime() - start < 9_000_000_000L);
    assertFalse(store.store.congested(), "clients must be heard, to be told of the failure");
    assertArrayEquals(random(1, 10_000), store.read(file, 0, 10_000));
    assertThrows(DvxException.class, store.store::checkpoint);
    pool.available(true);
    awaitSuccess(() -> store.write(file, 30_000, random(3, 5000)));
    store.store.checkpoint();
    TestStore after = store.crash();
    assertArrayEquals(random(1, 10_000), after.read(file, 0, 10_000));
    assertArrayEquals(random(3, 5000), after.read(file, 30_000, 5000));
    after.close();
  }

  /** The journal has nothing to write and so does not know: only the log meets the failure. */
  @Test
  void aPoolThatTakesNoContainersFailsWritesQuicklyAndNeverSilencesFrontEnds() {
    InMemoryPool pool = new InMemoryPool();
    TestStore store = TestStore.format(pool);
    FileKey file = store.file(FileKey.ROOT, "f");
    store.write(file, 0, random(1, 10_000));
    pool.faults(
        (operation, _, _) ->
            operation == PoolFaults.Operation.CONTAINER_PUT
                ? new PoolFaults.Verdict.Fail(Kind.UNAVAILABLE)
                : PoolFaults.Verdict.PROCEED);
    long start = System.nanoTime();
    FileException failed = null;
    for (int i = 0; failed == null && i < 200; i++) {
      try {
        store.write(file, (long) i << 20, random(i, 1 << 20));
      } catch (FileException e) {
        failed = e;
      }
    }
    assertEquals(FileError.IO, failed == null ? null : failed.error());
    assertFalse(store.store.congested(), "clients must be heard, to be told of the failure");
    long seconds = (System.nanoTime() - start) / 1_000_000_000L;
    assertTrue(seconds < TestStore.SETTINGS.roomLimit().toSeconds() * 3, seconds + " s");
    pool.faults((_, _, _) -> PoolFaults.Verdict.PROCEED);
    awaitSuccess(() -> store.write(file, 30_000, random(3, 5000)));
    store.close();
  }

  private static void awaitSuccess(Runnable operation) {
    long end = System.nanoTime() + 20_000_000_000L;
    while (true) {
      try {
        operation.run();
        return;
      } catch (FileException e) {
        assertTrue(System.nanoTime() < end, "the pool is back, but: " + e);
        java.util.concurrent.locks.LockSupport.parkNanos(20_000_000);
      }
    }
  }

  /** Each call of a checkpoint fails once, before or after it took effect. */
  @Test
  void aCheckpointThatFailsAnywhereIsRepeatedAndLosesNothing() {
    for (int failing = 0; failing < 8; failing++) {
      for (boolean after : new boolean[] {false, true}) {
        InMemoryPool pool = new InMemoryPool();
        TestStore store = TestStore.format(pool);
        ModelDriver driver = new ModelDriver(store, new Model(), failing);
        for (int i = 0; i < 30; i++) {
          driver.step();
        }
        int[] calls = {failing};
        pool.faults(
            (operation, _, _) -> {
              boolean counts =
                  operation == PoolFaults.Operation.RECORD_PUT
                      || operation == PoolFaults.Operation.JOURNAL_TRIM
                      || operation == PoolFaults.Operation.CONTAINER_PUT;
              if (!counts || calls[0]-- != 0) {
                return PoolFaults.Verdict.PROCEED;
              }
              return after
                  ? new PoolFaults.Verdict.FailAfter(Kind.UNAVAILABLE)
                  : new PoolFaults.Verdict.Fail(Kind.UNAVAILABLE);
            });
        while (calls[0] >= 0) {
          try {
            store.store.checkpoint();
          } catch (DvxException _) {
            assertEquals(-1, calls[0], "only the injected failure happens");
          }
          for (int i = 0; i < 5; i++) {
            driver.step();
          }
        }
        store.store.checkpoint();
        assertEquals("", driver.model.difference(store), "call " + failing);
        TestStore again = store.crash();
        assertEquals("", driver.model.difference(again), "call " + failing + " after a crash");
        again.store.halt();
      }
    }
  }

  @Test
  void unreadableDataIsAnErrorWithItsCauseAndNeverWrongBytes() {
    InMemoryPool pool = new InMemoryPool();
    TestStore store = TestStore.format(pool);
    pool.recordHistory();
    FileKey file = store.file(FileKey.ROOT, "f");
    store.write(file, 0, random(1, 100_000));
    store.close();
    List<Long> containers = new ArrayList<>();
    for (PoolMutation mutation : pool.history()) {
      if (mutation instanceof PoolMutation.ContainerPut(long id, _)) {
        containers.add(id);
      }
    }
    // The first one holds the chunks, those after it the checkpoint's nodes.
    long damaged = containers.getFirst();
    byte[] bytes = pool.containerBytes(damaged);
    for (int i = 200; i < bytes.length - 2000; i += 100) {
      bytes[i] ^= 1;
    }
    pool.damage(damaged, bytes);
    TestStore again = TestStore.open(pool);
    FileException e = refused(() -> again.read(file, 0, 100_000));
    assertEquals(FileError.IO, e.error());
    assertEquals(Kind.CORRUPT, assertInstanceOf(DvxException.class, e.getCause()).kind());
    again.close();
  }

  @Test
  void aNewerFormatIsRefusedUntouched() {
    InMemoryPool pool = new InMemoryPool();
    RootRecord root =
        new RootRecord(
            1, 0, 1, RootRef.EMPTY, RootRef.EMPTY, RootRef.EMPTY, Blob.EMPTY, Totals.ZERO);
    byte[] newer = root.encode();
    newer[5] = 9;
    String key = RootStore.key(TestStore.HOST);
    long _ = pool.records().put(new Epoch(TestStore.HOST, 1), key, 0, newer);
    pool.recordHistory();
    DvxException e = assertThrows(DvxException.class, () -> TestStore.open(pool));
    assertEquals(Kind.UNSUPPORTED, e.kind());
    DvxException f = assertThrows(DvxException.class, () -> TestStore.format(pool));
    assertEquals(Kind.UNSUPPORTED, f.kind());
    assertEquals(List.of(), pool.history());
  }

  @Test
  void aFencedProcessChangesNothing() {
    InMemoryPool pool = new InMemoryPool();
    TestStore store = TestStore.format(pool);
    FileKey file = store.file(FileKey.ROOT, "f");
    long _ = pool.fence(TestStore.HOST, 1000);
    assertEquals(FileError.IO, refused(() -> store.write(file, 0, random(1, 100))).error());
    assertThrows(DvxException.class, store.store::checkpoint);
    store.store.halt();
  }

  @Test
  void theTotalsAreRightAfterACrash() {
    TestStore store = TestStore.fresh();
    FileKey file = store.file(FileKey.ROOT, "f");
    store.write(file, 0, random(1, 40_000));
    store.store.checkpoint();
    store.write(file, 50_000, random(2, 100_000));
    store.write(file, 200_000, random(2, 100_000));
    store.write(file, 400_000, new byte[20_000]);
    Datastore.SpaceReport before = store.store.space();
    for (int crash = 0; crash < 3; crash++) {
      store = store.crash();
      Datastore.SpaceReport after = store.store.space();
      assertEquals(before.logicalWritten(), after.logicalWritten());
      assertEquals(before.uniqueWritten(), after.uniqueWritten());
      assertEquals(before.storedWritten(), after.storedWritten());
      if (crash == 1) {
        store.store.checkpoint();
      }
    }
    store.close();
  }
}
