package org.opendvx.core.pool.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.PoolStatus;

/** Shards that cannot be removed when they should be: counted, known, and in nobody's way. */
@Timeout(120)
class LeftoverShardsTest {
  private static final Epoch EPOCH = SimPool.EPOCH;

  private static List<String> shardFiles(SimPool sim, int drive) {
    return sim.disk(drive).names(Layout.CONTAINERS + "/").stream()
        .filter(name -> ShardName.parse(name.substring(name.lastIndexOf('/') + 1)) != null)
        .toList();
  }

  /** What is counted on every drive in use is what is there. */
  private static void checkCounts(SimPool sim, Map<Integer, Long> journal) throws IOException {
    for (PoolStatus.Drive drive : sim.pool().status().drives()) {
      if (drive.state() != PoolStatus.DriveState.ACTIVE) {
        continue;
      }
      List<String> files = shardFiles(sim, drive.index());
      long bytes = 0;
      for (String file : files) {
        bytes += sim.disk(drive.index()).size(file);
      }
      assertEquals(files.size(), drive.shards(), "shards on " + drive.index());
      assertEquals(
          bytes + journal.getOrDefault(drive.index(), 0L),
          drive.usedBytes(),
          "bytes on " + drive.index());
    }
  }

  private static void failDeletes(SimDisk disk, AtomicInteger times) {
    disk.setFaults(
        (op, name) -> {
          if (op == SimDisk.Op.DELETE
              && name.startsWith(Layout.CONTAINERS)
              && times.getAndDecrement() > 0) {
            throw new IOException("No space left on device");
          }
        });
  }

  @Test
  void aDeleteThatIsRepeatedCountsOnce() throws IOException {
    try (SimPool sim = SimContainers.pool(6)) {
      Map<Long, byte[]> contents = SimContainers.fill(sim, 1, 20, 30_000);
      Map<Integer, Long> journal = new HashMap<>();
      checkCounts(sim, journal);
      AtomicInteger times = new AtomicInteger(Integer.MAX_VALUE);
      failDeletes(sim.disk(3), times);
      for (int i = 0; i < 3; i++) {
        DvxException refused =
            assertThrows(DvxException.class, () -> sim.pool().containers().delete(EPOCH, 7));
        assertEquals(Kind.NO_SPACE, refused.kind());
        checkCounts(sim, journal);
      }
      times.set(0);
      sim.pool().containers().delete(EPOCH, 7);
      sim.pool().containers().delete(EPOCH, 7);
      contents.remove(7L);
      checkCounts(sim, journal);
      SimContainers.check(sim, contents);
      assertTrue(shardFiles(sim, 3).stream().noneMatch(name -> name.contains("000000000007.")));
      sim.kill();
      sim.open();
      checkCounts(sim, journal);
      SimContainers.check(sim, contents);
    }
  }

  @Test
  void whatADriveKeepsThatIsToLeaveIsNotInItsWay() throws IOException {
    try (SimPool sim = SimContainers.pool(12)) {
      Map<Long, byte[]> contents = SimContainers.fill(sim, 1, 40, 30_000);
      failDeletes(sim.disk(2), new AtomicInteger(Integer.MAX_VALUE));
      sim.pool().care().remove(2);
      SimPool.await("it is gone", () -> sim.pool().status().drives().size() == 11);
      SimContainers.check(sim, contents);
    }
  }

  @Test
  void aShardThatCouldNotBeRemovedForAWhileIsGoneWithoutARestart() throws IOException {
    try (SimPool sim = SimContainers.pool(12)) {
      Map<Long, byte[]> contents = SimContainers.fill(sim, 1, 60, 30_000);
      // Moves to a new drive leave shards behind on one of the others.
      AtomicInteger times = new AtomicInteger(5);
      failDeletes(sim.disk(4), times);
      SimDisk spare = sim.spare();
      int added = sim.pool().care().add(spare.root());
      SimPool.await(
          "it is balanced",
          () ->
              sim.pool().care().status().balance().startedMillis() > 0
                  && sim.pool().care().status().balance().phase() == CareStatus.Phase.IDLE);
      assertTrue(shardFiles(sim, added).size() > 5);
      SimPool.await("what was left behind is gone", () -> countsAgree(sim));
      SimContainers.check(sim, contents);
      // Another one is lost and replaced: nothing stands in the way.
      sim.pull(7);
      SimPool.await(
          "it is shut out",
          () -> sim.pool().status().drives().get(7).state() == PoolStatus.DriveState.EVICTED);
      SimDisk another = sim.spare();
      sim.pool().care().replace(7, another.root());
      SimPool.await(
          "it is filled and counts again",
          () ->
              sim.pool().status().degradedContainers() == 0
                  && !sim.pool().status().summary().contains("being filled"));
      SimContainers.check(sim, contents);
    }
  }

  private static boolean countsAgree(SimPool sim) {
    try {
      checkCounts(sim, Map.of());
      int files = 0;
      for (int i = 0; i < sim.disks().size(); i++) {
        files += shardFiles(sim, i).size();
      }
      return files == 59 * 10;
    } catch (IOException | AssertionError _) {
      return false;
    }
  }

  /** Shards of another container that are slow to write do not hold up changes. */
  @Test
  void publishingAMendedShardDoesNotWaitForTheWritesOfOthers() throws Exception {
    try (SimPool sim = SimContainers.pool(12)) {
      Map<Long, byte[]> contents = SimContainers.fill(sim, 1, 40, 30_000);
      sim.pull(1);
      SimPool.await(
          "it is shut out",
          () -> sim.pool().status().drives().get(1).state() == PoolStatus.DriveState.EVICTED);
      AtomicBoolean late = new AtomicBoolean();
      for (SimDisk disk : sim.disks()) {
        CountDownLatch published = new CountDownLatch(1);
        AtomicInteger writes = new AtomicInteger();
        disk.setFaults(
            (op, name) -> {
              if (op == SimDisk.Op.RENAME && name.startsWith(Layout.CONTAINERS)) {
                published.countDown();
              }
              if (op == SimDisk.Op.WRITE && name.contains(".fix") && writes.incrementAndGet() > 1) {
                await(published, late);
              }
            });
      }
      sim.pool().care().rebuildNow();
      SimPool.await(
          "every container has its shards", () -> sim.pool().status().degradedContainers() == 0);
      assertTrue(!late.get(), "a shard was published only after the write of another one");
      SimContainers.check(sim, contents);
    }
  }

  private static void await(CountDownLatch published, AtomicBoolean late) throws IOException {
    try {
      if (!published.await(3, TimeUnit.SECONDS)) {
        late.set(true);
      }
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }
}
