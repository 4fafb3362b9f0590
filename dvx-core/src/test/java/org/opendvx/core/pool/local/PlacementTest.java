package org.opendvx.core.pool.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.ContainerStore;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.PoolStatus;

/** Shards are spread evenly, over all combinations of drives, as long as there is room. */
class PlacementTest {
  private static final Epoch EPOCH = SimPool.EPOCH;
  private static final long TOTAL = 1L << 40;

  private static List<Drive> drives(int count) {
    List<Drive> drives = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      DriveFolder folder = new SimDisk(Path.of("/sim/" + i), i).mount();
      DriveIo io = new DriveIo("test", Duration.ofSeconds(1));
      drives.add(new Drive(i, new UUID(0, i), folder, io, () -> {}, i));
    }
    return drives;
  }

  @ParameterizedTest
  @CsvSource({"6,6", "10,10", "12,10", "12,6", "20,10"})
  void tenThousandContainersAreSpreadEvenly(int driveCount, int shards) {
    List<Drive> drives = drives(driveCount);
    Random random = new Random(7);
    long[] parity = new long[driveCount];
    Set<Set<Integer>> combinations = new HashSet<>();
    for (long id = 1; id <= 10_000; id++) {
      long bytes = Layout.roundUp(random.nextInt(1 << 20) + 1);
      List<Placement.Candidate> candidates =
          drives.stream()
              .map(drive -> new Placement.Candidate(drive, drive.shardBytes().get(), TOTAL))
              .toList();
      List<Drive> chosen = Placement.choose(candidates, id, shards, bytes);
      assertEquals(shards, new HashSet<>(chosen).size(), "no drive twice");
      Set<Integer> indexes = new TreeSet<>();
      for (Drive drive : chosen) {
        drive.shardBytes().addAndGet(bytes);
        indexes.add(drive.index());
      }
      combinations.add(indexes);
      parity[chosen.getLast().index()]++;
    }
    double mean = drives.stream().mapToLong(d -> d.shardBytes().get()).average().orElseThrow();
    long max = drives.stream().mapToLong(d -> d.shardBytes().get()).max().orElseThrow();
    System.out.printf("%d of %d drives: max/mean %.4f%n", shards, driveCount, max / mean);
    assertTrue(max / mean <= 1.05);
    for (long count : parity) {
      assertTrue(count > 10_000.0 / driveCount * 0.8, "parity goes round");
    }
    if (driveCount == 12 && shards == 10) {
      assertEquals(66, combinations.size(), "all combinations are used");
    }
  }

  @Test
  void drivesOfDifferentSizesFillUpTogether() {
    List<Drive> drives = drives(8);
    long bytes = 1 << 20;
    for (long id = 1; id <= 2_000; id++) {
      List<Placement.Candidate> candidates = new ArrayList<>();
      for (Drive drive : drives) {
        long total = (drive.index() < 4 ? 2_000L : 4_000L) << 20;
        candidates.add(new Placement.Candidate(drive, drive.shardBytes().get(), total));
      }
      for (Drive drive : Placement.choose(candidates, id, 5, bytes)) {
        drive.shardBytes().addAndGet(bytes);
      }
    }
    double small = drives.get(0).shardBytes().get() / 2_000.0;
    double large = drives.get(7).shardBytes().get() / 4_000.0;
    assertTrue(Math.abs(small / large - 1) < 0.1, small + " " + large);
  }

  @Test
  void aFullPoolSaysSoAndComesBackByDeleting() throws IOException {
    try (SimPool sim = SimPool.create(6)) {
      sim.kill();
      sim.configure(config -> config.withDriveCapacity(24 << 20));
      LocalPool pool = sim.open();
      byte[] content = SimPool.bytes(1, 1 << 20);
      PoolStatus.Capacity empty = pool.status().capacity();
      assertEquals(6L * (24 << 20), empty.rawBytes());
      long id = 0;
      Kind kind = null;
      while (kind == null) {
        id++;
        try {
          pool.containers().put(EPOCH, id, content, content.length);
        } catch (org.opendvx.core.error.DvxException e) {
          kind = e.kind();
        }
      }
      assertEquals(Kind.NO_SPACE, kind);
      long put = (id - 1) * content.length;
      assertTrue(put > empty.freeBytes() * 0.9, put + " of " + empty.freeBytes());
      assertTrue(put <= empty.freeBytes() * 1.05, put + " of " + empty.freeBytes());
      assertTrue(pool.status().capacity().freeBytes() < 2L * content.length);
      assertEquals(PoolStatus.Health.HEALTHY, pool.status().health());
      pool.records().put(EPOCH, "still", 0, new byte[1000]);
      SimPool.replayed(pool).append(EPOCH, 1, 1, SimPool.text("also"));
      for (long gone = 1; gone < id; gone += 2) {
        pool.containers().delete(EPOCH, gone);
      }
      assertTrue(pool.status().capacity().freeBytes() > empty.freeBytes() / 3);
      pool.containers().put(EPOCH, 10_000, content, content.length);
      byte[] large = new byte[ContainerStore.MAX_LENGTH];
      pool.containers().put(EPOCH, 10_001, large, large.length);
    }
  }
}
