package org.opendvx.core.pool.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.PoolStatus;

/** What is deleted while a drive is away stays deleted, and remembering it costs little. */
@Timeout(120)
class DeletedWhileAwayTest {
  private static final Epoch EPOCH = SimPool.EPOCH;

  private static void pullAndAwait(SimPool sim, int drive) {
    sim.pull(drive);
    SimPool.await(
        "it is shut out",
        () -> sim.pool().status().drives().get(drive).state() == PoolStatus.DriveState.EVICTED);
  }

  private static void awaitAll(SimPool sim) {
    SimPool.await(
        "all are in use",
        () ->
            sim.pool().status().drives().stream()
                .allMatch(drive -> drive.state() == PoolStatus.DriveState.ACTIVE));
  }

  private static boolean remembers(SimPool sim, int drive) {
    return sim.disk(drive).names(Layout.GRAVES).contains(Layout.GRAVES);
  }

  private static List<String> tombstones(SimPool sim, int drive) {
    return sim.disk(drive).names(Layout.CONTAINERS).stream()
        .filter(name -> name.endsWith(".gone"))
        .toList();
  }

  @ParameterizedTest
  @ValueSource(ints = {3, 6, 12})
  void isOneFileOfAFewBytesEach(int drives) throws Exception {
    try (SimPool sim = SimContainers.pool(drives)) {
      Map<Long, byte[]> contents = SimContainers.fill(sim, 1, 120, 3_000);
      pullAndAwait(sim, 1);
      AtomicInteger forced = new AtomicInteger();
      sim.disk(0)
          .setFaults(
              (op, name) -> {
                if (op == SimDisk.Op.FORCE && name.startsWith(Layout.GRAVES)) {
                  forced.incrementAndGet();
                }
                // So that others come to wait meanwhile.
                if (op == SimDisk.Op.FORCE && name.equals(Layout.GRAVES)) {
                  java.util.concurrent.locks.LockSupport.parkNanos(5_000_000);
                }
              });
      try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
        List<Future<?>> deletes = new java.util.ArrayList<>();
        for (long id = 10; id < 90; id++) {
          long gone = id;
          contents.remove(gone);
          deletes.add(threads.submit(() -> sim.pool().containers().delete(EPOCH, gone)));
        }
        for (Future<?> delete : deletes) {
          var _ = delete.get();
        }
      }
      assertEquals(80 * Graves.ENTRY, sim.disk(0).size(Layout.GRAVES));
      assertEquals(List.of(), tombstones(sim, 0));
      assertTrue(forced.get() < 60, () -> forced + " times forced");
      SimContainers.check(sim, contents);
      sim.kill();
      sim.open();
      SimContainers.check(sim, contents);
      sim.pool().containers().delete(EPOCH, 100);
      contents.remove(100L);
      assertEquals(81 * Graves.ENTRY, sim.disk(0).size(Layout.GRAVES));
      sim.putBack(1);
      awaitAll(sim);
      SimContainers.check(sim, contents);
      SimPool.await("nothing is remembered any more", () -> !remembers(sim, 0));
      sim.kill();
      sim.open();
      SimContainers.check(sim, contents);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {5, 6, 12})
  void isNotRememberedOnceEverythingIsWholeWithoutTheDrive(int drives) {
    try (SimPool sim = SimContainers.pool(drives)) {
      Map<Long, byte[]> contents = SimContainers.fill(sim, 1, 60, 3_000);
      pullAndAwait(sim, 1);
      for (long id = 1; id < 10; id++) {
        sim.pool().containers().delete(EPOCH, id);
        contents.remove(id);
      }
      assertTrue(remembers(sim, 0));
      sim.pool().care().rebuildNow();
      SimPool.await("it is given up", () -> !remembers(sim, 0));
      assertEquals(0, sim.pool().status().degradedContainers());
      for (long id = 10; id < 20; id++) {
        sim.pool().containers().delete(EPOCH, id);
        contents.remove(id);
      }
      assertFalse(remembers(sim, 0));
      sim.kill();
      sim.open();
      sim.pool().containers().delete(EPOCH, 20);
      contents.remove(20L);
      assertFalse(remembers(sim, 0), "it was forgotten that the drive is given up");
      SimContainers.check(sim, contents);
      sim.putBack(1);
      awaitAll(sim);
      SimContainers.check(sim, contents);
      // The next time it is away, it has what is wanted.
      contents.putAll(SimContainers.fill(sim, 200, 240, 3_000));
      pullAndAwait(sim, 1);
      sim.pool().containers().delete(EPOCH, 210);
      contents.remove(210L);
      assertTrue(remembers(sim, 0));
      sim.putBack(1);
      awaitAll(sim);
      sim.kill();
      sim.open();
      SimContainers.check(sim, contents);
    }
  }

