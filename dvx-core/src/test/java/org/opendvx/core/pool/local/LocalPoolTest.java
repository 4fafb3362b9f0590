package org.opendvx.core.pool.local;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.ContainerStore;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.FreeSpace;
import org.opendvx.core.pool.JournalStore;
import org.opendvx.core.pool.PoolStatus;

class LocalPoolTest {
  private static final Epoch EPOCH = SimPool.EPOCH;

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, 10, 12})
  void holdsContainersRecordsAndJournalOverARestart(int drives) {
    try (SimPool sim = SimPool.create(drives)) {
      LocalPool pool = sim.pool();
      byte[] large = SimPool.bytes(1, ContainerStore.MAX_LENGTH);
      byte[] small = SimPool.bytes(2, 5);
      pool.containers().put(EPOCH, 7, large, large.length);
      pool.containers().put(EPOCH, 8, small, small.length);
      pool.containers().put(EPOCH, 9, small, small.length);
      pool.containers().delete(EPOCH, 9);
      assertEquals(1, pool.records().put(EPOCH, "root/a", 0, small));
      JournalStore journal = SimPool.replayed(pool);
      journal.append(EPOCH, 1, 2, SimPool.text("one"));
      journal.append(EPOCH, 3, 3, SimPool.text("two"));
      sim.kill();

      pool = sim.open();
      assertEquals(2, pool.containers().count());
      assertEquals(large.length, pool.containers().length(7).orElseThrow());
      assertArrayEquals(large, read(pool, 7, 0, large.length));
      assertArrayEquals(small, read(pool, 8, 0, small.length));
      assertEquals(Kind.NOT_FOUND, kindOf(() -> read(sim.pool(), 9, 0, 1)));
      assertArrayEquals(small, pool.records().get("root/a").orElseThrow().value());
      Map<Long, String> replayed = new HashMap<>();
      SimPool.replayed(pool, 1, replayed);
      assertEquals(Map.of(1L, "one", 2L, "one", 3L, "two"), replayed);
    }
  }

  @Test
  void readsAnyRange() {
    try (SimPool sim = SimPool.create(6)) {
      int length = 300_007;
      byte[] content = SimPool.bytes(3, length);
      sim.pool().containers().put(EPOCH, 1, content, length);
      long seed = new Random().nextLong();
      Random random = new Random(seed);
      for (int i = 0; i < 300; i++) {
        int offset = random.nextInt(length);
        int bytes = random.nextInt(length - offset + 1);
        assertArrayEquals(
            Arrays.copyOfRange(content, offset, offset + bytes),
            read(sim.pool(), 1, offset, bytes),
            () -> "seed " + seed);
      }
      assertEquals(Kind.INVALID, kindOf(() -> read(sim.pool(), 1, length - 3, 4)));
      assertEquals(Kind.INVALID, kindOf(() -> read(sim.pool(), 1, -1, 4)));
    }
  }

  @Test
  void aSmallReadReadsNoMoreThanTheBlocksThatItTouches() {
    try (SimPool sim = SimPool.create(6)) {
      byte[] content = SimPool.bytes(3, ContainerStore.MAX_LENGTH);
      sim.pool().containers().put(EPOCH, 1, content, content.length);
      int inTheMiddle = (1 << 20) + 8192;
      long before = bytesRead(sim);
      read(sim.pool(), 1, inTheMiddle, 4096);
      assertEquals(ShardHeader.BYTES + ShardHeader.CRC_BLOCK, bytesRead(sim) - before);
      before = bytesRead(sim);
      read(sim.pool(), 1, inTheMiddle + 32_768, 4096);
      assertEquals(ShardHeader.CRC_BLOCK, bytesRead(sim) - before, "the header is cached");
    }
  }

  private static long bytesRead(SimPool sim) {
    return sim.disks().stream().mapToLong(SimDisk::bytesRead).sum();
  }

  @Test
  void refusesWhatItCannotTake() {
    try (SimPool sim = SimPool.create(3)) {
      LocalPool pool = sim.pool();
      byte[] one = {1};
      assertEquals(Kind.INVALID, kindOf(() -> pool.containers().put(EPOCH, 0, one, 1)));
      assertEquals(Kind.INVALID, kindOf(() -> pool.containers().put(EPOCH, 1L << 48, one, 1)));
      assertEquals(Kind.INVALID, kindOf(() -> pool.containers().put(EPOCH, 1, one, 2)));
      pool.containers().put(EPOCH, 1, one, 1);
      assertEquals(Kind.EXISTS, kindOf(() -> pool.containers().put(EPOCH, 1, one, 1)));
      for (String key : List.of("", "A", "/a", "a/", "a/../b", "a b", "pool/fence/x", "a_b")) {
        assertEquals(Kind.INVALID, kindOf(() -> pool.records().put(EPOCH, key, 0, one)), key);
      }
      assertEquals(
          Kind.INVALID, kindOf(() -> pool.records().put(EPOCH, "big", 0, new byte[(1 << 20) + 1])));
      JournalStore journal = SimPool.replayed(pool);
      journal.append(EPOCH, 5, 6, SimPool.text("x"));
      assertEquals(Kind.INVALID, kindOf(() -> journal.append(EPOCH, 6, 7, SimPool.text("x"))));
      assertEquals(Kind.CONFLICT, kindOf(() -> pool.journal(SimPool.HOST)));
    }
  }

  @Test
  void aFencedHostChangesNothing() {
    try (SimPool sim = SimPool.create(6)) {
      LocalPool pool = sim.pool();
      JournalStore journal = SimPool.replayed(pool);
      assertEquals(5, pool.fence("host-a", 5));
      assertEquals(5, pool.fence("host-a", 3));
      byte[] one = {1};
      assertEquals(Kind.CONFLICT, kindOf(() -> pool.containers().put(EPOCH, 1, one, 1)));
      assertEquals(Kind.CONFLICT, kindOf(() -> pool.containers().delete(EPOCH, 1)));
      assertEquals(Kind.CONFLICT, kindOf(() -> pool.records().put(EPOCH, "a", 0, one)));
      assertEquals(Kind.CONFLICT, kindOf(() -> journal.append(EPOCH, 1, 1, SimPool.text("x"))));
      assertEquals(Kind.CONFLICT, kindOf(() -> journal.trim(EPOCH, 1)));
      journal.append(new Epoch("host-a", 5), 1, 1, SimPool.text("x"));
      pool.records().put(new Epoch("host-b", 1), "a", 0, one);
      assertEquals(List.of("a"), pool.records().keys(""), "the pool's own records are not seen");
      sim.kill();
      assertEquals(Kind.CONFLICT, kindOf(() -> sim.open().records().put(EPOCH, "b", 0, one)));
    }
  }

  @Test
  void aSecondPoolOnTheSameDrivesIsRefused() {
    try (SimPool sim = SimPool.create(6)) {
      assertEquals(Kind.CONFLICT, kindOf(() -> LocalPool.open(sim.config())));
      sim.pool().records().put(EPOCH, "a", 0, new byte[] {1});
    }
  }

  @Test
  void isNeverCreatedOverAnotherOne() {
    try (SimPool sim = SimPool.create(6)) {
      sim.kill();
      assertEquals(Kind.EXISTS, kindOf(() -> LocalPool.create(sim.config())));
      for (int i = 1; i < 6; i++) {
        for (String name : sim.disk(i).names("")) {
          sim.disk(i).remove(name);
        }
      }
      Map<String, byte[]> before = contents(sim);
      assertEquals(Kind.EXISTS, kindOf(() -> LocalPool.create(sim.config())), "one label is left");
      assertEquals(Kind.UNAVAILABLE, kindOf(() -> LocalPool.open(sim.config())));
      assertSame(before, contents(sim));
    }
  }

  @Test
  void opensNothingWhereNothingIs() {
    try (SimPool sim = SimPool.unformatted(6)) {
      assertEquals(Kind.NOT_FOUND, kindOf(sim::open));
      assertTrue(contents(sim).isEmpty());
    }
  }

  @Test
  void aNewerFormatIsRefusedUntouched() throws IOException {
    try (SimPool sim = SimPool.create(6)) {
      sim.kill();
      DriveFolder folder = sim.disk(3).mount();
      var label = sim.label(3).encode();
      for (int at = 0; at < DriveLabel.FILE_BYTES; at += 4096) {
        label.putShort(at + 4, (short) (DriveLabel.FORMAT + 1));
        var crc = new java.util.zip.CRC32C();
        crc.update(label.slice(at, 4092));
        label.putInt(at + 4092, (int) crc.getValue());
      }
      try (DriveFile file = folder.open(Layout.LABEL, false)) {
        file.write(label, 0);
        file.force(true);
      }
      Map<String, byte[]> before = contents(sim);
      assertEquals(Kind.UNSUPPORTED, kindOf(sim::open));
      assertSame(before, contents(sim));
    }
  }

  @Test
  void aDamagedCopyOfALabelDoesNotMatter() throws IOException {
    try (SimPool sim = SimPool.create(6)) {
      sim.kill();
      for (int i = 0; i < 6; i++) {
        sim.disk(i).flip(Layout.LABEL, i % 2 == 0 ? 100 : 4096 + 4);
      }
      assertEquals(PoolStatus.Health.HEALTHY, sim.open().status().health());
    }
  }

  @Test
  void driveFoldersMayBeListedInAnyOrder() {
    try (SimPool sim = SimPool.create(6)) {
      byte[] content = SimPool.bytes(1, 100_000);
      sim.pool().containers().put(EPOCH, 1, content, content.length);
      sim.kill();
      List<Path> shuffled = new ArrayList<>(sim.config().roots());
      java.util.Collections.shuffle(shuffled, new Random(4));
      LocalPoolConfig config = sim.config();
      sim.configure(
          old ->
              new LocalPoolConfig(
                  shuffled,
                  config.folders(),
                  config.driveCapacity(),
                  config.segmentBytes(),
                  config.journalSegments(),
                  config.ioLimit(),
                  config.probeInterval(),
                  config.openShards(),
                  config.cachedHeaders(),
                  config.care()));
      assertArrayEquals(content, read(sim.open(), 1, 0, content.length));
    }
  }

  @Test
  void statusSaysLoudlyWhatFewDrivesCannotSurvive() {
    try (SimPool one = SimPool.create(1);
        SimPool two = SimPool.create(2);
        SimPool six = SimPool.create(6)) {
      PoolStatus alone = one.pool().status();
      assertEquals(PoolStatus.Health.DEGRADED, alone.health());
      assertEquals(0, alone.toleratedLosses());
      assertTrue(alone.summary().contains("WARNING"), alone.summary());
      assertEquals(1, two.pool().status().toleratedLosses());
      assertEquals(PoolStatus.Health.HEALTHY, six.pool().status().health());
      assertEquals(2, six.pool().status().toleratedLosses());
    }
  }

  @Test
  void worksOnRealFolders(@TempDir Path folder) throws IOException {
    List<Path> roots = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      roots.add(folder.resolve("drive" + i));
    }
    LocalPoolConfig config =
        LocalPoolConfig.of(roots)
            .withJournal(1 << 20, 4)
            .withTimes(Duration.ofSeconds(10), Duration.ofMillis(50));
    LocalPool.create(config);
    byte[] content = SimPool.bytes(9, 3_000_000);
    try (LocalPool pool = LocalPool.open(config)) {
      pool.containers().put(EPOCH, 1, content, content.length);
      pool.records().put(EPOCH, "a/b", 0, new byte[] {1, 2});
      SimPool.replayed(pool).append(EPOCH, 1, 1, SimPool.text("kept"));
      assertEquals(Kind.CONFLICT, kindOf(() -> LocalPool.open(config)));
      PoolStatus.Capacity capacity = pool.status().capacity();
      long disk = FreeSpace.usableBytes(folder);
      assertTrue(capacity.rawBytes() > disk / 2 && capacity.rawBytes() < disk * 2, "shared evenly");
      assertTrue(capacity.freeBytes() <= capacity.usableBytes());
    }
    Files.move(roots.get(0), folder.resolve("gone0"));
    Files.move(roots.get(4), folder.resolve("gone4"));
    try (LocalPool pool = LocalPool.open(config)) {
      assertArrayEquals(content, read(pool, 1, 0, content.length));
      assertEquals(2, pool.records().get("a/b").orElseThrow().value().length);
      Map<Long, String> replayed = new HashMap<>();
      SimPool.replayed(pool, 1, replayed);
      assertEquals(Map.of(1L, "kept"), replayed);
      Files.move(folder.resolve("gone0"), roots.get(0));
      Files.move(folder.resolve("gone4"), roots.get(4));
      SimPool.await(
          "both drives are taken back", () -> pool.status().health() == PoolStatus.Health.HEALTHY);
      assertEquals(0, pool.status().degradedContainers());
    }
  }

  static byte[] read(LocalPool pool, long id, int offset, int length) {
    byte[] target = new byte[Math.max(0, length)];
    pool.containers().read(id, offset, length, target, 0);
    return target;
  }

  static Kind kindOf(org.junit.jupiter.api.function.Executable action) {
    DvxException error = assertThrows(DvxException.class, action);
    assertFalse(error.report().what().isBlank());
    return error.kind();
  }

  static Map<String, byte[]> contents(SimPool sim) {
    Map<String, byte[]> contents = new HashMap<>();
    for (SimDisk disk : sim.disks()) {
      for (String name : disk.names("")) {
        try {
          contents.put(disk.root() + "/" + name, disk.content(name));
        } catch (IOException e) {
          throw new AssertionError(e);
        }
      }
    }
    return contents;
  }

  private static void assertSame(Map<String, byte[]> expected, Map<String, byte[]> actual) {
    assertEquals(expected.keySet(), actual.keySet());
    expected.forEach((name, bytes) -> assertArrayEquals(bytes, actual.get(name), name));
  }
}
