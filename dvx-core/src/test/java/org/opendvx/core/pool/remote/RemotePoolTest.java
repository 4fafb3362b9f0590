package org.opendvx.core.pool.remote;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.JournalStore;
import org.opendvx.core.pool.Lease;
import org.opendvx.core.pool.RecordStore;

/** What a network between host and pool brings with it. */
class RemotePoolTest {
  private static final Epoch EPOCH = new Epoch("host-a", 1);
  private static final Duration LEASE = Duration.ofSeconds(20);

  @TempDir private Path folder;
  private final List<TestDataNode> nodes = new ArrayList<>();

  @AfterEach
  void close() {
    nodes.forEach(TestDataNode::close);
  }

  private TestDataNode node(int drives) {
    TestDataNode node = TestDataNode.start(folder, drives);
    nodes.add(node);
    return node;
  }

  @Test
  void strangersAreKeptOutUntilTheyJoinWithATokenThatWorksOnce() {
    TestDataNode node = node(3);
    var stranger = TestIdentity.of("stranger");
    assertEquals(Kind.UNAUTHENTICATED, kindOf(() -> RemotePool.open(node.settings(), stranger)));
    assertEquals(
        Kind.DENIED, kindOf(() -> Joining.join(node.settings(), stranger, "host-b", "wrong")));
    Joining.join(node.settings(), stranger, "host-b", TestDataNode.TOKEN);
    assertEquals(
        Kind.DENIED,
        kindOf(() -> Joining.join(node.settings(), stranger, "host-c", TestDataNode.TOKEN)));
    try (RemotePool pool = RemotePool.open(node.settings(), stranger)) {
      assertEquals(node.pool().id(), pool.id());
    }
  }

  @Test
  void aHostThatAnotherOneShutOutIsHeardNoMore() {
    TestDataNode node = node(3);
    var other = TestIdentity.of("host-b");
    node.door().know(other.fingerprint(), "host-b");
    RemoteSettings settings = node.settings().withCallLimit(Duration.ofSeconds(2));
    RemotePool client = node.client();
    try (RemotePool stolen = RemotePool.open(settings, other)) {
      assertEquals(1, stolen.records().put(new Epoch("x", 1), "a", 0, new byte[1]));
      assertEquals(Kind.INVALID, kindOf(() -> stolen.removeHost("host-b")));
      assertTrue(client.removeHost("host-b"));
      assertFalse(client.removeHost("host-b"));
      assertThrows(
          DvxException.class, () -> stolen.records().put(new Epoch("x", 1), "a", 1, new byte[1]));
      assertEquals(Kind.UNAUTHENTICATED, kindOf(() -> RemotePool.open(settings, other)));
    }
    assertEquals(1, client.records().get("a").orElseThrow().version());
  }

  @Test
  void aDataNodeWithAnotherCertificateIsNotTalkedTo() {
    TestDataNode node = node(3);
    RemoteSettings wrong =
        RemoteSettings.of(
                node.settings().address(),
                node.settings().port(),
                TestIdentity.of("impostor").fingerprint())
            .withCallLimit(Duration.ofSeconds(2));
    DvxException error =
        assertThrows(DvxException.class, () -> RemotePool.open(wrong, TestIdentity.of("host-a")));
    assertEquals(Kind.UNAVAILABLE, error.kind());
    assertTrue(error.report().cause().contains("TLS"), error.render());
  }

