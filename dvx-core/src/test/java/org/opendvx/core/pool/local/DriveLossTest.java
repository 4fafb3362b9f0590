package org.opendvx.core.pool.local;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.JournalStore;
import org.opendvx.core.pool.PoolStatus;

/** Drives fail, vanish, hang, fill up and come back, while the pool is used. */
class DriveLossTest {
  private static final Epoch EPOCH = SimPool.EPOCH;

  @Test
  void theOthersAreStampedBeforeAnythingMoreIsAcknowledged() {
    try (SimPool sim = SimPool.create(6)) {
      JournalStore journal = SimPool.replayed(sim.pool());
      journal.append(EPOCH, 1, 1, SimPool.text("a"));
      int mirror = mirrorOf(sim);
      long before = sim.label(mirror).membership().generation();
      AtomicInteger stampsWithin = new AtomicInteger();
      sim.disk(mirror)
          .setFaults(
              (op, name) -> {
                if (op == SimDisk.Op.FORCE && name.startsWith(Layout.JOURNAL)) {
                  stampsWithin.incrementAndGet();
                  throw new SimDisk.LostWrite();
                }
              });
      journal.append(EPOCH, 2, 2, SimPool.text("b"));
      assertTrue(stampsWithin.get() > 0);
      for (int i = 0; i < 6; i++) {
        Membership membership = sim.label(i).membership();
        if (i == mirror) {
          assertEquals(before, membership.generation(), "the evicted drive is left alone");
        } else {
          assertTrue(membership.generation() > before);
          assertFalse(membership.isActive(mirror));
        }
      }
      assertEquals(PoolStatus.DriveState.EVICTED, sim.pool().status().drives().get(mirror).state());
    }
  }

  private static int mirrorOf(SimPool sim) {
    for (int i = 0; i < sim.disks().size(); i++) {
      for (String name : sim.disk(i).names(Layout.JOURNAL + "/")) {
        try {
          for (byte b : sim.disk(i).content(name)) {
            if (b != 0) {
              return i;
            }
          }
        } catch (IOException e) {
          throw new AssertionError(e);
        }
      }
    }
    throw new AssertionError("no mirror");
  }

  @Test
  void drivesThatCannotBeListedAtTheStartCostNothing() {
    try (SimPool sim = SimPool.create(6)) {
      byte[] content = SimPool.bytes(5, 200_000);
      for (long id = 1; id <= 20; id++) {
        sim.pool().containers().put(EPOCH, id, content, content.length);
      }
      sim.kill();
      for (int i = 0; i < 3; i++) {
        sim.disk(i)
            .setFaults(
                (op, name) -> {
                  if (op == SimDisk.Op.LIST && name.equals(Layout.containerFolder(7))) {
                    throw new IOException("Input/output error");
                  }
                });
      }
      assertUnavailable(sim::open, "three of six");
      sim.disks().forEach(disk -> disk.setFaults((_, _) -> {}));
      LocalPool pool = sim.open();
      for (long id = 1; id <= 20; id++) {
        assertArrayEquals(content, LocalPoolTest.read(pool, id, 0, content.length), "" + id);
      }
    }
  }

  @Test
  void anyTwoDrivesMayVanishWhileTheThirdStopsEverythingAndItsReturnMakesAllWell() {
    for (int a = 0; a < 6; a++) {
      for (int b = a + 1; b < 6; b++) {
        vanishing(a, b, (b + 1) % 6 == a ? (b + 2) % 6 : (b + 1) % 6);
      }
    }
  }

