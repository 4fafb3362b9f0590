package org.opendvx.core.log;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.opendvx.core.codec.KeyRing;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.testing.InMemoryPool;
import org.opendvx.core.testing.PoolFaults.Operation;
import org.opendvx.core.testing.PoolFaults.Verdict;

@Timeout(120)
class ContainerLogTest {
  private static final LogSettings NO_CACHE =
      new LogSettings(0, 1 << 20, 1 << 20, 4, 2, Duration.ofSeconds(20));

  private final KeyRing keys = KeyRing.generate();
  private final InMemoryPool pool = new InMemoryPool();
  private final List<LogHarness> open = new ArrayList<>();

  @AfterEach
  void close() {
    open.reversed().forEach(LogHarness::close);
  }

  private LogHarness harness(InMemoryPool of) {
    return harness(of, ContainerPlaces.UNMOVED, List.of());
  }

  private LogHarness harness(InMemoryPool of, ContainerPlaces places, List<SlotSource> sources) {
    LogHarness harness = new LogHarness(of, keys, NO_CACHE, places, sources);
    open.add(harness);
    return harness;
  }

  private static long[] seeds(long from, int count) {
    return LongStream.range(from, from + count).toArray();
  }

  private static void drain(LogHarness harness) throws Exception {
    harness.awaitDurable(harness.journal.lastLsn());
    assertTrue(harness.log.drain(Duration.ofSeconds(20)));
  }

  private static long[] addresses(LogHarness harness) {
    return harness.model.keySet().stream().mapToLong(Long::longValue).sorted().toArray();
  }

  @Test
  void chunksAreReadBackFromMemoryAndFromThePool() throws Exception {
    LogHarness harness = harness(pool);
    Random random = new Random(1);
    for (int i = 0; i < 60; i++) {
      harness.write(seeds(i * 100L, 100));
    }
    harness.verify(random);
    drain(harness);
    assertTrue(pool.containers().count() >= 2);
    assertEquals(0, harness.log.statistics().pendingContainers());
    assertEquals(Long.MAX_VALUE, harness.log.trimFloor());
    harness.verify(random);
    assertEquals(6000L * 4096, harness.log.statistics().unique());
  }

  @Test
  void neighboursComeInOneRead() throws Exception {
    LogHarness harness = harness(pool);
    harness.write(seeds(0, 200));
    drain(harness);
    AtomicInteger reads = new AtomicInteger();
    pool.faults(
        (operation, _, _) -> {
          if (operation == Operation.CONTAINER_READ) {
            reads.incrementAndGet();
          }
          return Verdict.PROCEED;
        });
    long[] addresses = addresses(harness);
    harness.verify(addresses, 0, 200);
    assertEquals(1, reads.get());
  }

  @Test
  void eachWantedChunkComesOnceInWhateverOrderAndHoweverOften() throws Exception {
    LogHarness harness = harness(pool);
    harness.write(seeds(0, 50));
    drain(harness);
    long[] known = addresses(harness);
    long[] wanted = {known[7], known[3], known[7], known[49], known[3], known[7], known[0]};
    int[] times = new int[wanted.length];
    harness.log.read(
        wanted,
        1,
        wanted.length,
        (i, chunk) -> {
          times[i]++;
          assertArrayEquals(LogHarness.content(harness.model.getOrDefault(wanted[i], 0L)), chunk);
        });
    assertArrayEquals(new int[] {0, 1, 1, 1, 1, 1, 1}, times);
  }

  @Test
  void aCachedChunkIsCopiedOutWithoutThePool() throws Exception {
    LogHarness harness = new LogHarness(pool, keys);
    open.add(harness);
    harness.write(1, 2, 3);
    drain(harness);
    long[] addresses = addresses(harness);
    ByteBuffer target = ByteBuffer.allocateDirect(5000);
    assertFalse(harness.log.readCached(addresses[0], 0, 4096, target, 0));
    harness.verify(addresses, 0, 3);
    pool.faults((_, _, _) -> new Verdict.Fail(Kind.INTERNAL));
    assertTrue(harness.log.readCached(addresses[0], 96, 4000, target, 500));
    byte[] got = new byte[4000];
    target.get(500, got);
    byte[] expected =
        Arrays.copyOfRange(
            LogHarness.content(harness.model.getOrDefault(addresses[0], 0L)), 96, 4096);
    assertArrayEquals(expected, got);
    assertEquals(3, harness.log.statistics().cacheMisses());
    pool.faults((_, _, _) -> Verdict.PROCEED);
  }

