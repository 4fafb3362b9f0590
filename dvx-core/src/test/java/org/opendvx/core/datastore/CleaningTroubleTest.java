package org.opendvx.core.datastore;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
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

/** Cleaning while something is amiss: it is told, the rest goes on, and nothing is lost. */
@Timeout(200)
class CleaningTroubleTest {
  private static final int CHUNKS = 64;
  private static final long PATIENCE_SECONDS = 60;

  private final InMemoryPool pool = new InMemoryPool();
  private TestStore store = TestStore.open(formatted(pool), uncached());
  private volatile Consumer<String> atStep = _ -> {};
  private Cleaner cleaner = cleaner();

  private static InMemoryPool formatted(InMemoryPool pool) {
    TestStore.format(pool).close();
    return pool;
  }

  /** Nodes are read from the pool whenever they are wanted. */
  private static DatastoreSettings uncached() {
    DatastoreSettings usual = TestStore.SETTINGS;
    return new DatastoreSettings(
        usual.log(),
        usual.journal(),
        0,
        1,
        usual.checkpointInterval(),
        usual.checkpointUsage(),
        usual.checkpointFiles(),
        usual.freezeBatch(),
        usual.roomLimit(),
        usual.closeLimit(),
        Duration.ofHours(24));
  }

  private Cleaner cleaner() {
    return SteppedCleaner.of(store.store.reclaim(), step -> atStep.accept(step));
  }

  @AfterEach
  void close() {
    pool.faults(PoolFaults.NONE);
    cleaner.close();
    store.close();
  }

  /** From a step on, the faults. */
  private void failFrom(String step, PoolFaults faults) {
    atStep =
        at -> {
          if (at.equals(step)) {
            pool.faults(faults);
          }
        };
  }

  private Set<Long> containers() {
    Set<Long> ids = new TreeSet<>();
    pool.containers().forEach(ids::add);
    return ids;
  }

  /** Two files side by side in one new container, which is given. */
  private long pair(int number) {
    Set<Long> before = containers();
    FileKey gone = store.file(FileKey.ROOT, "gone" + number);
    FileKey kept = store.file(FileKey.ROOT, "kept" + number);
    for (int i = 0; i < CHUNKS; i++) {
      store.write(gone, i * 4096L, chunk(number, i));
      store.write(kept, i * 4096L, chunk(number, 1000 + i));
    }
    store.close();
    store = TestStore.open(pool, uncached());
    cleaner = cleaner();
    Set<Long> more = containers();
    more.removeAll(before);
    return more.stream()
        .filter(id -> pool.containers().length(id).orElse(0) > CHUNKS * 4096)
        .findFirst()
        .orElseThrow();
  }

  private void remove(int number) {
    TestStore.get(store.store.remove(Caller.SYSTEM, FileKey.ROOT, TestStore.name("gone" + number)));
  }

  private void check(int number) {
    FileKey kept = store.lookup(FileKey.ROOT, "kept" + number);
    for (int i = 0; i < CHUNKS; i++) {
      assertArrayEquals(chunk(number, 1000 + i), store.read(kept, i * 4096L, 4096));
    }
  }

  private static byte[] chunk(int number, int i) {
    byte[] bytes = new byte[4096];
    new Random(number * 10_000L + i).nextBytes(bytes);
    return bytes;
  }

