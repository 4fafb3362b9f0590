package org.opendvx.core.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.FileError;
import org.opendvx.core.datastore.FileException;
import org.opendvx.core.datastore.FileKey;

/**
 * Clients read and write through random hosts while hosts are killed, stopped, cut off from each
 * other, and files move. Each block has one writer, who writes rising numbers and goes on only when
 * a write was acknowledged; a register is linearizable then if no read gives less than what was
 * acknowledged or read before it began, nor more than what was begun when it ended.
 */
final class ClusterSimulationTest {
  private static final int FILES = 4;
  private static final int BLOCKS = 6;
  private static final int CLIENTS = 3;
  private static final List<String> HOSTS = List.of("host-a", "host-b", "host-c");
  private static final Duration LENGTH =
      Duration.ofSeconds(Integer.getInteger("dvx.simulation.seconds", 12));

  /** Longer than any host may be stopped without being declared dead. */
  private static final long GIVE_UP_NANOS = TimeUnit.SECONDS.toNanos(6);

  private static final long NO_ANSWER_NANOS = TimeUnit.SECONDS.toNanos(90);

  /** What is known of a block. */
  private static final class Register {
    /** The highest number that somebody began to write. */
    final AtomicLong begun = new AtomicLong();

    /** The highest number that was acknowledged or read. */
    final AtomicLong known = new AtomicLong();
  }

  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
  private final AtomicLong reads = new AtomicLong();
  private final AtomicLong writes = new AtomicLong();
  private volatile boolean stopped;

  @ParameterizedTest
  @ValueSource(longs = {1, 20261123})
  void everyBlockIsLinearizableWhateverHappensToHosts(long seed) throws Exception {
    long used = Long.getLong("dvx.simulation.seed", seed);
    System.out.println("simulation seed " + used);
    try (Cluster cluster = new Cluster(used)) {
      HOSTS.forEach(cluster::start);
      cluster.awaitServing(HOSTS.toArray(String[]::new));
      List<FileKey> files = new ArrayList<>();
      Register[][] registers = new Register[FILES][BLOCKS];
      for (int i = 0; i < FILES; i++) {
        files.add(Cluster.file(cluster.at(HOSTS.get(i % 3)), FileKey.ROOT, "disk" + i));
        for (int b = 0; b < BLOCKS; b++) {
          registers[i][b] = new Register();
        }
      }
      List<Thread> clients = new ArrayList<>();
      for (int i = 0; i < CLIENTS; i++) {
        Client client = new Client(cluster, files, registers, i, used);
        clients.add(Thread.ofPlatform().name("client-" + i).start(client));
      }
      Chaos chaos = new Chaos(cluster, files, new Random(used));
      long end = System.nanoTime() + LENGTH.toNanos();
      while (System.nanoTime() < end && failure.get() == null) {
        chaos.step();
      }
      chaos.end();
      stopped = true;
      for (Thread client : clients) {
        assertTrue(client.join(Duration.ofMinutes(2)), client + " hangs");
      }
      if (failure.get() != null) {
        throw new AssertionError("seed " + used, failure.get());
      }
      cluster.awaitServing(HOSTS.toArray(String[]::new));
      for (int i = 0; i < FILES; i++) {
        for (int b = 0; b < BLOCKS; b++) {
          byte[] block = Cluster.read(cluster.at("host-b"), files.get(i), b * 4096L, 4096);
          assertEquals(registers[i][b].known.get(), number(block), "file " + i + " block " + b);
        }
      }
      System.out.println(reads + " reads, " + writes + " writes; " + chaos.report());
      assertTrue(writes.get() > 20, "hardly anything was written");
    }
  }

  /** The number in a block, which must be whole. */
  private static long number(byte[] block) {
    if (block.length == 0) {
      return 0;
    }
    byte[] whole = Arrays.copyOf(block, 4096);
    long number = ByteBuffer.wrap(whole).getLong();
    byte[] expected = number == 0 ? new byte[4096] : Cluster.block(number);
    if (!Arrays.equals(expected, whole)) {
      throw new AssertionError("a torn block of write " + number);
    }
    return number;
  }

  private final class Client implements Runnable {
    private final Cluster cluster;
    private final List<FileKey> files;
    private final Register[][] registers;
    private final int number;
    private final Random random;

    Client(Cluster cluster, List<FileKey> files, Register[][] registers, int number, long seed) {
      this.cluster = cluster;
      this.files = files;
      this.registers = registers;
      this.number = number;
      this.random = new Random(seed * 31 + number);
    }

    @Override
    public void run() {
      try {
        while (!stopped && failure.get() == null) {
          int file = random.nextInt(FILES);
          int block = random.nextInt(BLOCKS);
          if (random.nextBoolean()) {
            read(file, block);
          } else {
            write(file, block - block % CLIENTS + number);
          }
          Thread.sleep(random.nextInt(6));
        }
      } catch (Exception | Error e) {
        failure.compareAndSet(null, e);
      }
    }