  @Test
  void duplicatesAreFoundWithinABatchAndAcross() throws Exception {
    LogHarness harness = harness(pool);
    harness.write(1, 2, 1, 3, 2, 1);
    assertEquals(3, harness.model.size());
    harness.write(3, 2, 1);
    drain(harness);
    harness.write(3, 2, 1);
    assertEquals(3, harness.model.size());
    long[] many = LongStream.range(0, 300).map(i -> 100 + i % 100).toArray();
    harness.write(many);
    assertEquals(103, harness.model.size());
    assertEquals(103L * 4096, harness.log.statistics().unique());
    assertEquals(312L * 4096, harness.log.statistics().logical());
  }

  @Test
  void uncommittedChunksAreNotFound() throws Exception {
    LogHarness harness = harness(pool);
    ChunkLog.WriteBatch early = harness.log.begin();
    long first = early.add(LogHarness.content(5), 0);
    harness.write(5);
    assertFalse(harness.model.containsKey(first));
    early.abandoned();
    harness.write(5);
    assertEquals(1, harness.model.size());
    assertThrows(IllegalStateException.class, early::abandoned);
    assertThrows(IllegalStateException.class, () -> early.add(new byte[4096], 0));
  }

  @Test
  void aContainerIsPutOnlyWhenItsRecordsAreDurableAndItsSlotsSettled() throws Exception {
    LogHarness harness = harness(pool);
    Semaphore disk = new Semaphore(0);
    pool.faults(
        (operation, _, _) -> {
          if (operation == Operation.JOURNAL_APPEND) {
            disk.acquireUninterruptibly();
          }
          return Verdict.PROCEED;
        });
    ChunkLog.WriteBatch unsettled = harness.log.begin();
    unsettled.add(LogHarness.content(1000), 0);
    long lsn = harness.write(seeds(0, 10));
    assertEquals(lsn, harness.log.trimFloor());
    harness.log.closeOlderThan(lsn);
    assertTrue(harness.log.statistics().pendingContainers() == 1);
    harness.log.closeOlderThan(lsn + 1);
    assertFalse(harness.log.drain(Duration.ofMillis(50)));
    disk.release(1000);
    harness.awaitDurable(lsn);
    assertFalse(harness.log.drain(Duration.ofMillis(50)));
    assertEquals(0, pool.containers().count());
    assertEquals(lsn, harness.log.trimFloor());
    unsettled.abandoned();
    drain(harness);
    assertEquals(1, pool.containers().count());
    assertEquals(Long.MAX_VALUE, harness.log.trimFloor());
    harness.verify(new Random(1));
  }

  @Test
  void aContainerOfAbandonedSlotsIsDropped() throws Exception {
    LogHarness harness = harness(pool);
    ChunkLog.WriteBatch batch = harness.log.begin();
    batch.add(LogHarness.content(1), 0);
    batch.abandoned();
    drain(harness);
    assertEquals(0, pool.containers().count());
    assertEquals(0, harness.log.statistics().pendingContainers());
  }

  @Test
  void hitsInContainersThatVanishedAreMisses() throws Exception {
    LogHarness harness = harness(pool);
    harness.write(1, 2, 3);
    drain(harness);
    long[] before = addresses(harness);
    pool.lose(ChunkAddress.container(before[0]));
    harness.model.clear();
    harness.write(1, 2, 3);
    for (long address : addresses(harness)) {
      assertNotEquals(ChunkAddress.container(before[0]), ChunkAddress.container(address));
    }
    harness.verify(new Random(1));
    drain(harness);
    harness.verify(new Random(1));
  }

  @Test
  void hitsInCondemnedContainersAreMisses() throws Exception {
    AtomicLong condemned = new AtomicLong();
    ContainerPlaces places =
        new ContainerPlaces() {
          @Override
          public long placeOf(long container) {
            return container;
          }

          @Override
          public boolean condemned(long container) {
            return condemned.get() == container;
          }
        };
    LogHarness harness = harness(pool, places, List.of());
    harness.write(1);
    long before = addresses(harness)[0];
    drain(harness);
    condemned.set(ChunkAddress.container(before));
    harness.write(1);
    assertEquals(2, harness.model.size());
    harness.verify(new Random(1));
  }