  private static void vanishing(int a, int b, int third) {
    String what = a + " and " + b + ", then " + third;
    try (SimPool sim = SimPool.create(6)) {
      LocalPool pool = sim.pool();
      JournalStore journal = SimPool.replayed(pool);
      Map<Long, String> acknowledged = new HashMap<>();
      byte[] content = SimPool.bytes(a * 7 + b, 200_000);
      long version = 0;
      for (long n = 1; n <= 20; n++) {
        if (n == 6) {
          sim.pull(a);
        }
        if (n == 12) {
          sim.pull(b);
        }
        journal.append(EPOCH, n, n, SimPool.text("batch " + n));
        acknowledged.put(n, "batch " + n);
        pool.containers().put(EPOCH, n, content, content.length);
        version = pool.records().put(EPOCH, "root", version, new byte[] {(byte) n});
      }
      for (long n = 1; n <= 20; n++) {
        assertArrayEquals(content, LocalPoolTest.read(pool, n, 0, content.length), what);
      }
      sim.kill();

      pool = sim.open();
      Map<Long, String> replayed = new HashMap<>();
      journal = SimPool.replayed(pool, 1, replayed);
      assertEquals(acknowledged, replayed, what);
      assertEquals(20, pool.records().get("root").orElseThrow().version());
      for (long n = 1; n <= 20; n++) {
        assertArrayEquals(content, LocalPoolTest.read(pool, n, 0, content.length), what);
      }

      sim.pull(third);
      LocalPool open = pool;
      SimPool.await("the loss is seen", () -> open.status().health() == PoolStatus.Health.FAILED);
      long start = System.nanoTime();
      JournalStore stopped = journal;
      assertUnavailable(() -> stopped.append(EPOCH, 21, 21, SimPool.text("no")), what);
      assertUnavailable(() -> open.containers().put(EPOCH, 99, content, content.length), what);
      assertUnavailable(() -> open.containers().delete(EPOCH, 1), what);
      assertUnavailable(() -> open.records().put(EPOCH, "root", 20, new byte[1]), what);
      assertTrue(System.nanoTime() - start < TimeUnit.SECONDS.toNanos(20), "fails quickly");
      assertEquals(20, open.records().get("root").orElseThrow().version(), "reads go on");

      sim.putBack(third);
      SimPool.await("it goes on", () -> open.status().health() == PoolStatus.Health.DEGRADED);
      journal.append(EPOCH, 21, 21, SimPool.text("batch 21"));
      acknowledged.put(21L, "batch 21");
      pool.containers().put(EPOCH, 21, content, content.length);
      sim.pull(third);
      sim.kill();
      assertUnavailable(sim::open, what);
      sim.putBack(third);
      pool = sim.open();
      replayed.clear();
      SimPool.replayed(pool, 1, replayed);
      assertEquals(acknowledged, replayed, what);

      sim.putBack(a, b);
      LocalPool last = pool;
      SimPool.await("all is well", () -> last.status().health() == PoolStatus.Health.HEALTHY);
      for (long n = 1; n <= 21; n++) {
        assertArrayEquals(content, LocalPoolTest.read(pool, n, 0, content.length), what);
      }
      assertEquals(20, pool.records().get("root").orElseThrow().version());
    }
  }

  private static void assertUnavailable(
      org.junit.jupiter.api.function.Executable action, String what) {
    DvxException error = assertThrows(DvxException.class, action, what);
    assertEquals(Kind.UNAVAILABLE, error.kind(), error::render);
  }

