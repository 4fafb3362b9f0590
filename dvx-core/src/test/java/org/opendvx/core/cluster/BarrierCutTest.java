package org.opendvx.core.cluster;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.FileError;
import org.opendvx.core.datastore.FileException;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.datastore.Snapshots.Cut;
import org.opendvx.core.datastore.Snapshots.CutRequest;

/**
 * Write n+1 is begun only when n was acknowledged, and goes to a file of another owner: no cut may
 * hold n+1 without n, also when hosts die or stop while it is taken.
 */
final class BarrierCutTest {
  private static final List<String> HOSTS = List.of("host-a", "host-b", "host-c");
  private static final Duration LENGTH =
      Duration.ofSeconds(Integer.getInteger("dvx.simulation.seconds", 12));
  private static final int FEWEST_CUTS = 3;

  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
  private volatile boolean stopped;

  @Test
  void noCutHoldsAWriteWithoutTheOneThatItDependsOn() throws Exception {
    long seed = Long.getLong("dvx.simulation.seed", 7);
    System.out.println("cut seed " + seed);
    try (Cluster cluster = new Cluster(seed)) {
      HOSTS.forEach(cluster::start);
      cluster.awaitServing(HOSTS.toArray(String[]::new));
      List<FileKey> files = new ArrayList<>();
      for (String host : HOSTS) {
        FileKey file = Cluster.file(cluster.at(host), FileKey.ROOT, host);
        files.add(file);
        cluster.host(host).moveHere(List.of(file));
      }
      // The owners freeze at different moments, with time for writes in between.
      cluster.network.trouble(20, 0);
      Thread writer = Thread.ofPlatform().name("writer").start(() -> write(cluster, files));
      Thread chaos = Thread.ofPlatform().name("chaos").start(() -> disturb(cluster, seed));
      int cuts = cut(cluster, files);
      stopped = true;
      assertTrue(chaos.join(Duration.ofMinutes(1)) && writer.join(Duration.ofMinutes(2)));
      if (failure.get() != null) {
        throw new AssertionError("seed " + seed, failure.get());
      }
      assertTrue(cuts >= FEWEST_CUTS, "only " + cuts + " cuts");
    }
  }

  @Test
  void aFileOfAnotherHostThatTwoSnapshotsHoldIsKeptByEach() throws Exception {
    try (Cluster cluster = new Cluster(11)) {
      HOSTS.forEach(cluster::start);
      cluster.awaitServing(HOSTS.toArray(String[]::new));
      List<FileKey> files = new ArrayList<>();
      for (String host : HOSTS) {
        FileKey file = Cluster.file(cluster.at(host), FileKey.ROOT, host);
        files.add(file);
        cluster.host(host).moveHere(List.of(file));
        persist(cluster, 7, file, Cluster.block(7));
      }
      FileKey shared = files.get(2);
      List<Cut> cuts =
          Cluster.outcome(
              cluster
                  .at(HOSTS.getFirst())
                  .snapshots()
                  .cutTogether(
                      List.of(
                          new CutRequest(
                              "one", List.of(files.get(0), shared), Map.of(), new byte[0]),
                          new CutRequest(
                              "two", List.of(files.get(1), shared), Map.of(), new byte[0]))));
      persist(cluster, 8, shared, Cluster.block(8));
      for (Cut cut : cuts) {
        byte[] then = read(cluster, new FileKey(cut.snapshot().id(), shared.file()));
        assertArrayEquals(Cluster.block(7), then);
      }
      long first = cuts.getFirst().snapshot().id();
      Object _ = Cluster.outcome(cluster.at(HOSTS.get(1)).snapshots().delete(first));
      FileKey kept = new FileKey(cuts.getLast().snapshot().id(), shared.file());
      assertArrayEquals(Cluster.block(7), read(cluster, kept));
    }
  }

  /** Number n goes to file n % 3, through a random host. */
  private void write(Cluster cluster, List<FileKey> files) {
    try {
      for (long n = 1; !stopped; n++) {
        byte[] block = Cluster.block(n);
        FileKey file = files.get((int) (n % 3));
        persist(cluster, n, file, block);
      }
    } catch (RuntimeException | Error e) {
      failure.compareAndSet(null, e);
    }
  }