  @Test
  void damageIsCorruptAndTheContainerIsReferredToNoMore() throws Exception {
    LogHarness harness = harness(pool);
    harness.write(seeds(0, 4));
    drain(harness);
    long[] addresses = addresses(harness);
    long container = ChunkAddress.container(addresses[0]);
    byte[] bytes = pool.containerBytes(container);
    bytes[64 + 40] ^= 1;
    pool.damage(container, bytes);
    ChunkLog.ChunkSink none = (_, _) -> {};
    DvxException e =
        assertThrows(DvxException.class, () -> harness.log.read(addresses, 0, 1, none));
    assertEquals(Kind.CORRUPT, e.kind());
    harness.verify(addresses, 1, 4);
    harness.write(seeds(0, 4));
    assertEquals(8, harness.model.size());

    pool.lose(container);
    e = assertThrows(DvxException.class, () -> harness.log.read(addresses, 2, 3, none));
    assertEquals(Kind.CORRUPT, e.kind());
    long nowhere = ChunkAddress.of(999_999, 3);
    long noSlot = ChunkAddress.of(ChunkAddress.container(addresses(harness)[7]), 60_000);
    for (long address : new long[] {nowhere, noSlot}) {
      e =
          assertThrows(
              DvxException.class, () -> harness.log.read(new long[] {address}, 0, 1, none));
      assertEquals(Kind.CORRUPT, e.kind());
    }
  }

  @Test
  void failedPutsAreRepeatedUntilThePoolHasEverything() throws Exception {
    LogHarness harness = harness(pool);
    AtomicBoolean failing = new AtomicBoolean(true);
    pool.faults(
        (operation, _, _) ->
            operation == Operation.CONTAINER_PUT && failing.get()
                ? new Verdict.Fail(Kind.NO_SPACE)
                : Verdict.PROCEED);
    harness.write(seeds(0, 50));
    harness.log.closeOlderThan(Long.MAX_VALUE);
    harness.awaitDurable(1);
    assertFalse(harness.log.drain(Duration.ofMillis(300)));
    assertEquals(1, harness.log.trimFloor());
    harness.verify(new Random(1));
    failing.set(false);
    drain(harness);
    assertEquals(1, pool.containers().count());
    harness.verify(new Random(1));
  }

  @Test
  void aSlowPoolBoundsMemoryAndSlowsWriters() throws Exception {
    LogHarness harness = harness(pool);
    Semaphore puts = new Semaphore(0);
    pool.faults(
        (operation, _, _) -> {
          if (operation == Operation.CONTAINER_PUT) {
            puts.acquireUninterruptibly();
          }
          return Verdict.PROCEED;
        });
    ChunkLog log = harness.log;
    Random random = new Random(3);
    byte[] chunk = new byte[4096];
    long lsn = 0;
    DvxException refused = null;
    int most = 0;
    for (int i = 0; i < 40_000 && refused == null; i++) {
      random.nextBytes(chunk);
      ChunkLog.WriteBatch batch = log.begin();
      try {
        batch.add(chunk, 0);
        batch.committed(++lsn);
      } catch (DvxException e) {
        refused = e;
        batch.abandoned();
      }
      if (i % 1000 == 0) {
        log.durable(lsn);
      }
      most = Math.max(most, log.statistics().pendingContainers());
    }
    assertTrue(refused != null && refused.kind() == Kind.UNAVAILABLE);
    assertTrue(most <= NO_CACHE.containersInFlight() + 3, "containers in memory: " + most);
    assertFalse(log.hasRoom());
    assertFalse(log.awaitRoom(1_000_000));
    puts.release(3);
    assertTrue(log.awaitRoom(TimeUnit.SECONDS.toNanos(20)));
    puts.release(1000);
  }

  @Test
  void whoWaitsForRoomDoesNotHearOfAStumble() throws Exception {
    LogHarness harness = harness(pool);
    AtomicInteger failures = new AtomicInteger();
    pool.faults(
        (operation, _, _) ->
            operation == Operation.CONTAINER_PUT && failures.incrementAndGet() <= 4
                ? new Verdict.Fail(Kind.UNAVAILABLE)
                : Verdict.PROCEED);
    ChunkLog log = harness.log;
    Random random = new Random(5);
    byte[] chunk = new byte[4096];
    long lsn = 0;
    while (log.hasRoom()) {
      ChunkLog.WriteBatch batch = log.begin();
      random.nextBytes(chunk);
      batch.add(chunk, 0);
      batch.committed(++lsn);
    }
    log.durable(lsn);
    assertTrue(log.awaitRoom(TimeUnit.SECONDS.toNanos(20)));
    assertTrue(failures.get() > 4, "failures injected: " + failures);
    assertFalse(log.refused());
  }