  @Test
  void lostShardsAreComputedByHostsAndTheStripeFollowsTheDrives() throws IOException {
    TestDataNode node = node(5);
    RemotePool pool = node.client();
    byte[] content = bytes(1, 3_000_000);
    pool.containers().put(EPOCH, 1, content, content.length);
    try (Stream<Path> files = Files.walk(folder.resolve("drive2/containers"))) {
      for (Path shard : files.filter(Files::isRegularFile).toList()) {
        Files.delete(shard);
      }
    }
    byte[] read = new byte[content.length];
    pool.containers().read(1, 0, read.length, read, 0);
    assertArrayEquals(content, read);

    Files.move(folder.resolve("drive3"), folder.resolve("pulled"));
    await("the pool notices", () -> node.pool().dataShards() == 2);
    pool.containers().put(EPOCH, 2, content, content.length);
    pool.containers().read(2, 0, read.length, read, 0);
    assertArrayEquals(content, read);
    pool.containers().read(1, 0, read.length, read, 0);
    assertArrayEquals(content, read);
  }

  @Test
  void everyCallHasOneOutcomeWhileConnectionsBreak() throws Exception {
    TestDataNode node = node(3);
    try (Load load = new Load(node.client())) {
      Random random = new Random(7);
      for (int i = 0; i < 25; i++) {
        Thread.sleep(random.nextInt(80));
        if (random.nextBoolean()) {
          node.server().dropConnections();
        } else {
          load.pool.dropConnections();
        }
      }
      load.stop();
      load.verify();
    }
  }

  @Test
  void callsGoOnOverRestartsOfTheDataNode() throws Exception {
    TestDataNode node = node(3);
    try (Load load = new Load(node.client())) {
      for (int i = 0; i < 4; i++) {
        Thread.sleep(300);
        node.restart();
      }
      Thread.sleep(300);
      load.stop();
      load.verify();
    }
  }

  @Test
  void aDataNodeThatIsGoneIsToldAndAwaited() {
    TestDataNode node = node(3);
    RemotePool pool =
        RemotePool.open(
            node.settings().withCallLimit(Duration.ofSeconds(1)), TestIdentity.of("host-a"));
    try (pool) {
      node.server().close();
      assertEquals(Kind.UNAVAILABLE, kindOf(() -> pool.records().put(EPOCH, "a", 0, new byte[1])));
      assertEquals(org.opendvx.core.pool.PoolStatus.Health.FAILED, pool.status().health());
    }
  }

  @Test
  void aNewProcessOfAHostTakesTheJournalAtOnceWhenItHasFencedTheOldOne() {
    TestDataNode node = node(3);
    RemotePool old = node.client();
    old.fence("host-a", 1);
    JournalStore before = old.journal("host-a");
    before.replay(1, (_, _, _) -> {});
    before.append(EPOCH, 1, 1, ByteBuffer.wrap(new byte[10]));
    RemotePool heir = node.client();
    assertEquals(Kind.CONFLICT, kindOf(() -> heir.journal("host-a")), "its holder lives");
    heir.fence("host-a", 2);
    try (JournalStore journal = heir.journal("host-a")) {
      assertEquals(1, journal.replay(1, (_, _, _) -> {}));
      journal.append(new Epoch("host-a", 2), 2, 2, ByteBuffer.wrap(new byte[10]));
      assertEquals(
          Kind.CONFLICT, kindOf(() -> before.append(EPOCH, 2, 2, ByteBuffer.wrap(new byte[9]))));
    }
  }

  @Test
  void leasesHoldOverARestartOfTheDataNode() {
    TestDataNode node = node(3);
    RemotePool pool = node.client();
    Lease first = pool.leases().take(EPOCH, "namespace", "a", LEASE);
    assertEquals(first.token(), pool.leases().take(EPOCH, "namespace", "a", LEASE).token());
    assertEquals(Kind.CONFLICT, kindOf(() -> pool.leases().take(EPOCH, "namespace", "b", LEASE)));
    node.restart();
    assertEquals(Kind.CONFLICT, kindOf(() -> pool.leases().take(EPOCH, "namespace", "b", LEASE)));
    assertEquals("a", pool.leases().look("namespace").orElseThrow().holder());
    pool.leases().release(EPOCH, "namespace", "a");
    Lease second = pool.leases().take(EPOCH, "namespace", "b", LEASE);
    assertTrue(second.token() > first.token());
    assertEquals(
        Kind.DENIED, kindOf(() -> pool.records().put(EPOCH, "lease/namespace", 1, new byte[0])));
  }

