package org.opendvx.core.pool.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.PoolStatus;

/** Drives that come back are counted as what they are from the first moment on. */
class ReturnedDriveTest {
  private static final Epoch EPOCH = SimPool.EPOCH;
  private static final byte[] CONTENT = SimPool.bytes(1, 200_000);

  /**
   * Capacity as the file systems have it, measured seldom: a drive that is back has room before.
   */
  private static SimPool create() {
    SimPool sim =
        SimPool.unformatted(6)
            .configure(
                config ->
                    config
                        .withDriveCapacity(0)
                        .withTimes(Duration.ofSeconds(5), Duration.ofMillis(300)));
    LocalPool.create(sim.config());
    sim.open();
    return sim;
  }

  private static long put(LocalPool pool, long from, int count) {
    for (long id = from; id < from + count; id++) {
      pool.containers().put(EPOCH, id, CONTENT, CONTENT.length);
    }
    return from + count;
  }

  @Test
  void aDriveThatIsTakenBackHasRoomAtOnce() {
    try (SimPool sim = create()) {
      LocalPool pool = sim.pool();
      SimPool.replayed(pool);
      long next = put(pool, 1, 10);
      sim.pull(2);
      next = put(pool, next, 10);
      long free = pool.status().capacity().freeBytes();
      sim.putBack(2);
      while (pool.status().health() == PoolStatus.Health.DEGRADED
          && pool.status().drives().get(2).state() != PoolStatus.DriveState.ACTIVE) {
        next = put(pool, next, 1);
        assertTrue(next < 100_000, "it is not taken back");
      }
      long end = System.nanoTime() + Duration.ofMillis(400).toNanos();
      while (System.nanoTime() < end) {
        next = put(pool, next, 1);
        long now = pool.status().capacity().freeBytes();
        assertTrue(now > free / 2, "free bytes fell from " + free + " to " + now);
      }
    }
  }

  @Test
  void aDriveThatIsFoundAgainHasWhatItHad() {
    try (SimPool sim = create()) {
      LocalPool pool = sim.pool();
      SimPool.replayed(pool);
      put(pool, 1, 30);
      sim.pull(0, 1);
      SimPool.await(
          "two are shut out",
          () ->
              sim.pool().status().drives().stream()
                      .filter(drive -> drive.state() == PoolStatus.DriveState.ACTIVE)
                      .count()
                  == 4);
      PoolStatus.Drive before = pool.status().drives().get(2);
      assertTrue(before.shards() > 0 && before.usedBytes() > 0);
      sim.pull(2);
      SimPool.await(
          "the loss is seen", () -> sim.pool().status().health() == PoolStatus.Health.FAILED);
      sim.putBack(2);
      SimPool.await("it goes on", () -> sim.pool().status().health() == PoolStatus.Health.DEGRADED);
      PoolStatus.Drive after = pool.status().drives().get(2);
      assertEquals(before.shards(), after.shards());
      assertTrue(pool.status().capacity().freeBytes() > 1 << 20, "it has room");
      put(pool, 100, 5);
    }
  }
}
