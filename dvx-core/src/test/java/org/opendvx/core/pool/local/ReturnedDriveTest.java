package org.opendvx.core.pool.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.PoolStatus;
import org.slf4j.LoggerFactory;

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
  void aDamagedLabelIsToldOnceNotWithEveryLook() throws IOException {
    Logger log = (Logger) LoggerFactory.getLogger(DriveFinder.class);
    ListAppender<ILoggingEvent> told = new ListAppender<>();
    try (SimPool sim = SimPool.create(6)) {
      told.start();
      log.addAppender(told);
      sim.pull(2);
      SimPool.await(
          "it is shut out",
          () -> sim.pool().status().drives().get(2).state() == PoolStatus.DriveState.EVICTED);
      SimDisk disk = sim.disk(2);
      disk.overwrite(Layout.LABEL, 0, (byte) 0, disk.size(Layout.LABEL));
      AtomicInteger looks = new AtomicInteger();
      disk.setFaults(
          (op, name) -> {
            if (op == SimDisk.Op.OPEN && name.equals(Layout.LABEL)) {
              looks.incrementAndGet();
            }
          });
      sim.putBack(2);
      SimPool.await("it is looked at", () -> looks.get() >= 5);
      assertEquals(
          1,
          List.copyOf(told.list).stream()
              .filter(event -> event.getFormattedMessage().contains("is damaged"))
              .count());
    } finally {
      log.detachAppender(told);
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
