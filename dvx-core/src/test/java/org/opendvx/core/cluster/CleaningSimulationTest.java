package org.opendvx.core.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.opendvx.core.clean.SteppedCleaner;
import org.opendvx.core.cluster.ClusterHost.Cleaning;
import org.opendvx.core.codec.KeyRing;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.FileError;
import org.opendvx.core.datastore.FileException;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.datastore.Snapshots.Cut;
import org.opendvx.core.datastore.Snapshots.CutRequest;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.testing.InMemoryPool;
import org.opendvx.core.testing.LockedRing;
import org.opendvx.core.testing.SealedUnder;

/**
 * An eager cleaner beside everything that may happen to hosts: they are killed, stopped and cut
 * off, the one that cleans also in the middle of its steps; files move; blocks of few different
 * contents are written through all hosts, so that most are duplicates; snapshots over all owners
 * are taken and deleted; data keys are made anew one after the other. Each block has one writer,
 * who goes on when a write was acknowledged; so what a block holds is known. At the end all hosts
 * start anew, and every block of every file and snapshot is compared.
 */
final class CleaningSimulationTest {
  private static final int FILES = 4;
  private static final int BLOCKS = 24;
  private static final int CLIENTS = 3;

  /** Different contents at one time; over time they are others. */
  private static final int CONTENTS = 12;

  private static final int KEPT_SNAPSHOTS = 4;
  private static final int FEWEST_DELETED = 10;
  private static final List<String> HOSTS = List.of("host-a", "host-b", "host-c");
  private static final Duration LENGTH =
      Duration.ofSeconds(Integer.getInteger("dvx.simulation.seconds", 20));
  private static final long NO_ANSWER_NANOS = TimeUnit.SECONDS.toNanos(120);

  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
  private final AtomicLong writes = new AtomicLong();
  private final AtomicLong deletions = new AtomicLong();
  private final AtomicLong settled = new AtomicLong();
  private final AtomicInteger disturbed = new AtomicInteger();
  private final BlockingQueue<String> stopped = new LinkedBlockingQueue<>();
  private final List<FileKey> files = new ArrayList<>();
  private final long[][] known = new long[FILES][BLOCKS];
  private final List<Kept> kept = new ArrayList<>();
  private @Nullable Cluster cluster;
  private volatile boolean over;
  private volatile boolean calm;

  /** A snapshot, and the contents that it was found to have at first. */
  private record Kept(long id, List<List<Long>> contents) {}

