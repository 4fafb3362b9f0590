package org.opendvx.core.pool.local;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.PoolStatus;
import org.opendvx.core.pool.RecordStore;

/** Records over crashes at every step, damage and concurrent changes. */
class LocalRecordStoreTest {
  private static final Epoch EPOCH = SimPool.EPOCH;

  @Test
  void aCrashAtAnyStepOfAWriteLeavesTheOldOrTheNewValueForGood() {
    for (boolean power : new boolean[] {false, true}) {
      int step = 0;
      boolean acknowledged = false;
      while (!acknowledged) {
        acknowledged = crashAfter(step++, power);
      }
      assertTrue(step > 20, "there are many steps: " + step);
    }
  }

  private static boolean crashAfter(int steps, boolean power) {
    try (SimPool sim = SimPool.create(6)) {
      byte[] before = SimPool.bytes(1, 5000);
      byte[] after = SimPool.bytes(2, 6000);
      sim.pool().records().put(EPOCH, "root", 0, before);
      AtomicInteger left = new AtomicInteger(steps);
      for (SimDisk disk : sim.disks()) {
        disk.setFaults(
            (op, name) -> {
              boolean counts =
                  name.startsWith(Layout.RECORDS) && op != SimDisk.Op.READ && op != SimDisk.Op.LOOK;
              if (counts && left.getAndDecrement() <= 0) {
                // From here on nothing happens any more, on any drive.
                sim.disks().forEach(SimDisk::kill);
                throw new IOException("crash");
              }
            });
      }
      boolean acknowledged;
      try {
        sim.pool().records().put(EPOCH, "root", 1, after);
        acknowledged = left.get() > 0;
      } catch (DvxException e) {
        assertEquals(Kind.UNAVAILABLE, e.kind());
        acknowledged = false;
      }
      sim.disks().forEach(disk -> disk.setFaults((_, _) -> {}));
      Random random = new Random(steps);
      if (power) {
        sim.losePower(random);
      } else {
        sim.kill();
      }
      // Some two drives away, then some other two: what was read once stays.
      sim.pull(steps % 6, (steps + 1) % 6);
      RecordStore.VersionedRecord seen = sim.open().records().get("root").orElseThrow();
      assertArrayEquals(seen.version() == 2 ? after : before, seen.value());
      assertTrue(seen.version() == 2 || !acknowledged, "an acknowledged version went away");
      sim.kill();
      sim.putBack(steps % 6, (steps + 1) % 6);
      sim.pull((steps + 3) % 6, (steps + 4) % 6);
      RecordStore.VersionedRecord again = sim.open().records().get("root").orElseThrow();
      assertEquals(seen.version(), again.version());
      assertArrayEquals(seen.value(), again.value());
      return acknowledged;
    }
  }

  @Test
  void aWriteThatFailedHalfWayNeverCompetesWithALaterOneOfTheSameVersion() throws Exception {
    try (SimPool sim = SimPool.create(6)) {
      LocalPool pool = sim.pool();
      pool.records().put(EPOCH, "root", 0, new byte[] {1});
      // Three drives fail while names change: too many, so the outcome is open.
      for (int i = 3; i < 6; i++) {
        sim.disk(i)
            .setFaults(
                (op, name) -> {
                  if (op == SimDisk.Op.RENAME && name.startsWith(Layout.RECORDS)) {
                    throw new IOException("Input/output error");
                  }
                });
      }
      assertEquals(
          Kind.UNAVAILABLE,
          LocalPoolTest.kindOf(() -> pool.records().put(EPOCH, "root", 1, new byte[] {2})));
      sim.disks().forEach(disk -> disk.setFaults((_, _) -> {}));
      SimPool.await("it goes on", () -> pool.status().health() != PoolStatus.Health.FAILED);
      // The first three drives had it already: it has become the value.
      assertEquals(2, pool.records().get("root").orElseThrow().version());
      assertEquals(
          Kind.CONFLICT,
          LocalPoolTest.kindOf(() -> pool.records().put(EPOCH, "root", 1, new byte[] {3})));
      pool.records().put(EPOCH, "root", 2, new byte[] {4});
      SimPool.await("all is well", () -> pool.status().health() == PoolStatus.Health.HEALTHY);
      sim.kill();
      for (int i = 0; i < 6; i++) {
        DriveFolder folder = sim.disk(i).copy().mount();
        RecordFile copy = RecordFile.read(folder, "root");
        assertTrue(copy != null && copy.version() == 3 && copy.value()[0] == 4);
      }
    }
  }

  @Test
  void damagedCopiesAreRepairedFromGoodOnes() throws IOException {
    try (SimPool sim = SimPool.create(6)) {
      byte[] value = SimPool.bytes(3, 2000);
      sim.pool().records().put(EPOCH, "a/b", 0, value);
      for (int i = 0; i < 5; i++) {
        sim.disk(i).flip(RecordFile.path("a/b"), 10 * i + 3);
      }
      assertArrayEquals(value, sim.pool().records().get("a/b").orElseThrow().value());
      for (int i = 0; i < 5; i++) {
        RecordFile copy = RecordFile.read(sim.disk(i).copy().mount(), "a/b");
        assertTrue(copy != null, "repaired on " + i);
      }
      for (int i = 0; i < 6; i++) {
        sim.disk(i).flip(RecordFile.path("a/b"), 100);
      }
      assertEquals(
          Kind.CORRUPT, LocalPoolTest.kindOf(() -> sim.pool().records().get("a/b").orElseThrow()));
      sim.kill();
      sim.open();
      assertEquals(
          Kind.CORRUPT,
          LocalPoolTest.kindOf(() -> sim.pool().records().put(EPOCH, "a/b", 0, value)));
    }
  }

  @Test
  void compareAndSetIsExactUnderThreads() throws InterruptedException {
    try (SimPool sim = SimPool.create(3)) {
      RecordStore records = sim.pool().records();
      int threads = 6;
      int each = 25;
      CountDownLatch done = new CountDownLatch(threads);
      AtomicInteger errors = new AtomicInteger();
      for (int t = 0; t < threads; t++) {
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    for (int i = 0; i < each; i++) {
                      increment(records);
                    }
                  } catch (RuntimeException e) {
                    errors.incrementAndGet();
                  } finally {
                    done.countDown();
                  }
                });
      }
      done.await();
      assertEquals(0, errors.get());
      RecordStore.VersionedRecord end = records.get("counter").orElseThrow();
      assertEquals(threads * each, ByteBuffer.wrap(end.value()).getInt());
      assertEquals((long) threads * each, end.version());
    }
  }

  private static void increment(RecordStore records) {
    while (true) {
      var now = records.get("counter");
      int value = now.map(record -> ByteBuffer.wrap(record.value()).getInt()).orElse(0);
      long version = now.map(RecordStore.VersionedRecord::version).orElse(0L);
      try {
        records.put(EPOCH, "counter", version, ByteBuffer.allocate(4).putInt(value + 1).array());
        return;
      } catch (DvxException e) {
        assertEquals(Kind.CONFLICT, e.kind());
      }
    }
  }

  @Test
  void keysAreListedByPrefix() {
    try (SimPool sim = SimPool.create(1)) {
      RecordStore records = sim.pool().records();
      for (String key : List.of("b", "a/2", "a/1", "ab")) {
        records.put(EPOCH, key, 0, new byte[0]);
      }
      assertEquals(List.of("a/1", "a/2"), records.keys("a/"));
      sim.kill();
      assertEquals(List.of("a/1", "a/2", "ab", "b"), sim.open().records().keys(""));
    }
  }
}