  /** With the drive back among few others, whose shards are needed. */
  @Test
  void aDriveThatWasGivenUpHelpsToOpenThePool() {
    try (SimPool sim = SimContainers.pool(6)) {
      Map<Long, byte[]> contents = SimContainers.fill(sim, 1, 40, 3_000);
      pullAndAwait(sim, 0);
      pullAndAwait(sim, 1);
      sim.pool().care().rebuildNow();
      SimPool.await("everything is whole", () -> sim.pool().status().degradedContainers() == 0);
      sim.pool().containers().delete(EPOCH, 5);
      contents.remove(5L);
      contents.putAll(SimContainers.fill(sim, 60, 80, 3_000));
      sim.kill();
      sim.putBack(0, 1);
      sim.pull(2, 3);
      sim.open();
      SimContainers.check(sim, contents);
      sim.putBack(2, 3);
      awaitAll(sim);
      SimContainers.check(sim, contents);
    }
  }

  /** What was deleted unremembered does not come back with it, nor by a crash on the way. */
  @ParameterizedTest
  @ValueSource(ints = {4, 5, 6, 8})
  void whatIsGoneIsRemovedBeforeADriveThatWasGivenUpHelpsToOpen(int drives) {
    int[] away = drives < 5 ? new int[] {drives - 1} : new int[] {drives - 1, drives - 2};
    int back = away[0];
    try (SimPool sim = SimContainers.pool(drives)) {
      Map<Long, byte[]> contents = SimContainers.fill(sim, 1, 40, 3_000);
      for (int drive : away) {
        pullAndAwait(sim, drive);
      }
      sim.pool().containers().delete(EPOCH, 39);
      contents.remove(39L);
      sim.pool().care().rebuildNow();
      SimPool.await("they are given up", () -> !remembers(sim, 0));
      for (long id = 1; id < 20; id++) {
        sim.pool().containers().delete(EPOCH, id);
        contents.remove(id);
      }
      assertFalse(remembers(sim, 0));
      sim.kill();
      assertTrue(shardsBelow20(sim, back) > 0);
      sim.putBack(back);
      sim.pull(0);
      AtomicInteger whenStamped = new AtomicInteger(-1);
      sim.disk(1)
          .setFaults(
              (op, name) -> {
                if (op == SimDisk.Op.RENAME && name.equals(Layout.LABEL)) {
                  whenStamped.set(shardsBelow20(sim, back));
                }
              });
      sim.open();
      assertEquals(0, whenStamped.get(), "a crash then would bring them back");
      SimContainers.check(sim, contents);
      sim.pool().containers().delete(EPOCH, 20);
      contents.remove(20L);
      assertTrue(remembers(sim, 1));
      sim.pool().care().rebuildNow();
      SimPool.await("what is away now is given up", () -> !remembers(sim, 1));
      SimContainers.check(sim, contents);
      sim.putBack(0);
      sim.putBack(away);
      awaitAll(sim);
      SimContainers.check(sim, contents);
      sim.kill();
      sim.open();
      SimContainers.check(sim, contents);
    }
  }

  private static int shardsBelow20(SimPool sim, int drive) {
    int found = 0;
    for (String name : sim.disk(drive).names(Layout.CONTAINERS)) {
      ShardName shard = ShardName.parse(name.substring(name.lastIndexOf('/') + 1));
      found += shard != null && shard.containerId() < 20 ? 1 : 0;
    }
    return found;
  }

  @Test
  void aTornEntryIsLeftOutAndTheOthersCount() throws IOException {
    SimDisk disk = new SimDisk(java.nio.file.Path.of("/sim/graves"), "fs");
    DriveFolder folder = disk.mount();
    assertEquals(List.of(), Graves.read(folder));
    try (DriveFile file = folder.open(Layout.GRAVES, true)) {
      file.write(Graves.encode(List.of(5L, 70_000_000_000L, 9L)), 0);
      file.write(Graves.encode(List.of(11L)).limit(9), 3L * Graves.ENTRY);
    }
    assertEquals(List.of(5L, 70_000_000_000L, 9L), Graves.read(folder));
    disk.flip(Layout.GRAVES, Graves.ENTRY + 6);
    assertEquals(List.of(5L, 9L), Graves.read(folder));
  }
}