  @Test
  void aFencedHostStopsWithConflict() throws Exception {
    LogHarness harness = harness(pool);
    harness.write(1);
    harness.awaitDurable(1);
    pool.fence(LogHarness.HOST, 5);
    harness.log.closeOlderThan(Long.MAX_VALUE);
    DvxException e =
        assertThrows(DvxException.class, () -> harness.log.drain(Duration.ofSeconds(20)));
    assertEquals(Kind.CONFLICT, e.kind());
  }

  @Test
  void nodesAreReadableAtOnceAndInThePoolAfterAFlush() throws Exception {
    LogHarness harness = harness(pool);
    NodeLog nodes = harness.log;
    Random random = new Random(5);
    List<byte[]> written = new ArrayList<>();
    List<Long> addresses = new ArrayList<>();
    for (int i = 0; i < 600; i++) {
      byte[] node = new byte[1 + random.nextInt(NodeLog.MAX_NODE)];
      random.nextBytes(node);
      byte[] around = new byte[node.length + 9];
      System.arraycopy(node, 0, around, 4, node.length);
      addresses.add(nodes.write(around, 4, node.length));
      written.add(node);
      assertArrayEquals(node, nodes.read(addresses.getLast()));
    }
    nodes.flush();
    assertEquals(0, harness.log.statistics().pendingContainers());
    LogHarness after = harness(pool.crash());
    for (int i = 0; i < 600; i++) {
      assertArrayEquals(written.get(i), after.log.read(addresses.get(i)));
    }
    nodes.flush();
    assertThrows(IllegalArgumentException.class, () -> nodes.write(new byte[40_000], 0, 40_000));
    // A node is no chunk and a chunk is no node.
    assertThrows(
        DvxException.class,
        () -> after.log.read(new long[] {addresses.getFirst()}, 0, 1, (_, _) -> {}));
  }

  @Test
  void aFlushThatFailsKeepsItsNodesForTheNext() {
    LogSettings hasty = new LogSettings(0, 0, 0, 2, 1, Duration.ofMillis(100));
    LogHarness harness = new LogHarness(pool, keys, hasty, ContainerPlaces.UNMOVED, List.of());
    open.add(harness);
    long address = harness.log.write(new byte[] {1, 2, 3}, 0, 3);
    pool.available(false);
    DvxException e = assertThrows(DvxException.class, harness.log::flush);
    assertEquals(Kind.UNAVAILABLE, e.kind());
    assertArrayEquals(new byte[] {1, 2, 3}, harness.log.read(address));
    pool.available(true);
    DvxException last = null;
    for (int i = 0; i < 100; i++) {
      try {
        harness.log.flush();
        last = null;
        break;
      } catch (DvxException again) {
        last = again;
      }
    }
    assertEquals(null, last);
    assertEquals(1, pool.containers().count());
    assertArrayEquals(new byte[] {1, 2, 3}, harness.log.read(address));
  }

  @Test
  void afterARestartTheIndexIsFilledFromTheTables() throws Exception {
    LogHarness harness = harness(pool);
    for (int i = 0; i < 10; i++) {
      harness.write(seeds(i * 100L, 100));
      drain(harness);
    }
    harness.checkpoint();
    LogHarness after = harness(pool.crash());
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (after.log.statistics().indexEntries() < 1000) {
      assertTrue(System.nanoTime() < end, "the index was not filled");
      Thread.sleep(5);
    }
    after.write(seeds(300, 100));
    assertEquals(0, after.log.statistics().unique());
    after.verify(new Random(1));
  }

  @Test
  void aSampledIndexFindsTheNeighboursOfWhatItFinds() throws Exception {
    // Room for some 600 fingerprints in the sample and 100 recent ones, for 20,000 chunks.
    LogSettings small = new LogSettings(0, 1 << 15, 1 << 20, 4, 2, Duration.ofSeconds(20));
    LogHarness harness = new LogHarness(pool, keys, small, ContainerPlaces.UNMOVED, List.of());
    open.add(harness);
    for (int i = 0; i < 200; i++) {
      harness.write(LongStream.range(i * 100L, i * 100L + 100).map(s -> 2 * s + 1).toArray());
      if (i % 2 == 0) {
        harness.log.closeOlderThan(Long.MAX_VALUE);
      }
    }
    drain(harness);
    long before = harness.log.statistics().unique();
    long[] old = LongStream.range(300, 500).map(s -> 2 * s + 1).toArray();
    long most = 0;
    for (int i = 0; i < 50; i++) {
      long was = harness.log.statistics().unique();
      harness.write(old);
      most = Math.max(most, 200 - (harness.log.statistics().unique() - was) / 4096);
      Thread.sleep(2);
    }
    assertTrue(most > 0 && before > 0, "nothing was found again");
    harness.verify(new Random(1));
  }