  @ParameterizedTest
  @EnumSource(
      value = SimDisk.Op.class,
      names = {"OPEN", "WRITE", "FORCE", "RENAME", "FORCE_DIRECTORY", "LOOK"})
  void anyFailingOperationOfADriveCostsTheDriveAndNothingElse(SimDisk.Op failing) {
    try (SimPool sim = SimPool.create(6)) {
      LocalPool pool = sim.pool();
      JournalStore journal = SimPool.replayed(pool);
      journal.append(EPOCH, 1, 1, SimPool.text("batch"));
      byte[] content = SimPool.bytes(5, 150_000);
      sim.disk(2)
          .setFaults(
              (op, _) -> {
                if (op == failing) {
                  throw failing == SimDisk.Op.FORCE
                      ? new SimDisk.LostWrite()
                      : failing == SimDisk.Op.WRITE
                          ? new SimDisk.TornWrite()
                          : new IOException("Input/output error");
                }
              });
      Map<Long, String> acknowledged = new HashMap<>(Map.of(1L, "batch"));
      for (long n = 2; n < 12; n++) {
        journal.append(EPOCH, n, n, SimPool.text("batch"));
        acknowledged.put(n, "batch");
        pool.containers().put(EPOCH, n, content, content.length);
        pool.records().put(EPOCH, "key-" + n, 0, content);
      }
      SimPool.await(
          "eviction", () -> pool.status().drives().get(2).state() == PoolStatus.DriveState.EVICTED);
      sim.kill();
      sim.disk(2).setFaults((_, _) -> {});
      LocalPool again = sim.open();
      Map<Long, String> replayed = new HashMap<>();
      SimPool.replayed(again, 1, replayed);
      assertEquals(acknowledged, replayed);
      for (long n = 2; n < 12; n++) {
        assertArrayEquals(content, LocalPoolTest.read(again, n, 0, content.length));
        assertArrayEquals(content, again.records().get("key-" + n).orElseThrow().value());
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5})
  void aFullDriveIsNotABrokenOne(int which) {
    try (SimPool sim = SimPool.create(6)) {
      LocalPool pool = sim.pool();
      JournalStore journal = SimPool.replayed(pool);
      journal.append(EPOCH, 1, 1, SimPool.text("batch"));
      sim.disk(which).setFull(true);
      byte[] content = SimPool.bytes(5, 150_000);
      Map<String, byte[]> before = LocalPoolTest.contents(sim);
      assertEquals(
          Kind.NO_SPACE,
          LocalPoolTest.kindOf(() -> pool.containers().put(EPOCH, 1, content, content.length)));
      assertEquals(
          Kind.NO_SPACE, LocalPoolTest.kindOf(() -> pool.records().put(EPOCH, "a", 0, content)));
      assertEquals(before.keySet(), LocalPoolTest.contents(sim).keySet(), "no trace is left");
      journal.append(EPOCH, 2, 2, SimPool.text("the journal is preallocated"));
      assertEquals(PoolStatus.Health.HEALTHY, pool.status().health());
      assertTrue(pool.records().get("a").isEmpty());
      sim.disk(which).setFull(false);
      pool.containers().put(EPOCH, 1, content, content.length);
      pool.records().put(EPOCH, "a", 0, content);
    }
  }

  @Test
  void aFullFileSystemDoesNotStopTheLabelsFromBeingWritten() {
    try (SimPool sim = SimPool.create(6)) {
      sim.disks().forEach(disk -> disk.setFull(true));
      sim.pull(3);
      SimPool.await(
          "eviction",
          () -> sim.pool().status().drives().get(3).state() == PoolStatus.DriveState.EVICTED);
      assertEquals(PoolStatus.Health.DEGRADED, sim.pool().status().health());
    }
  }

  @Test
  void ballastIsGivenUpForLabelsOnAFullFileSystem() {
    try (SimPool sim = SimPool.create(6)) {
      sim.kill();
      DriveCareSettings care = DriveCareSettings.DEFAULT.withBallast(1 << 20, Duration.ZERO);
      sim.configure(config -> config.withCare(care));
      sim.open();
      SimPool.await("ballast", () -> sim.disks().stream().allMatch(disk -> ballast(disk) == 16));
      AtomicInteger[] givenUp = new AtomicInteger[6];
      for (int i = 0; i < 6; i++) {
        SimDisk disk = sim.disk(i);
        AtomicInteger times = new AtomicInteger();
        givenUp[i] = times;
        disk.setFaults(
            (op, name) -> {
              if (op == SimDisk.Op.DELETE && name.startsWith(Layout.BALLAST + "/0")) {
                times.incrementAndGet();
                disk.setFull(false);
              }
            });
      }
      sim.disks().forEach(disk -> disk.setFull(true));
      pullAndAwait(sim, 3);
      assertEquals(0, givenUp[0].get(), "the label was prepared");
      pullAndAwait(sim, 4);
      assertEquals(PoolStatus.Health.DEGRADED, sim.pool().status().health());
      for (int i : new int[] {0, 1, 2, 5}) {
        assertEquals(1, givenUp[i].get());
      }
      SimPool.await("it is made again", () -> ballast(sim.disk(0)) == 16);
      sim.kill();
      sim.disks().forEach(disk -> disk.setFull(true));
      sim.open();
      assertEquals(2, givenUp[0].get());
      assertEquals(PoolStatus.Health.DEGRADED, sim.pool().status().health());
    }
  }

  private static int ballast(SimDisk disk) {
    return (int)
        disk.names(Layout.BALLAST).stream()
            .filter(name -> !name.endsWith(Layout.TEMPORARY))
            .count();
  }

  private static void pullAndAwait(SimPool sim, int drive) {
    sim.pull(drive);
    SimPool.await(
        "eviction",
        () -> sim.pool().status().drives().get(drive).state() == PoolStatus.DriveState.EVICTED);
  }

  @Test
  void aHungDriveIsShutOutAfterTheLimit() throws InterruptedException {
    CountDownLatch release = new CountDownLatch(1);
    try (SimPool sim = SimPool.create(6)) {
      sim.kill();
      sim.configure(config -> config.withTimes(Duration.ofMillis(1500), Duration.ofSeconds(100)));
      LocalPool pool = sim.open();
      JournalStore journal = SimPool.replayed(pool);
      journal.append(EPOCH, 1, 1, SimPool.text("batch"));
      byte[] content = SimPool.bytes(5, 150_000);
      pool.containers().put(EPOCH, 1, content, content.length);
      AtomicBoolean hang = new AtomicBoolean(true);
      sim.disk(4)
          .setFaults(
              (_, _) -> {
                if (hang.get()) {
                  try {
                    release.await();
                  } catch (InterruptedException e) {
                    throw new IOException(e);
                  }
                }
              });
      long start = System.nanoTime();
      assertArrayEquals(content, LocalPoolTest.read(pool, 1, 0, content.length));
      for (long n = 2; n < 6; n++) {
        journal.append(EPOCH, n, n, SimPool.text("batch"));
        pool.containers().put(EPOCH, n, content, content.length);
      }
      assertTrue(System.nanoTime() - start < TimeUnit.SECONDS.toNanos(60));
      assertEquals(PoolStatus.DriveState.EVICTED, pool.status().drives().get(4).state());
      hang.set(false);
      release.countDown();
      sim.kill();
      Map<Long, String> replayed = new HashMap<>();
      SimPool.replayed(sim.open(), 1, replayed);
      assertEquals(5, replayed.size());
    }
  }

  @Test
  void aSlowDriveIsNotShutOut() {
    try (SimPool sim = SimPool.create(6)) {
      sim.disk(1).setFaults((_, _) -> java.util.concurrent.locks.LockSupport.parkNanos(20_000_000));
      JournalStore journal = SimPool.replayed(sim.pool());
      for (long n = 1; n < 4; n++) {
        journal.append(EPOCH, n, n, SimPool.text("batch"));
        sim.pool().records().put(EPOCH, "root", n - 1, new byte[10]);
      }
      assertEquals(PoolStatus.Health.HEALTHY, sim.pool().status().health());
    }
  }

  @Test
  void damagedShardsAreReadThroughParityAndWrittenAnew() throws IOException {
    try (SimPool sim = SimPool.create(6)) {
      LocalPool pool = sim.pool();
      byte[] content = SimPool.bytes(5, 500_000);
      pool.containers().put(EPOCH, 1, content, content.length);
      Map<String, byte[]> before = LocalPoolTest.contents(sim);
      int damaged = 0;
      for (SimDisk disk : sim.disks()) {
        for (String name : disk.names(Layout.CONTAINERS)) {
          ShardName shard = ShardName.parse(name.substring(name.lastIndexOf('/') + 1));
          if (shard != null && shard.shard() == 0) {
            disk.flip(name, ShardHeader.BYTES + 70_000);
            damaged++;
          } else if (shard != null && shard.shard() == 1) {
            disk.remove(name);
            damaged++;
          }
        }
      }
      assertEquals(2, damaged);
      assertArrayEquals(content, LocalPoolTest.read(pool, 1, 0, content.length));
      SimPool.await(
          "repair",
          () -> {
            Map<String, byte[]> now = LocalPoolTest.contents(sim);
            return before.keySet().stream()
                .filter(name -> name.contains(Layout.CONTAINERS))
                .allMatch(name -> Arrays.equals(before.get(name), now.get(name)));
          });
      assertArrayEquals(content, LocalPoolTest.read(pool, 1, 0, content.length));
      assertEquals(PoolStatus.Health.HEALTHY, pool.status().health());
    }
  }

  @Test
  void threeBadShardsAreAnErrorAndNeverWrongBytes() throws IOException {
    try (SimPool sim = SimPool.create(6)) {
      byte[] content = SimPool.bytes(5, 500_000);
      sim.pool().containers().put(EPOCH, 1, content, content.length);
      for (int i = 0; i < 3; i++) {
        for (String name : sim.disk(i).names(Layout.CONTAINERS)) {
          sim.disk(i).flip(name, 10);
        }
      }
      assertEquals(
          Kind.CORRUPT,
          LocalPoolTest.kindOf(() -> LocalPoolTest.read(sim.pool(), 1, 0, content.length)));
    }
  }

  @Test
  void deletedContainersDoNotComeBackWithADrive() {
    try (SimPool sim = SimPool.create(6)) {
      LocalPool pool = sim.pool();
      byte[] content = SimPool.bytes(5, 100_000);
      for (long id = 1; id <= 10; id++) {
        pool.containers().put(EPOCH, id, content, content.length);
      }
      sim.pull(0, 1);
      SimPool.await(
          "eviction", () -> pool.status().drives().get(1).state() != PoolStatus.DriveState.ACTIVE);
      for (long id = 1; id <= 5; id++) {
        pool.containers().delete(EPOCH, id);
      }
      sim.putBack(0, 1);
      SimPool.await("return", () -> pool.status().health() == PoolStatus.Health.HEALTHY);
      assertEquals(5, pool.containers().count());
      SimPool.await(
          "useless shards go",
          () ->
              sim.disk(0).names(Layout.CONTAINERS).size() == 5
                  && sim.disk(1).names(Layout.CONTAINERS).size() == 5);

      // The same over restarts: two drives away, deletions, then two others away.
      sim.pull(2, 3);
      sim.kill();
      sim.open().containers().delete(EPOCH, 6);
      sim.kill();
      sim.putBack(2, 3);
      sim.pull(4, 5);
      LocalPool again = sim.open();
      assertTrue(again.containers().length(6).isEmpty());
      assertEquals(4, again.containers().count());
      for (long id = 7; id <= 10; id++) {
        assertArrayEquals(content, LocalPoolTest.read(again, id, 0, content.length));
      }
    }
  }
}