  private static Kind kindOf(Runnable call) {
    return assertThrows(DvxException.class, call::run).kind();
  }

  private static byte[] bytes(long seed, int length) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  static void await(String what, java.util.function.BooleanSupplier holds) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!holds.getAsBoolean()) {
      assertTrue(System.nanoTime() - deadline < 0, what);
      try {
        Thread.sleep(20);
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Puts, appends and counts until it is stopped; every call must succeed. */
  static final class Load implements AutoCloseable {
    final RemotePool pool;
    private final JournalStore journal;
    private final AtomicBoolean stop = new AtomicBoolean();
    private final AtomicInteger containers = new AtomicInteger();
    private final AtomicInteger counted = new AtomicInteger();
    private final List<Throwable> failures = new java.util.concurrent.CopyOnWriteArrayList<>();
    private final CountDownLatch ended = new CountDownLatch(3);
    private volatile long appended;

    Load(RemotePool pool) {
      this.pool = pool;
      this.journal = pool.journal("host-a");
      journal.replay(1, (_, _, _) -> {});
      run("puts", this::put);
      run("appends", this::append);
      run("counts", this::count);
    }

    private void run(String name, Runnable step) {
      Thread.ofVirtual()
          .name(name)
          .start(
              () -> {
                try {
                  while (!stop.get()) {
                    step.run();
                  }
                } catch (Throwable e) {
                  failures.add(e);
                } finally {
                  ended.countDown();
                }
              });
    }

    private void put() {
      int id = containers.get() + 1;
      byte[] content = bytes(id, 500_000 + id);
      pool.containers().put(EPOCH, id, content, content.length);
      containers.set(id);
    }

    private void append() {
      long next = appended + 1;
      journal.append(EPOCH, next, next, ByteBuffer.wrap(bytes(next, 3000)));
      appended = next;
      if (next % 50 == 0) {
        journal.trim(EPOCH, Math.max(1, next - 100));
      }
    }

    private void count() {
      RecordStore records = pool.records();
      int value = counted.get();
      long version =
          records.put(EPOCH, "counter", value, ByteBuffer.allocate(4).putInt(value + 1).array());
      assertEquals(value + 1, version);
      counted.incrementAndGet();
    }

    void stop() throws InterruptedException {
      stop.set(true);
      assertTrue(ended.await(90, TimeUnit.SECONDS), "the load ends");
      for (Throwable failure : failures) {
        throw new AssertionError("a call failed", failure);
      }
    }

    void verify() {
      System.out.printf(
          "%d containers, %d batches, %d changes%n", containers.get(), appended, counted.get());
      assertTrue(containers.get() > 0 && appended > 0 && counted.get() > 0);
      for (int id = 1; id <= containers.get(); id++) {
        byte[] expected = bytes(id, 500_000 + id);
        byte[] read = new byte[expected.length];
        pool.containers().read(id, 0, read.length, read, 0);
        assertArrayEquals(expected, read);
      }
      assertEquals(counted.get(), pool.records().get("counter").orElseThrow().version());
      journal.close();
      long from = Math.max(1, appended - 90);
      long[] next = {from};
      try (JournalStore again = pool.journal("host-a")) {
        long last =
            again.replay(
                from,
                (first, lastOfBatch, batch) -> {
                  assertEquals(next[0], first);
                  assertEquals(first, lastOfBatch);
                  byte[] found = new byte[batch.remaining()];
                  batch.get(found);
                  assertArrayEquals(bytes(first, 3000), found);
                  next[0]++;
                });
        assertEquals(appended, last);
        assertEquals(appended + 1, next[0]);
      }
    }

    @Override
    public void close() {
      stop.set(true);
    }
  }
}
