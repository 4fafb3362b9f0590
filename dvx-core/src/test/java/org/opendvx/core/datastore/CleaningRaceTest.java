package org.opendvx.core.datastore;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opendvx.core.clean.Cleaner;
import org.opendvx.core.clean.CleanerStatus;
import org.opendvx.core.clean.RoundReport;
import org.opendvx.core.clean.SteppedCleaner;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.testing.InMemoryPool;
import org.opendvx.core.testing.PoolFaults;
import org.opendvx.core.testing.PoolFaults.Operation;
import org.opendvx.core.testing.PoolFaults.Verdict;

/** What happens beside a round of cleaning, forced to happen between each two of its steps. */
@Timeout(120)
class CleaningRaceTest {
  private static final int CHUNKS = 40;
  private static final Executor THREADS = task -> Thread.ofPlatform().daemon().start(task);
  private static final long SHORT_MILLIS = 300;

  private final InMemoryPool pool = new InMemoryPool();
  private TestStore store = TestStore.format(pool);
  private volatile Consumer<String> atStep = _ -> {};
  private Cleaner cleaner = cleaner();
  private FileKey victim;
  private FileKey keeper;
  private FileKey frozen;
  private long snapshot;

  private Cleaner cleaner() {
    return SteppedCleaner.of(
        store.store.reclaim(),
        step -> {
          // Others do what they do on threads of their own, as clients would.
          CompletableFuture.runAsync(() -> atStep.accept(step), THREADS).join();
        });
  }

  /** Contents: dead ones that only the dedupe index knows, live ones, frozen ones, side by side. */
  @BeforeEach
  void containersWithGarbage() throws Exception {
    victim = store.file(FileKey.ROOT, "victim");
    keeper = store.file(FileKey.ROOT, "keeper");
    frozen = store.file(FileKey.ROOT, "frozen");
    for (int i = 0; i < CHUNKS; i++) {
      store.write(victim, i * 4096L, chunk(i));
      store.write(keeper, i * 4096L, chunk(1000 + i));
      store.write(frozen, i * 4096L, chunk(2000 + i));
    }
    snapshot = store.cut("s", frozen).snapshot().id();
    store = store.restart();
    cleaner = cleaner();
    // From now on nobody refers to what was in the first file.
    store.truncate(victim, 0);
    store.truncate(frozen, 0);
    RoundReport chosen = cleaner.round();
    assertTrue(chosen.chosen() > 0, chosen::toString);
  }

  private void setAtStep(Consumer<String> action) {
    atStep = action;
  }

