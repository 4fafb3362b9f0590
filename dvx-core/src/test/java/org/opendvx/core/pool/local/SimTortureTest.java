package org.opendvx.core.pool.local;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.JournalStore;
import org.opendvx.core.pool.PoolStatus;
import org.opendvx.core.pool.RecordStore;

/**
 * Random work on a pool whose drives vanish, return, fail and lose power at random, any number of
 * them. Whenever the pool opens, everything acknowledged is there and nothing that was superseded
 * has come back; with all drives back it always opens. {@code -Ddvx.pool.torture.rounds} and {@code
 * -Ddvx.pool.torture.seed} make it longer, or repeat a run as far as threads allow.
 */
class SimTortureTest {
  private static final Epoch EPOCH = SimPool.EPOCH;
  private static final int ROUNDS = Integer.getInteger("dvx.pool.torture.rounds", 12);
  private static final String KEY = "root/";
  private static final int KEYS = 3;
  private static final int MOST_DISKS = 16;
  private static final Set<Kind> REFUSALS =
      Set.of(Kind.UNAVAILABLE, Kind.NO_SPACE, Kind.CONFLICT, Kind.CORRUPT, Kind.NOT_FOUND);

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4, 5, 6, 7})
  void nothingAcknowledgedIsEverLost(int drives) {
    long seed = Long.getLong("dvx.pool.torture.seed", System.nanoTime());
    System.out.println("torture of " + drives + " drives, seed " + seed);
    try (SimPool sim = SimPool.create(drives)) {
      new Run(sim, new Random(seed + drives), false).all();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {3, 4, 5, 6, 7, 12})
  void norWhileDrivesAreRebuiltReplacedAddedAndRemoved(int drives) {
    long seed = Long.getLong("dvx.pool.torture.seed", System.nanoTime());
    System.out.println("torture of " + drives + " drives that come and go, seed " + seed);
    try (SimPool sim = SimPool.create(drives)) {
      sim.configure(
          config ->
              config.withCare(
                  DriveCareSettings.DEFAULT.withRebuild(Duration.ofMillis(50), 1L << 30)));
      sim.kill();
      sim.open();
      new Run(sim, new Random(seed + drives), true).all();
    }
  }

  private static final class Run {
    private final SimPool sim;
    private final Random random;
    private final boolean comeAndGo;
    private final TreeMap<Long, String> journalled = new TreeMap<>();
    private final Map<String, byte[]> records = new HashMap<>();
    private final Map<String, Long> versions = new HashMap<>();
    private final Map<Long, byte[]> containers = new HashMap<>();
    private final Set<Long> deleted = new HashSet<>();
    private final Map<String, byte[]> doubtfulRecords = new HashMap<>();
    private final Map<Long, byte[]> doubtfulPuts = new HashMap<>();
    private final Set<Long> doubtfulDeletes = new HashSet<>();
    private long doubtfulBatch;
    private String doubtfulText = "";
    private long nextSequence = 1;
    private long trimmedTo = 1;
    private long nextContainer = 1;
    private int texts;
    private int done;
    private int refused;
    private int waits;
    private int comings;
    private @Nullable JournalStore journal;

    Run(SimPool sim, Random random, boolean comeAndGo) {
      this.sim = sim;
      this.random = random;
      this.comeAndGo = comeAndGo;
    }

    void all() {
      journal = SimPool.replayed(sim.pool());
      for (int round = 0; round < ROUNDS; round++) {
        int steps = random.nextInt(40);
        for (int i = 0; i < steps; i++) {
          try {
            step();
            done++;
          } catch (DvxException e) {
            refused++;
            assertTrue(REFUSALS.contains(e.kind()), e::render);
          }
        }
        restart();
      }
      System.out.println(
          done
              + " steps done, "
              + comings
              + " of them with drives, "
              + refused
              + " refused, "
              + waits
              + " openings that had to wait");
    }

    private void step() {
      if (comeAndGo && random.nextInt(4) == 0) {
        comeOrGo();
        return;
      }
      switch (random.nextInt(20)) {
        case 0 -> disk().setVanished(true);
        case 1, 2 -> sim.disks().forEach(disk -> disk.setVanished(false));
        case 3 -> failSoon(disk());
        case 4 -> trim();
        case 5 -> disk().setVanished(false);
        case 6, 7, 8 -> put();
        case 9 -> delete();
        case 10, 11, 12 -> record();
        default -> append();
      }
    }

    private void comeOrGo() {
      DriveCare care = sim.pool().care();
      List<PoolStatus.Drive> drives = sim.pool().status().drives();
      PoolStatus.Drive any = drives.get(random.nextInt(drives.size()));
      switch (random.nextInt(8)) {
        case 0, 1 -> {
          for (PoolStatus.Drive drive : drives) {
            if (drive.state() == PoolStatus.DriveState.EVICTED && sim.disks().size() < MOST_DISKS) {
              care.replace(drive.index(), sim.spare().root());
              return;
            }
          }
        }
        case 2 -> {
          if (sim.disks().size() < MOST_DISKS) {
            care.add(sim.spare().root());
          }
        }
        case 3 -> care.remove(any.index());
        case 4 -> care.keep(any.index());
        case 5 -> care.rebuildNow();
        case 6 -> care.rebalance();
        default -> care.scrub();
      }
      comings++;
    }

    private SimDisk disk() {
      return sim.disk(random.nextInt(sim.disks().size()));
    }

    private void failSoon(SimDisk disk) {
      AtomicInteger left = new AtomicInteger(random.nextInt(12));
      int times = 1 + random.nextInt(3);
      boolean lost = random.nextBoolean();
      disk.setFaults(
          (op, _) -> {
            boolean counts = op == SimDisk.Op.FORCE || op == SimDisk.Op.WRITE;
            int now = counts ? left.getAndDecrement() : 1;
            if (now <= 0 && now > -times) {
              throw op == SimDisk.Op.FORCE
                  ? new SimDisk.LostWrite()
                  : lost ? new SimDisk.TornWrite() : new IOException("Input/output error");
            }
          });
    }

    private void append() {
      if (doubtfulBatch == 0) {
        doubtfulBatch = nextSequence;
        doubtfulText = "text " + texts++ + "x".repeat(random.nextInt(9000));
      }
      journal().append(EPOCH, doubtfulBatch, doubtfulBatch, SimPool.text(doubtfulText));
      journalled.put(doubtfulBatch, doubtfulText);
      nextSequence = doubtfulBatch + 1;
      doubtfulBatch = 0;
    }

    private JournalStore journal() {
      JournalStore held = journal;
      if (held == null) {
        throw new AssertionError("no journal");
      }
      return held;
    }

    private void trim() {
      long to = trimmedTo + random.nextInt((int) (nextSequence - trimmedTo) + 1);
      trimmedTo = to;
      journalled.headMap(to).clear();
      journal().trim(EPOCH, to);
    }

    private void put() {
      long id = nextContainer++;
      byte[] content = SimPool.bytes(id, 1 + random.nextInt(20_000));
      doubtfulPuts.put(id, content);
      sim.pool().containers().put(EPOCH, id, content, content.length);
      doubtfulPuts.remove(id);
      containers.put(id, content);
    }

    private void delete() {
      if (containers.isEmpty()) {
        return;
      }
      long id =
          containers.keySet().stream()
              .skip(random.nextInt(containers.size()))
              .findFirst()
              .orElseThrow();
      byte[] content = containers.remove(id);
      doubtfulPuts.put(id, content);
      doubtfulDeletes.add(id);
      sim.pool().containers().delete(EPOCH, id);
      doubtfulPuts.remove(id);
      doubtfulDeletes.remove(id);
      deleted.add(id);
    }

    private void record() {
      String key = KEY + random.nextInt(KEYS);
      Optional<RecordStore.VersionedRecord> now = sim.pool().records().get(key);
      check(key, now);
      long version = versions.getOrDefault(key, 0L);
      byte[] value = SimPool.bytes(random.nextLong(), random.nextInt(3000));
      doubtfulRecords.put(key, value);
      assertEquals(version + 1, sim.pool().records().put(EPOCH, key, version, value));
      doubtfulRecords.remove(key);
      records.put(key, value);
      versions.put(key, version + 1);
    }

    /** A write in doubt is settled one way or the other when it is read. */
    private void check(String key, Optional<RecordStore.VersionedRecord> now) {
      long version = versions.getOrDefault(key, 0L);
      byte[] doubtful = doubtfulRecords.remove(key);
      if (now.isPresent() && now.get().version() == version + 1 && doubtful != null) {
        assertArrayEquals(doubtful, now.get().value(), key);
        records.put(key, doubtful);
        versions.put(key, version + 1);
        return;
      }
      assertEquals(version, now.map(RecordStore.VersionedRecord::version).orElse(0L), key);
      if (version > 0) {
        assertArrayEquals(records.get(key), now.orElseThrow().value(), key);
      }
    }

    private void restart() {
      if (random.nextBoolean()) {
        sim.kill();
      } else {
        sim.losePower(random);
      }
      sim.disks().forEach(disk -> disk.setFaults((_, _) -> {}));
      for (SimDisk disk : sim.disks()) {
        if (random.nextInt(4) == 0) {
          disk.setVanished(random.nextBoolean());
        }
      }
      try {
        verify();
      } catch (DvxException e) {
        assertTrue(e.kind() == Kind.UNAVAILABLE || e.kind() == Kind.NOT_FOUND, e::render);
        waits++;
        sim.kill();
        sim.disks().forEach(disk -> disk.setVanished(false));
        verify();
      }
    }

    private void verify() {
      LocalPool pool = sim.open();
      Map<Long, String> replayed = new HashMap<>();
      journal = SimPool.replayed(pool, trimmedTo, replayed);
      for (Map.Entry<Long, String> entry : journalled.entrySet()) {
        assertEquals(entry.getValue(), replayed.remove(entry.getKey()), "batch " + entry.getKey());
      }
      String doubtful = replayed.remove(doubtfulBatch);
      assertTrue(replayed.isEmpty(), () -> "came back: " + replayed.keySet());
      if (doubtful != null) {
        assertEquals(doubtfulText, doubtful);
        journalled.put(doubtfulBatch, doubtful);
        nextSequence = doubtfulBatch + 1;
      }
      doubtfulBatch = 0;
      for (int i = 0; i < KEYS; i++) {
        check(KEY + i, pool.records().get(KEY + i));
      }
      verifyContainers(pool);
    }

    private String where(long id) {
      StringBuilder text = new StringBuilder();
      for (SimDisk disk : sim.disks()) {
        for (String name : disk.names(Layout.CONTAINERS)) {
          if (name.contains("/" + Layout.hex(id, 12))) {
            text.append("\n  ").append(disk.root()).append(' ').append(name);
          }
        }
      }
      return text + "\n  " + sim.pool().status();
    }

    private void verifyContainers(LocalPool pool) {
      for (Map.Entry<Long, byte[]> entry : containers.entrySet()) {
        byte[] content = entry.getValue();
        assertEquals(
            content.length,
            pool.containers().length(entry.getKey()).orElse(-1),
            () -> "container " + entry.getKey() + where(entry.getKey()));
        assertArrayEquals(content, LocalPoolTest.read(pool, entry.getKey(), 0, content.length));
      }
      for (long id : deleted) {
        assertTrue(pool.containers().length(id).isEmpty(), () -> "came back: " + id + where(id));
      }
      pool.containers()
          .forEach(
              id -> {
                if (containers.containsKey(id)) {
                  return;
                }
                byte[] content = doubtfulPuts.get(id);
                if (content == null) {
                  fail("container " + id + " was never put");
                } else if (!doubtfulDeletes.contains(id)) {
                  assertArrayEquals(content, LocalPoolTest.read(pool, id, 0, content.length));
                  containers.put(id, content);
                }
              });
      doubtfulPuts.keySet().removeAll(containers.keySet());
    }
  }
}
