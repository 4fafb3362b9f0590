package org.opendvx.core.datastore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.opendvx.core.clean.Cleaner;
import org.opendvx.core.clean.RoundReport;
import org.opendvx.core.clean.SteppedCleaner;
import org.opendvx.core.testing.InMemoryPool;

/**
 * Random operations and rounds of cleaning against a model, with a crash after every mutation of
 * the pool: every byte is there, after more cleaning too, and dead space comes back.
 */
class CleaningModelTest {
  private static final int STEPS = 90;
  private static final AtomicInteger CRASHES = new AtomicInteger();
  private static final AtomicInteger ROUNDS = new AtomicInteger();
  private static final AtomicInteger DELETED = new AtomicInteger();
  private static final AtomicInteger MOVED = new AtomicInteger();

  /** Seeds from {@code dvx.test.seed} on, as many as {@code dvx.test.rounds} says. */
  static LongStream seeds() {
    long first = Long.getLong("dvx.test.seed", 1);
    return LongStream.range(first, first + Integer.getInteger("dvx.test.rounds", 3));
  }

  @AfterAll
  static void tell() {
    System.out.printf(
        "cleaning: %d crash points, %d rounds, %d containers deleted, %d slots moved%n",
        CRASHES.get(), ROUNDS.get(), DELETED.get(), MOVED.get());
  }

  /** The model after some operations. */
  private record Moment(Model model, boolean durable, int issuedAt, int answeredAt, String what) {}

  @ParameterizedTest
  @MethodSource("seeds")
  void everyCrashDuringCleaningLeavesEveryByte(long seed) throws Exception {
    InMemoryPool pool = new InMemoryPool();
    TestStore store = TestStore.format(pool);
    Cleaner cleaner = cleaner(store);
    Random random = new Random(~seed);
    ModelDriver driver = new ModelDriver(store, new Model(), seed);
    // Garbage and dedupe to begin with.
    for (int i = 0; i < 60; i++) {
      driver.step();
      if (i % 6 == 0) {
        store.store.checkpoint();
      }
    }
    commitAll(driver);
    pool.recordHistory();
    List<Moment> moments = new ArrayList<>();
    moments.add(new Moment(driver.model.copy(), true, 0, 0, "start"));
    for (int i = 0; i < STEPS; i++) {
      int issued = pool.history().size();
      driver.step();
      moments.add(
          new Moment(
              driver.model.copy(), driver.durable, issued, pool.history().size(), driver.last));
      int what = random.nextInt(12);
      if (what == 0) {
        store.store.checkpoint();
      } else if (what <= 2) {
        round(cleaner);
      }
    }
    cleaner.close();
    store.close();
    int mutations = pool.history().size();
    for (int crash = 0; crash <= mutations; crash++) {
      check(pool.after(crash), crash, moments, seed);
    }
  }

  /** Many lives, each with cleaning, each ended by a crash in the middle of things. */
  @ParameterizedTest
  @MethodSource("seeds")
  void crashesFollowCrashesWhileCleaning(long seed) throws Exception {
    Random random = new Random(seed);
    TestStore store = TestStore.fresh();
    ModelDriver driver = new ModelDriver(store, new Model(), seed);
    for (int life = 0; life < 15; life++) {
      Cleaner cleaner = cleaner(driver.store);
      int steps = 10 + random.nextInt(25);
      for (int i = 0; i < steps; i++) {
        driver.step();
        int what = random.nextInt(8);
        if (what == 0) {
          driver.store.store.checkpoint();
        } else if (what == 1) {
          round(cleaner);
        }
      }
      commitAll(driver);
      assertEquals("", driver.model.difference(driver.store), "seed " + seed + ", life " + life);
      cleaner.close();
      driver.store = random.nextInt(3) == 0 ? driver.store.restart() : driver.store.crash();
      assertEquals("", driver.model.difference(driver.store), "seed " + seed + ", life " + life);
    }
    Cleaner cleaner = cleaner(driver.store);
    exhaust(cleaner, driver.store, "seed " + seed);
    assertEquals("", driver.model.difference(driver.store), "seed " + seed + ", at the end");
    driver.store.close();
  }

  private static void commitAll(ModelDriver driver) {
    for (long id : driver.model.ids(FileType.REGULAR)) {
      TestStore.get(driver.store.store.commit(FileKey.live(id)));
    }
  }

  private static Cleaner cleaner(TestStore store) {
    return SteppedCleaner.of(store.store.reclaim(), _ -> {});
  }

  private static RoundReport round(Cleaner cleaner) throws InterruptedException {
    RoundReport report = cleaner.round();
    ROUNDS.incrementAndGet();
    DELETED.addAndGet(report.deletedContainers());
    MOVED.addAndGet((int) report.movedSlots());
    return report;
  }

  /** Cleans until nothing is left to be had, and looks at what is left. */
  private static void exhaust(Cleaner cleaner, TestStore store, String what) throws Exception {
    RoundReport last = round(cleaner);
    for (int i = 0; i < 60 && (last.chosen() > 0 || !last.walkedAll()); i++) {
      last = round(cleaner);
    }
    assertEquals(0, last.chosen(), what);
    InMemoryPool pool = (InMemoryPool) store.pool;
    long[] bytes = new long[1];
    pool.containers().forEach(id -> bytes[0] += pool.containers().length(id).orElse(0));
    RoundReport end = last;
    assertTrue(
        end.garbageBytes() <= bytes[0] / 9 + (64 << 10),
        () -> what + ": " + end + " of " + bytes[0] + " bytes");
    assertEquals(List.of(), store.store.reclaim().places().condemnedNow(), what);
    assertEquals(List.of(), store.store.reclaim().places().intendedNow(), what);
  }

  private static void check(InMemoryPool pool, int crash, List<Moment> moments, long seed)
      throws Exception {
    CRASHES.incrementAndGet();
    int lowest = 0;
    int highest = 0;
    for (int i = 0; i < moments.size(); i++) {
      Moment moment = moments.get(i);
      if (moment.durable() && moment.answeredAt() <= crash) {
        lowest = i;
      }
      if (moment.issuedAt() < crash) {
        highest = i;
      }
    }
    highest = Math.max(lowest, highest);
    String where = "seed " + seed + ", crash after mutation " + crash;
    TestStore store = TestStore.open(pool);
    try {
      Moment moment = match(store, moments, lowest, highest, where);
      Cleaner cleaner = cleaner(store);
      if (crash % 7 == 0) {
        exhaust(cleaner, store, where);
      } else {
        round(cleaner);
        round(cleaner);
      }
      assertEquals("", moment.model().difference(store), where + ", after cleaning");
      if (crash % 3 == 0) {
        store = store.crash();
        assertEquals("", moment.model().difference(store), where + ", after another crash");
      }
    } finally {
      store.store.halt();
    }
  }

  private static Moment match(
      TestStore store, List<Moment> moments, int lowest, int highest, String where) {
    List<String> differences = new ArrayList<>();
    for (int i = highest; i >= lowest; i--) {
      String different = moments.get(i).model().difference(store);
      if (different.isEmpty()) {
        return moments.get(i);
      }
      differences.add("after " + moments.get(i).what() + ": " + different);
    }
    return fail(where + ": " + differences);
  }
}