  private static void await(String what, BooleanSupplier condition) throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() - end < 0, what);
      Thread.sleep(20);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"UNAVAILABLE", "TIMEOUT", "CORRUPT", "INTERNAL"})
  void aVictimThatCannotBeReadIsSetAsideAndTheOthersAreCleaned(Kind kind) throws Exception {
    long bad = pair(1);
    long good = pair(2);
    remove(1);
    remove(2);
    RoundReport chosen = cleaner.round();
    assertTrue(chosen.chosen() >= 2, chosen::toString);
    failFrom(
        "MARKED",
        (operation, id, _) ->
            operation == Operation.CONTAINER_READ && id == bad
                ? new Verdict.Fail(kind)
                : Verdict.PROCEED);
    RoundReport cleaned = cleaner.round();
    assertTrue(cleaned.deletedContainers() > 0, cleaned::toString);
    pool.faults(PoolFaults.NONE);

    assertTrue(containers().contains(bad));
    assertFalse(containers().contains(good));
    CleanerStatus status = cleaner.status();
    assertEquals(1, status.stuckContainers(), status::toString);
    assertEquals(bad, status.stuck().getFirst().container());
    assertFalse(status.stuck().getFirst().why().isBlank());
    assertEquals(0, status.failures());
    check(1);
    check(2);
  }

  @Test
  void aDamagedNodeFreesNothingAndTheStatusSaysWhy() throws Exception {
    long _ = pair(1);
    remove(1);
    failFrom(
        "CHECKPOINTED",
        (operation, _, _) ->
            operation == Operation.CONTAINER_READ
                ? new Verdict.Fail(Kind.CORRUPT)
                : Verdict.PROCEED);
    Set<Long> before = containers();
    DvxException failure = assertThrows(DvxException.class, cleaner::round);
    pool.faults(PoolFaults.NONE);

    assertEquals(Kind.CORRUPT, failure.kind());
    assertTrue(containers().containsAll(before));
    CleanerStatus status = cleaner.status();
    assertEquals(CleanerStatus.State.FAILING, status.state());
    assertEquals(1, status.failures());
    assertNotNull(status.trouble());
    assertNotNull(status.troubleSince());
    check(1);

    // Once it can be read again, all is well by itself.
    failFrom("", PoolFaults.NONE);
    RoundReport _ = cleaner.round();
    assertTrue(cleaner.round().deletedContainers() > 0);
    assertEquals(CleanerStatus.State.OFF, cleaner.status().state());
    check(1);
  }

  @Test
  void whatIsDeletedWhileARoundRunsIsCleanedThoughNothingChangesAfterwards() throws Exception {
    long first = pair(1);
    cleaner.sweep(_ -> {});
    atStep =
        step -> {
          if (step.equals("MARKED")) {
            atStep = _ -> {};
            remove(1);
            store.store.checkpoint();
          }
        };
    cleaner.sweep(blind -> assertEquals(0, blind.chosen(), blind::toString));
    cleaner.start();
    await("it is cleaned", () -> !containers().contains(first));
    check(1);
  }

  @Test
  void aRoundThatWasBrokenOffIsRunAgainThoughNothingChanged() throws Exception {
    long first = pair(1);
    remove(1);
    store.store.checkpoint();
    RoundReport chosen = cleaner.round();
    assertTrue(chosen.chosen() > 0);
    pool.faults(
        (operation, _, _) ->
            operation == Operation.RECORD_PUT
                ? new Verdict.Fail(Kind.UNAVAILABLE)
                : Verdict.PROCEED);
    assertThrows(DvxException.class, () -> cleaner.round());
    assertTrue(store.store.reclaim().places().condemnedNow().isEmpty(), "it broke off too late");
    pool.faults(PoolFaults.NONE);
    cleaner.start();
    await("it is cleaned", () -> !containers().contains(first));
    check(1);
  }

  @Test
  void aStrayInterruptDoesNotEndTheCleaner() throws Exception {
    long first = pair(1);
    long second = pair(2);
    cleaner.start();
    Thread thread =
        Thread.getAllStackTraces().keySet().stream()
            .filter(each -> each.getName().equals("cleaner"))
            .findFirst()
            .orElseThrow();
    for (int i = 0; i < 3; i++) {
      thread.interrupt();
      await("it takes note", () -> !thread.isInterrupted() || !thread.isAlive());
    }
    remove(1);
    store.store.checkpoint();
    await("the first is cleaned", () -> !containers().contains(first));
    // Also one that meets it at work.
    remove(2);
    store.store.checkpoint();
    thread.interrupt();
    await("the second is cleaned", () -> !containers().contains(second));
    assertTrue(thread.isAlive());
    check(1);
    check(2);
  }

  /** Other files take all room of the disks: not even a checkpoint can be written. */
  @Test
  void whenTheDisksBelowAreFullWritesAreRefusedAndAllGoesOnWhenTheyAreNot() throws Exception {
    long first = pair(1);
    FileKey file = store.file(FileKey.ROOT, "more");
    cleaner.start();
    pool.usableBytes(0);
    // Counted anew, which happens only now and then.
    assertTrue(store.store.reclaim().freeBytes() <= 0);
    for (int i = 0; i < 3; i++) {
      long start = System.nanoTime();
      int chunk = i;
      FileException refused =
          assertThrows(
              FileException.class, () -> store.write(file, chunk * 4096L, chunk(3, chunk)));
      assertEquals(FileError.NO_SPACE, refused.error(), refused::getMessage);
      long took = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start);
      assertTrue(took < PATIENCE_SECONDS, () -> "said after " + took + " s");
    }
    // Deletes go on, and what ails is told.
    remove(1);
    await("the status says why", () -> cleaner.status().trouble() != null);
    check(1);

    pool.usableBytes(1L << 40);
    for (int i = 0; i < CHUNKS; i++) {
      store.write(file, i * 4096L, chunk(3, i));
    }
    await("cleaning goes on", () -> !containers().contains(first));
    await("and the status says so", () -> cleaner.status().trouble() == null);
    check(1);
  }
}
