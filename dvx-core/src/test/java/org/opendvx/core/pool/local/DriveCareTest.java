package org.opendvx.core.pool.local;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.PoolStatus;

/** Drives are rebuilt, replaced, added, removed and scrubbed while the pool is used. */
class DriveCareTest {
  private static final Epoch EPOCH = SimPool.EPOCH;
  private static final long FAST = 1L << 32;

  private static SimPool pool(int drives, Duration delay) {
    SimPool sim = SimPool.unformatted(drives);
    sim.configure(
        config ->
            config.withCare(
                DriveCareSettings.DEFAULT.withRebuild(delay, FAST).withScrub(Duration.ZERO, FAST)));
    LocalPool.create(sim.config());
    sim.open();
    return sim;
  }

  private static Map<Long, byte[]> fill(SimPool sim, int from, int to) {
    Map<Long, byte[]> contents = new HashMap<>();
    for (long id = from; id < to; id++) {
      byte[] content = SimPool.bytes(id, 30_000 + (int) id * 37);
      sim.pool().containers().put(EPOCH, id, content, content.length);
      contents.put(id, content);
    }
    return contents;
  }

  private static void check(SimPool sim, Map<Long, byte[]> contents) {
    contents.forEach(
        (id, content) ->
            assertArrayEquals(content, LocalPoolTest.read(sim.pool(), id, 0, content.length)));
    assertEquals(contents.size(), sim.pool().containers().count());
  }

  private static void awaitWhole(SimPool sim) {
    SimPool.await(
        "every container has its shards",
        () ->
            sim.pool().status().degradedContainers() == 0
                && sim.pool().care().status().rebuild().phase() == CareStatus.Phase.IDLE);
  }

  /** Reads through every pair of lost drives. */
  private static void checkWithoutAnyTwo(SimPool sim, Map<Long, byte[]> contents) {
    List<PoolStatus.Drive> drives = sim.pool().status().drives();
    assertEquals(2, sim.pool().status().toleratedLosses(), () -> sim.pool().status().summary());
    for (PoolStatus.Drive drive : drives) {
      // What a drive that came back has for nothing is taken off it in the background.
      SimPool.await(
          "shards counted on " + drive.index() + " are those that it has",
          () -> shardFiles(sim, drive) == shardsCounted(sim, drive.index()));
    }
    check(sim, contents);
  }

  private static long shardsCounted(SimPool sim, int index) {
    return sim.pool().status().drives().stream()
        .filter(drive -> drive.index() == index)
        .mapToLong(PoolStatus.Drive::shards)
        .sum();
  }

  private static long shardFiles(SimPool sim, PoolStatus.Drive drive) {
    return sim.disks().stream()
        .filter(disk -> disk.root().toString().equals(drive.path()))
        .flatMap(disk -> disk.names(Layout.CONTAINERS + "/").stream())
        .filter(name -> ShardName.parse(name.substring(name.lastIndexOf('/') + 1)) != null)
        .count();
  }

  @ParameterizedTest
  @ValueSource(ints = {5, 6, 12, 14})
  void whatALostDriveHadIsRebuiltOnTheOthers(int drives) {
    try (SimPool sim = pool(drives, Duration.ZERO)) {
      Map<Long, byte[]> contents = fill(sim, 1, 40);
      sim.pull(1);
      SimPool.await(
          "it is shut out",
          () ->
              sim.pool().status().degradedContainers() > 0
                  || sim.pool().status().drives().get(1).state() == PoolStatus.DriveState.EVICTED);
      awaitWhole(sim);
      check(sim, contents);
      sim.pull(0, 2);
      check(sim, contents);
      sim.putBack(0);
      // Its old shards are of no use, and are taken off before it is used again.
      sim.putBack(1, 2);
      SimPool.await(
          "all are back",
          () ->
              sim.pool().status().drives().stream()
                  .allMatch(drive -> drive.state() == PoolStatus.DriveState.ACTIVE));
      awaitWhole(sim);
      checkWithoutAnyTwo(sim, contents);
    }
  }