  @ParameterizedTest
  @CsvSource({"3, false", "20261124, true"})
  void everyBlockIsThereWhateverHappensBesideTheCleaner(
      long seed, boolean renewing, @TempDir Path folder) throws Exception {
    long used = Long.getLong("dvx.simulation.seed", seed);
    System.out.println("cleaning simulation seed " + used);
    InMemoryPool pool = new InMemoryPool();
    Random steps = new Random(used * 7);
    int victims = renewing ? 500 : 12;
    LockedRing lock = LockedRing.in(folder);
    KeyRing ring = lock.make(pool);
    try (Cluster made =
        new Cluster(
            used,
            Cluster.SETTINGS,
            pool,
            host ->
                new Cleaning(
                    (store, all) ->
                        SteppedCleaner.of(store, all, victims, step -> at(host, step, steps)),
                    true),
            ring,
            lock.elsewhere()::read)) {
      cluster = made;
      HOSTS.forEach(made::start);
      made.awaitServing(HOSTS.toArray(String[]::new));
      for (int i = 0; i < FILES; i++) {
        files.add(Cluster.file(made.at(HOSTS.get(i % 3)), FileKey.ROOT, "disk" + i));
      }
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < CLIENTS; i++) {
        int number = i;
        threads.add(start("client-" + i, () -> write(number, new Random(used * 31 + number))));
      }
      threads.add(start("snapshots", () -> snapshots(new Random(used * 37))));
      threads.add(start("sweeps", renewing ? this::renew : this::sweep));
      disturb(made, new Random(used));
      over = true;
      for (Thread thread : threads) {
        assertTrue(thread.join(Duration.ofMinutes(3)), thread + " hangs");
      }
      check(used);
      restart(made);
      compareAll();
      check(used);
      if (renewing) {
        assertTrue(
            ClusterHost.await(() -> lock.ids(pool).size() == 1, Duration.ofMinutes(3)),
            "old keys stay");
        assertTrue(lock.ids(pool).iterator().next() > 1, () -> "keys " + lock.ids(pool));
        assertEquals(lock.ids(pool), SealedUnder.of(pool));
        restart(made);
        compareAll();
        check(used);
      }
      // What is left is cleaned without any disturbance, and compared once more.
      boolean more = ClusterHost.await(this::sweepOnce, Cluster.LIMIT);
      restart(made);
      compareAll();
      check(used);
      long deleted = deletions.get();
      System.out.printf(
          "%d writes, %d rounds, %d containers deleted, %d steps disturbed, %d snapshots, keys %s%n",
          writes.get(), settled.get(), deleted, disturbed.get(), kept.size(), lock.ids(pool));
      assertTrue(more, "the cleaner does not go on");
      assertTrue(deleted >= FEWEST_DELETED, "hardly anything was deleted: " + deleted);
    }
  }

  private void check(long seed) {
    if (failure.get() != null) {
      throw new AssertionError("seed " + seed, failure.get());
    }
  }

  private Cluster cluster() {
    if (cluster == null) {
      throw new IllegalStateException("not started");
    }
    return cluster;
  }

  private Thread start(String name, Runnable work) {
    return Thread.ofPlatform()
        .name(name)
        .start(
            () -> {
              try {
                work.run();
              } catch (RuntimeException | Error e) {
                failure.compareAndSet(null, e);
              }
            });
  }

  /** The cleaner made a step at a host: now and then everything stands still there. */
  private void at(String host, String step, Random random) {
    if (step.equals("DELETED")) {
      deletions.incrementAndGet();
    }
    if (step.equals("SETTLED") || step.equals("MARKED")) {
      settled.incrementAndGet();
    }
    boolean now;
    synchronized (random) {
      now = random.nextInt(25) == 0;
    }
    HostGate gate = cluster().gate(host);
    if (now && gate != null) {
      stop(host, gate);
    }
  }

  /** Not once it is calm: nobody would let it go on. */
  private synchronized void stop(String host, HostGate gate) {
    if (!calm && stopped.isEmpty()) {
      disturbed.incrementAndGet();
      gate.pause(true);
      stopped.add(host);
    }
  }

  private synchronized void calmDown() {
    calm = true;
  }

  /** Cleans without the pauses that the cleaner makes when a round failed. */
  private void sweep() {
    while (!over && failure.get() == null) {
      boolean _ = sweepOnce();
    }
  }

  /** Makes a new data key as soon as nothing is left of those before. */
  private void renew() {
    while (!over && failure.get() == null) {
      for (String host : cluster().names()) {
        HostGate gate = cluster().gate(host);
        try {
          if (gate != null && !gate.stopped() && !cluster().host(host).sealing().active()) {
            int _ = cluster().host(host).renewDataKey();
          }
        } catch (DvxException e) {
          // Another host cleans, or it is not known whether the register took it.
          LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
        } catch (RuntimeException e) {
          if (gate == null || !gate.dead()) {
            throw e;
          }
        }
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
    }
  }

  /** Whether a host cleaned all that can be cleaned. */
  private boolean sweepOnce() {
    for (String host : cluster().names()) {
      HostGate gate = cluster().gate(host);
      try {
        if (gate != null && !gate.stopped()) {
          cluster().host(host).clean(_ -> {});
          return true;
        }
      } catch (DvxException e) {
        // Another host cleans, or not all take part now.
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
      } catch (RuntimeException e) {
        if (gate == null || !gate.dead()) {
          throw e;
        }
      }
    }
    return false;
  }

  private void disturb(Cluster made, Random random) throws InterruptedException {
    long end = System.nanoTime() + LENGTH.toNanos();
    while (System.nanoTime() < end && failure.get() == null) {
      String cleaner = stopped.poll(random.nextInt(250), TimeUnit.MILLISECONDS);
      if (cleaner != null) {
        if (random.nextBoolean()) {
          kill(made, cleaner, random);
        } else {
          Thread.sleep(random.nextInt(4000));
          made.pause(cleaner, false);
        }
        continue;
      }
      String host = HOSTS.get(random.nextInt(3));
      String other = HOSTS.get(random.nextInt(3));
      switch (random.nextInt(60)) {
        case 0 -> kill(made, host, random);
        case 1 -> {
          made.pause(host, true);
          Thread.sleep(random.nextInt(2500));
          made.pause(host, false);
        }
        case 2 -> {
          made.network.partition(host, other, true);
          Thread.sleep(random.nextInt(1000));
          made.network.partition(host, other, false);
        }
        case 3 -> made.network.trouble(random.nextInt(20), random.nextInt(5) / 100.0);
        case 4 -> made.network.mend();
        default -> move(made, host, files.get(random.nextInt(FILES)));
      }
    }
    calmDown();
    for (String host = stopped.poll(); host != null; host = stopped.poll()) {
      made.pause(host, false);
    }
    HOSTS.forEach(host -> made.pause(host, false));
    made.network.mend();
  }

  private static void kill(Cluster made, String host, Random random) throws InterruptedException {
    made.kill(host);
    Thread.sleep(random.nextInt(2500));
    made.start(host);
  }

  private static void move(Cluster made, String host, FileKey file) {
    Thread _ =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    made.host(host).moveHere(List.of(file));
                  } catch (RuntimeException _) {
                    // It may be dead or stopped: then the file stays.
                  }
                });
  }

  private static void restart(Cluster made) throws InterruptedException {
    HOSTS.forEach(made::kill);
    HOSTS.forEach(made::start);
    made.awaitServing(HOSTS.toArray(String[]::new));
  }

  private void write(int number, Random random) {
    while (!over && failure.get() == null) {
      int file = random.nextInt(FILES);
      int some = random.nextInt(BLOCKS);
      int block = some - some % CLIENTS + number;
      long content = 1 + writes.get() / 100 * CONTENTS / 2 + random.nextInt(CONTENTS);
      byte[] bytes = Cluster.block(content);
      Object _ =
          persist(
              host ->
                  cluster()
                      .at(host)
                      .write(
                          Caller.SYSTEM,
                          files.get(file),
                          block * 4096L,
                          ByteBuffer.wrap(bytes),
                          true));
      known[file][block] = content;
      writes.incrementAndGet();
    }
  }

  private void snapshots(Random random) {
    for (int i = 0; !over && failure.get() == null; i++) {
      String name = "snapshot-" + i;
      Cut cut;
      try {
        cut =
            persist(
                host ->
                    cluster()
                        .at(host)
                        .snapshots()
                        .cut(new CutRequest(name, files, Map.of(), new byte[0])));
      } catch (FileException e) {
        if (e.error() == FileError.EXISTS) {
          // An attempt that got no answer was carried out.
          continue;
        }
        throw e;
      }
      List<List<Long>> contents = new ArrayList<>();
      for (FileKey file : files) {
        contents.add(contents(new FileKey(cut.snapshot().id(), file.file())));
      }
      kept.add(new Kept(cut.snapshot().id(), contents));
      if (kept.size() > KEPT_SNAPSHOTS) {
        Kept old = kept.remove(random.nextInt(kept.size()));
        compare(old);
        delete(old);
      }
    }
  }

  private void delete(Kept old) {
    try {
      Object _ = persist(host -> cluster().at(host).snapshots().delete(old.id()).thenApply(_ -> 1));
    } catch (FileException e) {
      if (e.error() != FileError.NOT_FOUND) {
        throw e;
      }
      // It was deleted by an attempt that got no answer.
    }
  }

  private void compareAll() {
    for (int i = 0; i < FILES; i++) {
      List<Long> found = contents(files.get(i));
      List<Long> expected = Arrays.stream(known[i]).boxed().toList();
      if (!found.equals(expected)) {
        throw new AssertionError("file " + i + " holds " + found + ", not " + expected);
      }
    }
    kept.forEach(this::compare);
  }

  private void compare(Kept snapshot) {
    for (int i = 0; i < FILES; i++) {
      List<Long> found = contents(new FileKey(snapshot.id(), files.get(i).file()));
      List<Long> expected = snapshot.contents().get(i);
      if (!found.equals(expected)) {
        throw new AssertionError("snapshot, file " + i + ": " + found + ", not " + expected);
      }
    }
  }

  /** The numbers of a file's blocks, each of which must be whole. */
  private List<Long> contents(FileKey file) {
    byte[] all = new byte[BLOCKS * 4096];
    persist(
        host -> {
          byte[] target = new byte[BLOCKS * 4096];
          return cluster()
              .at(host)
              .read(Caller.SYSTEM, file, 0, ByteBuffer.wrap(target))
              .thenApply(
                  result -> {
                    System.arraycopy(target, 0, all, 0, result.count());
                    return result;
                  });
        });
    List<Long> numbers = new ArrayList<>();
    for (int i = 0; i < BLOCKS; i++) {
      byte[] block = Arrays.copyOfRange(all, i * 4096, (i + 1) * 4096);
      long number = ByteBuffer.wrap(block).getLong();
      byte[] whole = number == 0 ? new byte[4096] : Cluster.block(number);
      if (!Arrays.equals(whole, block)) {
        throw new AssertionError("a torn block of content " + number);
      }
      numbers.add(number);
    }
    return numbers;
  }

  /** As a client on a hard mount: again until it is answered, elsewhere if a host is dead. */
  private <T> T persist(Function<String, CompletableFuture<T>> operation) {
    long start = System.nanoTime();
    try {
      while (System.nanoTime() - start < NO_ANSWER_NANOS) {
        List<String> hosts = cluster().names();
        String host =
            hosts.isEmpty() ? "" : hosts.get(ThreadLocalRandom.current().nextInt(hosts.size()));
        HostGate gate = cluster().gate(host);
        if (gate != null && !gate.stopped()) {
          T answer = attempt(operation, host, gate);
          if (answer != null) {
            return answer;
          }
        }
        Thread.sleep(10);
      }
      throw new AssertionError("no answer");
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static <T> @Nullable T attempt(
      Function<String, CompletableFuture<T>> operation, String host, HostGate gate)
      throws InterruptedException {
    CompletableFuture<T> future;
    try {
      future = operation.apply(host);
    } catch (NullPointerException | DvxException e) {
      if (gate.dead()) {
        return null;
      }
      throw e;
    }
    long start = System.nanoTime();
    while (true) {
      try {
        T answer = future.get(50, TimeUnit.MILLISECONDS);
        return gate.dead() || gate.stopped() ? null : answer;
      } catch (TimeoutException _) {
        boolean deaf = gate.stopped() && System.nanoTime() - start > TimeUnit.SECONDS.toNanos(6);
        if (gate.dead() || deaf) {
          return null;
        }
        if (System.nanoTime() - start > NO_ANSWER_NANOS) {
          throw new AssertionError("no answer from a host that lives");
        }
      } catch (ExecutionException e) {
        boolean again = e.getCause() instanceof FileException f && f.error() == FileError.BUSY;
        if (again || gate.dead() || gate.stopped()) {
          return null;
        }
        if (e.getCause() instanceof FileException refused) {
          throw refused;
        }
        throw new AssertionError(e);
      }
    }
  }
}