    private void read(int file, int block) throws Exception {
      Register register = registers[file][block];
      long least = register.known.get();
      byte[] target = new byte[4096];
      int count =
          persist(
                  host ->
                      cluster
                          .at(host)
                          .read(
                              Caller.SYSTEM,
                              files.get(file),
                              block * 4096L,
                              ByteBuffer.wrap(target)))
              .count();
      long value = number(Arrays.copyOf(target, count));
      long most = register.begun.get();
      if (value < least || value > most) {
        throw new AssertionError(
            "file %d block %d: read %d, allowed %d to %d"
                .formatted(file, block, value, least, most));
      }
      register.known.accumulateAndGet(value, Math::max);
      reads.incrementAndGet();
    }

    private void write(int file, int block) throws Exception {
      Register register = registers[file][block];
      long value = register.begun.incrementAndGet();
      byte[] content = Cluster.block(value);
      Object _ =
          persist(
              host ->
                  cluster
                      .at(host)
                      .write(
                          Caller.SYSTEM,
                          files.get(file),
                          block * 4096L,
                          ByteBuffer.wrap(content),
                          true));
      register.known.accumulateAndGet(value, Math::max);
      writes.incrementAndGet();
    }

    /** An operation through some host. */
    private interface Operation<T> {
      CompletableFuture<T> at(String host);
    }

    /**
     * As a client does on a hard mount: again until it is answered, elsewhere if a host is dead.
     */
    private <T> T persist(Operation<T> operation) throws Exception {
      long start = System.nanoTime();
      while (true) {
        if (System.nanoTime() - start > NO_ANSWER_NANOS) {
          throw new AssertionError("no answer");
        }
        List<String> hosts = cluster.names();
        String host = hosts.get(random.nextInt(hosts.size()));
        HostGate gate = cluster.gate(host);
        if (gate == null || gate.stopped()) {
          Thread.sleep(20);
          continue;
        }
        CompletableFuture<T> future;
        try {
          future = operation.at(host);
        } catch (RuntimeException e) {
          if (gate.dead()) {
            continue;
          }
          throw e;
        }
        T answer = await(future, gate);
        if (answer != null) {
          return answer;
        }
        Thread.sleep(10);
      }
    }

    private <T> @Nullable T await(CompletableFuture<T> future, HostGate gate) throws Exception {
      long start = System.nanoTime();
      while (true) {
        try {
          T answer = future.get(50, TimeUnit.MILLISECONDS);
          // What a process that is stopped or dead has computed reaches nobody.
          return gate.dead() || gate.stopped() ? null : answer;
        } catch (TimeoutException _) {
          boolean deaf = gate.stopped() && System.nanoTime() - start > GIVE_UP_NANOS;
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
          throw e;
        }
      }
    }
  }

  /** Does things to hosts, by a seed. */
  private static final class Chaos {
    private final Cluster cluster;
    private final List<FileKey> files;
    private final Random random;
    private int kills;
    private int pauses;
    private int partitions;
    private int moves;

    Chaos(Cluster cluster, List<FileKey> files, Random random) {
      this.cluster = cluster;
      this.files = files;
      this.random = random;
    }

    void step() throws InterruptedException {
      Thread.sleep(random.nextInt(250));
      String host = HOSTS.get(random.nextInt(3));
      String other = HOSTS.get(random.nextInt(3));
      switch (random.nextInt(12)) {
        case 0 -> {
          kills++;
          cluster.kill(host);
          Thread.sleep(random.nextInt(2500));
          cluster.start(host);
        }
        case 1 -> {
          pauses++;
          cluster.pause(host, true);
          Thread.sleep(random.nextInt(3000));
          cluster.pause(host, false);
        }
        case 2 -> {
          partitions++;
          cluster.network.partition(host, other, true);
          Thread.sleep(random.nextInt(1000));
          cluster.network.partition(host, other, false);
        }
        case 3 -> cluster.network.trouble(random.nextInt(20), random.nextInt(5) / 100.0);
        default -> {
          moves++;
          FileKey file = files.get(random.nextInt(FILES));
          Thread _ =
              Thread.ofVirtual()
                  .start(
                      () -> {
                        try {
                          cluster.host(host).moveHere(List.of(file));
                        } catch (RuntimeException _) {
                          // It may be dead or stopped: then the file stays.
                        }
                      });
        }
      }
    }

    void end() {
      cluster.network.mend();
    }

    String report() {
      return kills
          + " kills, "
          + pauses
          + " pauses, "
          + partitions
          + " partitions, "
          + moves
          + " moves";
    }
  }
}