  @Test
  void aDriveThatIsAwayForAMomentIsNotRebuilt() {
    try (SimPool sim = pool(12, Duration.ofHours(1))) {
      Map<Long, byte[]> contents = fill(sim, 1, 20);
      sim.pull(3);
      SimPool.await(
          "the rebuild waits",
          () ->
              sim.pool().care().status().rebuild().phase() == CareStatus.Phase.WAITING
                  && sim.pool().status().degradedContainers() > 0);
      sim.putBack(3);
      awaitWhole(sim);
      assertEquals(0, sim.pool().care().status().rebuild().bytes());
      sim.pull(3);
      SimPool.await("it is lost", () -> sim.pool().status().degradedContainers() > 0);
      sim.pool().care().rebuildNow();
      awaitWhole(sim);
      assertTrue(sim.pool().care().status().rebuild().bytes() > 0);
      check(sim, contents);
    }
  }

  @Test
  void containersThatLackTwoShardsComeFirst() {
    try (SimPool sim = pool(14, Duration.ofHours(1))) {
      fill(sim, 1, 120);
      sim.pull(0, 1);
      SimPool.await(
          "both are lost",
          () ->
              sim.pool().status().drives().stream()
                      .filter(drive -> drive.state() == PoolStatus.DriveState.EVICTED)
                      .count()
                  == 2);
      Map<Long, Integer> missing = new HashMap<>();
      for (int lost : new int[] {0, 1}) {
        for (String name : sim.disk(lost).names(Layout.CONTAINERS + "/")) {
          ShardName shard = ShardName.parse(name.substring(name.lastIndexOf('/') + 1));
          if (shard != null) {
            missing.merge(shard.containerId(), 1, Integer::sum);
          }
        }
      }
      long urgent = missing.values().stream().filter(count -> count == 2).count();
      assertTrue(urgent > 10 && urgent < missing.size());
      List<Long> order = Collections.synchronizedList(new ArrayList<>());
      for (SimDisk disk : sim.disks()) {
        disk.setFaults(
            (op, name) -> {
              String file = name.substring(name.lastIndexOf('/') + 1);
              ShardName shard = ShardName.parse(file);
              if (op == SimDisk.Op.RENAME && shard != null) {
                order.add(shard.containerId());
              }
            });
      }
      sim.pool().care().rebuildNow();
      awaitWhole(sim);
      int lastUrgent = 0;
      int firstOther = order.size();
      for (int i = 0; i < order.size(); i++) {
        if (missing.getOrDefault(order.get(i), 0) == 2) {
          lastUrgent = i;
        } else {
          firstOther = Math.min(firstOther, i);
        }
      }
      // Those of one slice are mended at the same time.
      assertTrue(lastUrgent < firstOther + 64, lastUrgent + " " + firstOther);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {3, 5, 6, 12})
  void anEmptyFolderTakesThePlaceOfALostDrive(int drives) {
    try (SimPool sim = pool(drives, Duration.ofHours(1))) {
      Map<Long, byte[]> contents = fill(sim, 1, 30);
      long version = sim.pool().records().put(EPOCH, "root", 0, new byte[] {1});
      assertEquals(
          Kind.CONFLICT,
          assertThrows(DvxException.class, () -> sim.pool().care().replace(1, sim.disk(1).root()))
              .kind());
      sim.pull(1);
      SimPool.await(
          "it is shut out",
          () -> sim.pool().status().drives().get(1).state() == PoolStatus.DriveState.EVICTED);
      contents.putAll(fill(sim, 30, 40));
      sim.pool().containers().delete(EPOCH, 5);
      contents.remove(5L);
      SimDisk spare = sim.spare();
      sim.pool().care().replace(1, spare.root());
      PoolStatus.Drive now = sim.pool().status().drives().get(1);
      assertEquals(PoolStatus.DriveState.ACTIVE, now.state());
      assertEquals(spare.root().toString(), now.path());
      awaitWhole(sim);
      assertTrue(shardFiles(sim, sim.pool().status().drives().get(1)) > 0);
      version = sim.pool().records().put(EPOCH, "root", version, new byte[] {2});

      // The old one comes back, with old records and a shard of what was deleted.
      sim.putBack(1);
      sim.kill();
      sim.open();
      check(sim, contents);
      assertEquals(version, sim.pool().records().get("root").orElseThrow().version());
      assertEquals(
          spare.root().toString(), sim.pool().status().drives().get(1).path(), "the old one");
      SimPool.await(
          "all are in use",
          () ->
              sim.pool().status().health() == PoolStatus.Health.HEALTHY
                  || sim.pool().status().drives().size() < 5);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {4, 6, 12})
  void anAddedDriveGetsItsShareAndHardlyMoreIsMoved(int drives) {
    try (SimPool sim = pool(drives, Duration.ZERO)) {
      Map<Long, byte[]> contents = fill(sim, 1, 200);
      int index = sim.pool().care().add(sim.spare().root());
      assertEquals(drives, index);
      SimPool.await(
          "it is balanced",
          () ->
              sim.pool().care().status().balance().startedMillis() > 0
                  && sim.pool().care().status().balance().phase() == CareStatus.Phase.IDLE);
      CareStatus.Work work = sim.pool().care().status().balance();
      double ratio = (double) work.done() / work.total();
      System.out.println(
          drives + " drives and one: " + work.done() + " bytes moved, ratio " + ratio);
      assertTrue(ratio > 0.8 && ratio < 1.1, "ratio " + ratio);
      long most = 0;
      long least = Long.MAX_VALUE;
      for (PoolStatus.Drive drive : sim.pool().status().drives()) {
        most = Math.max(most, drive.shards());
        least = Math.min(least, drive.shards());
      }
      assertTrue(least > most * 0.8, least + " of " + most);
      check(sim, contents);
      sim.kill();
      sim.open();
      awaitWhole(sim);
      assertEquals(drives + 1, sim.pool().status().drives().size());
      checkWithoutAnyTwo(sim, contents);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {5, 6, 12})
  void aDriveInUseIsEmptiedAndRemoved(int drives) {
    try (SimPool sim = pool(drives, Duration.ofHours(1))) {
      Map<Long, byte[]> contents = fill(sim, 1, 60);
      sim.pool().care().remove(2);
      contents.putAll(fill(sim, 60, 80));
      SimPool.await("it is gone", () -> sim.pool().status().drives().size() == drives - 1);
      awaitWhole(sim);
      check(sim, contents);
      SimPool.await(
          "its label is taken off",
          () -> sim.disk(2).names(Layout.LABEL).contains(Layout.LABEL_REMOVED));
      assertFalse(sim.disk(2).names(Layout.LABEL).contains(Layout.LABEL));
      sim.kill();
      sim.open();
      assertEquals(drives - 1, sim.pool().status().drives().size());
      assertEquals(
          PoolStatus.Health.HEALTHY,
          drives == 5 ? PoolStatus.Health.HEALTHY : sim.pool().status().health());
      check(sim, contents);
    }
  }

  @Test
  void aLostDriveIsRemovedOnceItsShardsAreElsewhere() {
    try (SimPool sim = pool(7, Duration.ofHours(1))) {
      Map<Long, byte[]> contents = fill(sim, 1, 60);
      sim.pull(4);
      SimPool.await(
          "it is shut out",
          () -> sim.pool().status().drives().get(4).state() == PoolStatus.DriveState.EVICTED);
      sim.pool().care().remove(4);
      SimPool.await("it is gone", () -> sim.pool().status().drives().size() == 6);
      checkWithoutAnyTwo(sim, contents);
      sim.putBack(4);
      sim.kill();
      sim.open();
      assertEquals(6, sim.pool().status().drives().size());
      checkWithoutAnyTwo(sim, contents);
    }
  }

  @Test
  void drivesThatLeaveTogetherAreShutOutOneByOne() {
    try (SimPool sim = pool(8, Duration.ofHours(1))) {
      Map<Long, byte[]> contents = fill(sim, 1, 40);
      List.of(1, 3, 4).forEach(sim.pool().care()::remove);
      SimPool.await(
          "they are gone",
          () -> {
            PoolStatus status = sim.pool().status();
            assertTrue(
                status.drives().stream()
                        .filter(drive -> drive.state() != PoolStatus.DriveState.ACTIVE)
                        .count()
                    < 2,
                status::summary);
            return status.drives().size() == 5;
          });
      checkWithoutAnyTwo(sim, contents);
    }
  }

  /**
   * Lost, it would take two shards of a container along: what the place had, and what was moved.
   */
  @Test
  void whatLacksAShardIsNotMovedToADriveThatIsBeingFilled() {
    try (SimPool sim = pool(7, Duration.ofHours(1))) {
      Map<Long, byte[]> contents = fill(sim, 1, 10);
      for (int drive : new int[] {0, 1}) {
        sim.pull(drive);
        SimPool.await("it is shut out", () -> state(sim, drive) == PoolStatus.DriveState.EVICTED);
      }
      sim.pool().care().replace(0, sim.spare().root());
      LocalContainerStore containers = (LocalContainerStore) sim.pool().containers();
      Drive filling = requireNonNull(containers.redundancy().view().drive(0));
      for (long id : containers.index().sortedIds()) {
        ContainerEntry entry = requireNonNull(containers.index().get(id));
        int shard = DriveSet.shardOn(entry.drives(), entry.shape().shards(), 3);
        assertEquals(
            Mender.Result.FAILED, containers.mender().move(entry, shard, filling).result());
      }
      sim.putBack(1);
      SimPool.await("it is back", () -> state(sim, 1) == PoolStatus.DriveState.ACTIVE);
      awaitWhole(sim);
      checkWithoutAnyTwo(sim, contents);
    }
  }

  private static PoolStatus.DriveState state(SimPool sim, int index) {
    return sim.pool().status().drives().get(index).state();
  }

  @Test
  void threeDrivesAreTheFewest() {
    try (SimPool sim = pool(3, Duration.ZERO)) {
      DvxException refused = assertThrows(DvxException.class, () -> sim.pool().care().remove(0));
      assertEquals(Kind.CONFLICT, refused.kind());
      assertEquals(
          Kind.NOT_FOUND,
          assertThrows(DvxException.class, () -> sim.pool().care().remove(9)).kind());
    }
  }

  @Test
  void ballastHasAnUpperBound() {
    DriveCareSettings most =
        DriveCareSettings.DEFAULT.withBallast(DriveCareSettings.MOST_BALLAST, Duration.ZERO);
    assertEquals(16L << 30, most.ballast());
    DvxException refused =
        assertThrows(
            DvxException.class,
            () -> most.withBallast(DriveCareSettings.MOST_BALLAST + 1, Duration.ZERO));
    assertEquals(Kind.INVALID, refused.kind());
  }

  @Test
  void aScrubFindsFlippedBitsAndRepairsThem() throws IOException {
    long seed = System.nanoTime();
    System.out.println("bit flips, seed " + seed);
    Random random = new Random(seed);
    try (SimPool sim = pool(6, Duration.ZERO)) {
      Map<Long, byte[]> contents = fill(sim, 1, 40);
      Set<String> damaged = new HashSet<>();
      for (int i = 0; i < 8; i++) {
        int drive = random.nextInt(6);
        List<String> names =
            sim.disk(drive).names(Layout.CONTAINERS + "/").stream()
                .filter(name -> !name.endsWith(Layout.TEMPORARY))
                .toList();
        String name = names.get(random.nextInt(names.size()));
        ShardName shard = ShardName.parse(name.substring(name.lastIndexOf('/') + 1));
        if (shard == null
            || damaged.stream().filter(d -> d.contains(" " + shard.containerId() + " ")).count()
                >= 2) {
          continue;
        }
        int offset = random.nextInt(sim.disk(drive).size(name));
        if (i == 0) {
          sim.disk(drive).remove(name);
          offset = 0;
        } else {
          sim.disk(drive).flip(name, offset);
        }
        long block =
            offset < ShardHeader.BYTES
                ? 0
                : ShardHeader.BYTES
                    + (offset - ShardHeader.BYTES)
                        / ShardHeader.CRC_BLOCK
                        * (long) ShardHeader.CRC_BLOCK;
        if (damaged.stream().noneMatch(d -> d.startsWith(drive + " " + shard.containerId()))) {
          damaged.add(drive + " " + shard.containerId() + " " + shard.shard() + " " + block);
        } else {
          sim.disk(drive).flip(name, offset);
        }
      }
      sim.pool().care().scrub();
      SimPool.await(
          "it is scrubbed", () -> sim.pool().care().status().scrub().finishedMillis() > 0);
      CareStatus.Scrub scrub = sim.pool().care().status().scrub();
      Set<String> found = new HashSet<>();
      for (CareStatus.Finding finding : scrub.findings()) {
        found.add(
            finding.drive()
                + " "
                + finding.container()
                + " "
                + finding.shard()
                + " "
                + finding.offset());
        assertTrue(finding.repaired(), finding.toString());
      }
      assertEquals(damaged, found);
      assertEquals(damaged.size(), scrub.repaired());
      assertEquals(39, scrub.done());
      long first = scrub.finishedMillis();
      sim.pool().care().scrub();
      SimPool.await(
          "it is scrubbed again",
          () -> sim.pool().care().status().scrub().finishedMillis() > first);
      assertEquals(0, sim.pool().care().status().scrub().found());
      check(sim, contents);
    }
  }

  /** The process is killed before each operation on a drive in turn that mending does. */
  @ParameterizedTest
  @ValueSource(ints = {6, 12})
  void aCrashAtAnyPointOfARebuildLosesNothing(int drives) {
    long seed = System.nanoTime();
    System.out.println("crashes while rebuilding, seed " + seed);
    Random random = new Random(seed);
    for (int at = 1; at < 120; at += 1 + random.nextInt(drives == 6 ? 9 : 5)) {
      try (SimPool sim = pool(drives, Duration.ofHours(1))) {
        Map<Long, byte[]> contents = fill(sim, 1, 4);
        sim.pull(1);
        SimPool.await(
            "it is shut out",
            () -> sim.pool().status().drives().get(1).state() == PoolStatus.DriveState.EVICTED);
        AtomicInteger left = new AtomicInteger(at);
        for (SimDisk disk : sim.disks()) {
          disk.setFaults(
              (op, name) -> {
                boolean counts =
                    name.startsWith(Layout.CONTAINERS)
                        && op != SimDisk.Op.READ
                        && op != SimDisk.Op.LOOK
                        && op != SimDisk.Op.LIST;
                if (counts && left.decrementAndGet() <= 0) {
                  throw new IOException("the process is dead");
                }
              });
        }
        sim.pool().care().rebuildNow();
        SimPool.await(
            "it is done or dead",
            () -> left.get() <= 0 || sim.pool().status().degradedContainers() == 0);
        if (random.nextBoolean()) {
          sim.losePower(random);
        } else {
          sim.kill();
        }
        sim.disks().forEach(disk -> disk.setFaults((_, _) -> {}));
        boolean back = random.nextBoolean();
        if (back) {
          sim.putBack(1);
        }
        sim.open();
        check(sim, contents);
        long gone = 1L + random.nextInt(3);
        sim.pool().containers().delete(EPOCH, gone);
        contents.remove(gone);
        sim.pool().care().rebuildNow();
        awaitWhole(sim);
        check(sim, contents);
        sim.putBack(1);
        sim.kill();
        sim.open();
        check(sim, contents);
      }
    }
  }
}
