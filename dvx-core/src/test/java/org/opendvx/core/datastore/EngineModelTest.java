package org.opendvx.core.datastore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.opendvx.core.testing.InMemoryPool;

/**
 * Random operations against a model, with crashes after every mutation of the pool: what was
 * acknowledged is there, the rest is there or not, in order and whole.
 */
class EngineModelTest {
  private static final int STEPS = 120;

  /** Seeds from {@code dvx.test.seed} on, as many as {@code dvx.test.rounds} says. */
  static LongStream seeds() {
    long first = Long.getLong("dvx.test.seed", 1);
    return LongStream.range(first, first + Integer.getInteger("dvx.test.rounds", 4));
  }

  /** The model after some operations. */
  private record Moment(Model model, boolean durable, int issuedAt, int answeredAt, String what) {}

  @ParameterizedTest
  @MethodSource("seeds")
  void everyCrashLeavesAConsistentPrefix(long seed) {
    InMemoryPool pool = new InMemoryPool();
    TestStore store = TestStore.format(pool);
    pool.recordHistory();
    List<Moment> moments = run(store, pool, seed, STEPS);
    store.close();
    int mutations = pool.history().size();
    for (int crash = 0; crash <= mutations; crash++) {
      check(pool.after(crash), crash, moments, seed);
    }
  }

  /** Crashes after a recovery, too: what one process recovered, the next one finds. */
  @ParameterizedTest
  @MethodSource("seeds")
  void crashesFollowCrashes(long seed) {
    Random random = new Random(seed);
    TestStore store = TestStore.fresh();
    ModelDriver driver = new ModelDriver(store, new Model(), seed);
    for (int life = 0; life < 25; life++) {
      int steps = random.nextInt(12);
      for (int i = 0; i < steps; i++) {
        driver.step();
        if (random.nextInt(8) == 0) {
          driver.store.store.checkpoint();
        }
      }
      commitAll(driver);
      driver.store = random.nextInt(3) == 0 ? driver.store.restart() : driver.store.crash();
      assertEquals("", driver.model.difference(driver.store), "seed " + seed + ", life " + life);
    }
    driver.store.close();
  }

  /** Checkpoints one after the other while things change: each is of one moment. */
  @ParameterizedTest
  @MethodSource("seeds")
  void checkpointsDoNotMixMoments(long seed) throws Exception {
    Random random = new Random(seed);
    TestStore store = TestStore.fresh();
    ModelDriver driver = new ModelDriver(store, new Model(), seed);
    for (int life = 0; life < 8; life++) {
      DvxDatastore checkpointed = driver.store.store;
      AtomicBoolean stop = new AtomicBoolean();
      Thread checkpoints =
          Thread.ofPlatform()
              .start(
                  () -> {
                    while (!stop.get()) {
                      checkpointed.checkpoint();
                    }
                  });
      int steps = 60 + random.nextInt(60);
      for (int i = 0; i < steps; i++) {
        driver.step();
      }
      commitAll(driver);
      stop.set(true);
      checkpoints.join();
      driver.store = driver.store.crash();
      assertEquals("", driver.model.difference(driver.store), "seed " + seed + ", life " + life);
    }
    driver.store.close();
  }

  private static void commitAll(ModelDriver driver) {
    for (long id : driver.model.ids(FileType.REGULAR)) {
      TestStore.get(driver.store.store.commit(FileKey.live(id)));
    }
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void longRunsMatchTheModelOverRestarts(long seed) {
    TestStore store = TestStore.fresh();
    ModelDriver driver = new ModelDriver(store, new Model(), seed);
    for (int i = 1; i <= 1500; i++) {
      driver.step();
      if (i % 100 == 0) {
        driver.store.store.checkpoint();
      }
      if (i % 250 == 0) {
        assertEquals("", driver.model.difference(driver.store), "seed " + seed + ", step " + i);
        driver.store = driver.store.restart();
        assertEquals("", driver.model.difference(driver.store), "seed " + seed + ", step " + i);
      }
    }
    driver.store.close();
  }

  private static List<Moment> run(TestStore store, InMemoryPool pool, long seed, int steps) {
    Random random = new Random(~seed);
    ModelDriver driver = new ModelDriver(store, new Model(), seed);
    List<Moment> moments = new ArrayList<>();
    moments.add(new Moment(driver.model.copy(), true, 0, 0, "start"));
    for (int i = 0; i < steps; i++) {
      int issued = pool.history().size();
      driver.step();
      moments.add(
          new Moment(
              driver.model.copy(), driver.durable, issued, pool.history().size(), driver.last));
      if (random.nextInt(12) == 0) {
        store.store.checkpoint();
      }
    }
    return moments;
  }

  private static void check(InMemoryPool pool, int crash, List<Moment> moments, long seed) {
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
    TestStore store = TestStore.open(pool);
    try {
      List<String> differences = new ArrayList<>();
      for (int i = highest; i >= lowest; i--) {
        String different = moments.get(i).model().difference(store);
        if (different.isEmpty()) {
          return;
        }
        differences.add("after " + moments.get(i).what() + ": " + different);
      }
      fail("seed " + seed + ", crash after mutation " + crash + ": " + differences);
    } finally {
      store.store.halt();
    }
  }
}