  @Test
  void nearerSourcesAreAskedFirstAndNeverTrusted() throws Exception {
    LogHarness writer = harness(pool);
    writer.write(seeds(0, 20));
    drain(writer);
    writer.checkpoint();
    List<Long> asked = new ArrayList<>();
    List<Long> offered = new ArrayList<>();
    AtomicInteger refused = new AtomicInteger();
    byte[] bytes = pool.containerBytes(ChunkAddress.container(addresses(writer)[0]));
    SlotSource flash =
        new SlotSource() {
          @Override
          public void fetch(long[] addresses, int count, SlotSink sink) {
            for (int i = 0; i < count; i++) {
              asked.add(addresses[i]);
            }
            Toc toc =
                Toc.parse(
                    ChunkAddress.container(addresses[0]),
                    ContainerFormat.readFooter(
                        bytes,
                        bytes.length - 64,
                        ChunkAddress.container(addresses[0]),
                        bytes.length),
                    bytes,
                    ByteBuffer.wrap(bytes).getInt(bytes.length - 48));
            assertEquals(
                SlotSource.Verdict.TAKEN, sink.slot(0, bytes, toc.offset(0), toc.length(0)));
            // The wrong slot for an address, and rubbish.
            SlotSource.Verdict wrong = sink.slot(1, bytes, toc.offset(2), toc.length(2));
            refused.addAndGet(wrong == SlotSource.Verdict.DAMAGED ? 1 : 0);
            SlotSource.Verdict rubbish = sink.slot(2, new byte[100], 0, 100);
            refused.addAndGet(rubbish == SlotSource.Verdict.DAMAGED ? 1 : 0);
          }

          @Override
          public void offer(long address, byte[] slot, int offset, int length) {
            offered.add(address);
          }
        };
    LogHarness reader = harness(pool.crash(), ContainerPlaces.UNMOVED, List.of(flash));
    long[] all = addresses(reader);
    reader.verify(all, 0, 20);
    assertEquals(20, asked.size());
    assertEquals(2, refused.get());
    assertEquals(19, offered.size());
    assertFalse(offered.contains(all[0]));
  }

  @Test
  void hostileRecordsAreCorrupt() throws Exception {
    LogHarness harness = harness(pool);
    ChunkLog.WriteBatch batch = harness.log.begin();
    for (int i = 0; i < 3; i++) {
      batch.add(LogHarness.content(i), 0);
    }
    ByteBuffer record = ByteBuffer.allocate(batch.encodedLength());
    batch.encode(record);
    assertFalse(record.hasRemaining());
    batch.abandoned();
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    LogHarness other = harness(new InMemoryPool());
    for (int round = 0; round < 3000; round++) {
      byte[] bytes = record.array().clone();
      for (int flips = random.nextInt(4); flips >= 0; flips--) {
        bytes[random.nextInt(60)] = (byte) random.nextInt();
      }
      int length = random.nextInt(3) == 0 ? random.nextInt(bytes.length) : bytes.length;
      try {
        other.log.replay(1, ByteBuffer.wrap(bytes, 0, length));
      } catch (DvxException e) {
        assertEquals(Kind.CORRUPT, e.kind());
      }
    }
  }

  @Test
  void idsOfAnEarlierOpenAreNeverGivenAgain() throws Exception {
    InMemoryPool now = pool;
    long highest = 0;
    for (int round = 0; round < 3; round++) {
      LogHarness harness = harness(now);
      harness.write(round);
      long container = ChunkAddress.container(addresses(harness)[harness.model.size() - 1]);
      assertTrue(container > highest);
      highest = container;
      now = now.crash();
    }
    ContainerIds ids = new ContainerIds(now.records(), new org.opendvx.core.pool.Epoch("b", 1));
    long last = highest;
    for (int i = 0; i < 20_000; i++) {
      long id = ids.getAsLong();
      assertTrue(id > last);
      last = id;
    }
  }
}