  private RoundReport round() {
    try {
      return cleaner.round();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static byte[] chunk(int seed) {
    byte[] bytes = new byte[4096];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  private void check() {
    for (int i = 0; i < CHUNKS; i++) {
      assertArrayEquals(chunk(1000 + i), store.read(keeper, i * 4096L, 4096));
    }
  }

  private void checkSnapshot() {
    FileKey key = new FileKey(snapshot, frozen.file());
    for (int i = 0; i < CHUNKS; i++) {
      assertArrayEquals(chunk(2000 + i), store.read(key, i * 4096L, 4096));
    }
  }

  private void crash() {
    store = store.crash();
    cleaner = cleaner();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "CONDEMNED",
        "DRAINED",
        "CHECKPOINTED",
        "MARKED",
        "LET_GO",
        "DELETED",
        "INTENDED",
        "PUT",
        "PUBLISHED",
        "SETTLED"
      })
  void aDuplicateWrittenAtAnyStepIsThereForEver(String step) throws Exception {
    FileKey other = store.file(FileKey.ROOT, "other");
    boolean[] met = new boolean[1];
    setAtStep(
        at -> {
          if (at.equals(step) && !met[0]) {
            met[0] = true;
            for (int i = 0; i < CHUNKS; i++) {
              store.write(other, i * 4096L, chunk(i));
            }
          }
        });
    assertTrue(cleaner.round().deletedContainers() > 0);
    assertTrue(met[0], step);
    setAtStep(_ -> {});
    for (int pass = 0; pass < 3; pass++) {
      for (int i = 0; i < CHUNKS; i++) {
        assertArrayEquals(chunk(i), store.read(other, i * 4096L, 4096));
      }
      check();
      checkSnapshot();
      crash();
      RoundReport _ = cleaner.round();
      RoundReport _ = cleaner.round();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "CONDEMNED",
        "DRAINED",
        "CHECKPOINTED",
        "MARKED",
        "LET_GO",
        "DELETED",
        "INTENDED",
        "PUT",
        "PUBLISHED",
        "SETTLED"
      })
  void aCloneOrARestoreAtAnyStepKeepsWhatItShares(String step) throws Exception {
    boolean[] met = new boolean[1];
    FileKey[] copy = new FileKey[1];
    setAtStep(
        at -> {
          if (at.equals(step) && !met[0]) {
            met[0] = true;
            copy[0] =
                TestStore.get(
                        store
                            .store
                            .snapshots()
                            .clone(
                                Caller.SYSTEM,
                                List.of(
                                    new Snapshots.CloneFile(
                                        new FileKey(snapshot, frozen.file()),
                                        FileKey.ROOT,
                                        TestStore.name("copy")))))
                    .getFirst();
            TestStore.get(store.store.snapshots().delete(snapshot));
          }
        });
    assertTrue(cleaner.round().deletedContainers() > 0);
    assertTrue(met[0], step);
    setAtStep(_ -> {});
    for (int pass = 0; pass < 3; pass++) {
      for (int i = 0; i < CHUNKS; i++) {
        assertArrayEquals(chunk(2000 + i), store.read(copy[0], i * 4096L, 4096));
      }
      check();
      RoundReport _ = cleaner.round();
      crash();
      RoundReport _ = cleaner.round();
    }
  }

  @Test
  void aHitFoundBeforeTheCondemningAndCommittedAfterItIsWaitedFor() throws Exception {
    FileKey other = store.file(FileKey.ROOT, "other");
    Engine engine = store.store.reclaim().engine();
    long unique = engine.log().statistics().unique();
    // The writer finds its duplicates, and then cannot begin its transaction.
    long stamp = engine.locks().cut.writeLock();
    CompletableFuture<Void> writer;
    CompletableFuture<RoundReport> round;
    CountDownLatch condemned = new CountDownLatch(1);
    CountDownLatch drained = new CountDownLatch(1);
    setAtStep(
        step -> {
          if (step.equals("CONDEMNED")) {
            condemned.countDown();
          } else if (step.equals("DRAINED")) {
            drained.countDown();
          }
        });
    long before = engine.log().statistics().logical();
    try {
      byte[] bytes = new byte[CHUNKS * 4096];
      for (int i = 0; i < CHUNKS; i++) {
        System.arraycopy(chunk(i), 0, bytes, i * 4096, 4096);
      }
      writer =
          CompletableFuture.runAsync(
              () ->
                  TestStore.get(
                      store.store.write(Caller.SYSTEM, other, 0, ByteBuffer.wrap(bytes), true)),
              THREADS);
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
      while (engine.log().statistics().logical() < before + (long) CHUNKS * 4096) {
        assertTrue(System.nanoTime() < end, "the writer does not come to its end");
        Thread.sleep(1);
      }
      round = CompletableFuture.supplyAsync(this::round, THREADS);
      assertTrue(condemned.await(60, TimeUnit.SECONDS));
      assertFalse(
          drained.await(SHORT_MILLIS, TimeUnit.MILLISECONDS), "the writer is not waited for");
    } finally {
      engine.locks().cut.unlockWrite(stamp);
    }
    writer.get(60, TimeUnit.SECONDS);
    RoundReport report = round.get(60, TimeUnit.SECONDS);
    assertEquals(unique, engine.log().statistics().unique(), "they were duplicates");
    assertTrue(report.movedSlots() >= CHUNKS, report::toString);
    for (int pass = 0; pass < 2; pass++) {
      for (int i = 0; i < CHUNKS; i++) {
        assertArrayEquals(chunk(i), store.read(other, i * 4096L, 4096));
      }
      check();
      checkSnapshot();
      crash();
      RoundReport _ = cleaner.round();
    }
  }

  @Test
  void whatAReaderHasLookedUpStaysUntilItHasReadIt() throws Exception {
    // A snapshot whose container goes while it is being read.
    FileKey key = new FileKey(snapshot, frozen.file());
    // Nodes are in memory, so that the read that follows waits for its chunk and nothing else.
    assertArrayEquals(chunk(2000), store.read(key, 0, 4096));
    CountDownLatch reading = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    Thread[] slow = new Thread[1];
    pool.faults(
        (operation, _, _) -> {
          if (operation == Operation.CONTAINER_READ && Thread.currentThread().isVirtual()) {
            synchronized (slow) {
              if (slow[0] == null) {
                slow[0] = Thread.currentThread();
              }
            }
            if (slow[0] == Thread.currentThread()) {
              reading.countDown();
              try {
                assertTrue(goOn.await(60, TimeUnit.SECONDS));
              } catch (InterruptedException e) {
                throw new AssertionError(e);
              }
            }
          }
          return Verdict.PROCEED;
        });
    CompletableFuture<byte[]> reader =
        CompletableFuture.supplyAsync(() -> store.read(key, 8 * 4096L, 4096), THREADS);
    assertTrue(reading.await(60, TimeUnit.SECONDS));
    TestStore.get(store.store.snapshots().delete(snapshot));
    store.store.checkpoint();
    CompletableFuture<RoundReport> round = CompletableFuture.supplyAsync(this::round, THREADS);
    Thread.sleep(SHORT_MILLIS);
    assertFalse(round.isDone(), "the reader is not waited for");
    goOn.countDown();
    assertArrayEquals(chunk(2008), reader.get(60, TimeUnit.SECONDS));
    assertTrue(round.get(60, TimeUnit.SECONDS).deletedContainers() > 0);
    pool.faults(PoolFaults.NONE);
    check();
  }

  @Test
  void aDeletedSnapshotDoesNotComeBackFromACache() {
    checkSnapshot();
    TestStore.get(store.store.snapshots().delete(snapshot));
    store.store.checkpoint();
    store.store.checkpoint();
    SnapshotCatalogue catalogue = store.store.reclaim().engine().state().snapshots();
    assertNull(catalogue.contents(snapshot));
  }

  /** Whatever the round has come to, from then on it deletes nothing more. */
  @ParameterizedTest
  @ValueSource(strings = {"CONDEMNED", "DRAINED", "CHECKPOINTED", "MARKED", "PUBLISHED"})
  void aHostThatComesWhileARoundRunsKeepsItFromDeleting(String step) throws Exception {
    DvxDatastore[] other = new DvxDatastore[1];
    long[] then = new long[1];
    setAtStep(
        at -> {
          if (at.equals(step) && other[0] == null) {
            other[0] = DvxDatastore.format(pool, TestStore.KEYS, TestStore.SETTINGS, "host-b");
            then[0] = containers();
          }
        });
    try {
      DvxException refused = assertThrows(DvxException.class, cleaner::round);
      assertEquals(Kind.UNSUPPORTED, refused.kind());
      assertTrue(containers() >= then[0]);
      assertEquals(CleanerStatus.State.REFUSING, cleaner.status().state());
      check();
      checkSnapshot();
    } finally {
      other[0].close();
    }
  }

  private long containers() {
    return pool.containers().count();
  }

  @Test
  void aSecondHostInThePoolStopsTheCleaner() throws Exception {
    DvxDatastore other = DvxDatastore.format(pool, TestStore.KEYS, TestStore.SETTINGS, "host-b");
    try {
      DvxException refused = assertThrows(DvxException.class, cleaner::round);
      assertEquals(Kind.UNSUPPORTED, refused.kind());
      check();
      checkSnapshot();
    } finally {
      other.close();
    }
  }
}