  private void persist(Cluster cluster, long n, FileKey file, byte[] block) {
    for (long attempt = n; !stopped; attempt++) {
      String host = HOSTS.get((int) (attempt * 7 % 3));
      HostGate gate = cluster.gate(host);
      try {
        if (gate != null && !gate.stopped()) {
          CompletableFuture<?> written =
              cluster.at(host).write(Caller.SYSTEM, file, 0, ByteBuffer.wrap(block), true);
          while (!written.isDone() && !gate.dead() && !stopped) {
            Thread.sleep(1);
          }
          if (written.isDone() && !written.isCompletedExceptionally() && !gate.dead()) {
            return;
          }
        }
        Thread.sleep(5);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      } catch (RuntimeException e) {
        if (gate == null || !gate.dead()) {
          throw e;
        }
      }
    }
  }

  private void disturb(Cluster cluster, long seed) {
    Random random = new Random(seed);
    try {
      while (!stopped) {
        Thread.sleep(1500 + random.nextInt(1500));
        String host = HOSTS.get(random.nextInt(3));
        if (random.nextBoolean()) {
          cluster.kill(host);
          cluster.start(host);
        } else {
          cluster.pause(host, true);
          Thread.sleep(random.nextInt(900));
          cluster.pause(host, false);
        }
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    } catch (RuntimeException | Error e) {
      failure.compareAndSet(null, e);
    }
  }

  private int cut(Cluster cluster, List<FileKey> files) throws InterruptedException {
    long end = System.nanoTime() + LENGTH.toNanos();
    int cuts = 0;
    int refused = 0;
    long longest = 0;
    for (int i = 0; System.nanoTime() < end && failure.get() == null; i++) {
      String host = HOSTS.get(i % 3);
      HostGate gate = cluster.gate(host);
      if (gate == null || gate.stopped()) {
        Thread.sleep(10);
        continue;
      }
      try {
        CompletableFuture<Cut> future =
            cluster
                .at(host)
                .snapshots()
                .cut(new CutRequest("cut-" + i, files, Map.of(), new byte[0]));
        while (!future.isDone() && !gate.dead() && System.nanoTime() < end) {
          Thread.sleep(2);
        }
        if (!future.isDone()) {
          continue;
        }
        Cut cut = Cluster.outcome(future);
        longest = Math.max(longest, cut.heldNanos());
        check(cluster, cut.snapshot().id(), files);
        cuts++;
      } catch (FileException e) {
        if (e.error() != FileError.BUSY && !gate.dead()) {
          throw e;
        }
        refused++;
      } catch (RuntimeException e) {
        if (!gate.dead()) {
          throw e;
        }
      }
    }
    System.out.println(
        cuts + " cuts, " + refused + " refused, held " + longest / 1_000_000 + " ms at most");
    return cuts;
  }

  private static void check(Cluster cluster, long snapshot, List<FileKey> files)
      throws InterruptedException {
    long highest = 0;
    long[] found = new long[3];
    for (int i = 0; i < 3; i++) {
      FileKey frozen = new FileKey(snapshot, files.get(i).file());
      byte[] block = read(cluster, frozen);
      found[i] = block.length < 8 ? 0 : ByteBuffer.wrap(block).getLong();
      highest = Math.max(highest, found[i]);
    }
    for (long n = Math.max(1, highest - 2); n <= highest; n++) {
      if (found[(int) (n % 3)] < n) {
        throw new AssertionError("the cut holds " + highest + " and not " + n);
      }
    }
  }

  private static byte[] read(Cluster cluster, FileKey frozen) throws InterruptedException {
    while (true) {
      for (String host : HOSTS) {
        HostGate gate = cluster.gate(host);
        try {
          if (gate != null && !gate.stopped()) {
            byte[] target = new byte[4096];
            var reading = cluster.at(host).read(Caller.SYSTEM, frozen, 0, ByteBuffer.wrap(target));
            while (!reading.isDone() && !gate.dead()) {
              Thread.sleep(1);
            }
            if (reading.isDone() && !reading.isCompletedExceptionally()) {
              return java.util.Arrays.copyOf(target, reading.join().count());
            }
          }
        } catch (RuntimeException e) {
          if (gate == null || !gate.dead()) {
            throw e;
          }
        }
      }
      Thread.sleep(10);
    }
  }
}
