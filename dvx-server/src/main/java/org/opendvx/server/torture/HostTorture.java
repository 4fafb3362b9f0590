package org.opendvx.server.torture;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.stream.IntStream;
import org.opendvx.core.error.DvxException;
import org.opendvx.server.api.MoveRequest;
import org.opendvx.server.api.MovedView;
import org.opendvx.server.api.NodeFile;
import org.opendvx.server.cli.RestClient;
import org.opendvx.server.lab.HostLab;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Clients read and write blocks through all hosts while files move and processes are killed and
 * stopped; every read is judged, and after each round every block at every host. Confined to one
 * thread.
 */
final class HostTorture {
  private static final Logger LOG = LoggerFactory.getLogger(HostTorture.class);
  private static final long DRIVE_BYTES = 4L << 30;
  private static final int FILES = 4;
  private static final int BLOCKS = 12;
  private static final int CLIENTS = 3;
  private static final int OPERATIONS_AFTER = 60;
  private static final int LONGEST_PAUSE_MILLIS = 7000;
  private static final int LONGEST_DOWN_MILLIS = 6000;
  private static final int LONGEST_PEACE_MILLIS = 3000;
  private static final int MOVE_MILLIS = 700;
  private static final long PROGRESS_SECONDS = 180;

  private final Path folder;
  private final List<String> hosts;
  private final long seed;
  private final List<Disturbance> disturbances;
  private final PrintWriter out;
  private final BlockModel[][] blocks = new BlockModel[FILES][BLOCKS];
  private final List<byte[]> files = new ArrayList<>();
  private final AtomicLong reads = new AtomicLong();
  private final AtomicLong writes = new AtomicLong();
  private final AtomicLong moves = new AtomicLong();
  private final AtomicLong longestNanos = new AtomicLong();

  /** Held shared by each operation of a client, exclusively while all is compared. */
  private final ReentrantReadWriteLock quiet = new ReentrantReadWriteLock(true);

  /** The first thing that was wrong, empty for none. */
  private volatile String violation = "";

  private volatile boolean ending;

  /**
   * A run that has not begun.
   *
   * @param disturbances of which each round makes one
   */
  HostTorture(Path folder, int hosts, long seed, List<Disturbance> disturbances, PrintWriter out) {
    this.folder = folder;
    this.hosts = IntStream.rangeClosed(1, hosts).mapToObj(i -> "host" + i).toList();
    this.seed = seed;
    this.disturbances = List.copyOf(disturbances);
    this.out = out;
    for (int file = 0; file < FILES; file++) {
      for (int block = 0; block < BLOCKS; block++) {
        long own = new Random(seed * 1_000_003 + file * 1000L + block).nextLong();
        blocks[file][block] = new BlockModel("disk" + file + " block " + block, own);
      }
    }
  }

  /**
   * Runs rounds, and more until so many cuts were judged; gives what is wrong, empty when nothing
   * is.
   */
  String run(int rounds, int cuts) throws IOException, InterruptedException {
    List<Thread> threads = new ArrayList<>();
    try (HostLab lab =
        new HostLab(
            new HostLab.Setup(folder, HostLab.Setup.SMALL, HostLab.Setup.DRIVES, DRIVE_BYTES))) {
      begin(lab);
      CutChain chain = new CutChain(lab, hosts, seed);
      try (HostClient client = new HostClient(lab, new Random(seed))) {
        for (int file = 0; file < FILES; file++) {
          String name = "disk" + file;
          files.add(client.persist(session -> session.create(session.root(), name).handle()));
        }
        chain.make(client);
        try {
          for (int i = 0; i < CLIENTS; i++) {
            int number = i;
            threads.add(client("client " + i, lab, own -> work(own, number)));
          }
          threads.add(client("chain", lab, own -> chain.write(own, this::over)));
          threads.add(client("cuts", lab, own -> note(chain.cut(own, this::over))));
          threads.add(daemon("mover", () -> move(lab)));
          return rounds(lab, client, chain, rounds, cuts);
        } finally {
          ending = true;
        }
      }
    } finally {
      for (Thread thread : threads) {
        thread.interrupt();
        if (!thread.join(Duration.ofSeconds(PROGRESS_SECONDS))) {
          note(thread.getName() + " does not end");
        }
      }
    }
  }

  private void begin(HostLab lab) throws IOException, InterruptedException {
    lab.startDataNode();
    for (String host : hosts) {
      lab.join(host, flash(lab.at("flash-" + host)));
    }
    lab.start(hosts);
  }

  /** A flash device that does not hold everything, so that peers and the pool are asked too. */
  private static String flash(Path device) throws IOException {
    return """
    flash:
      devices: [%s]
      capacity: 64MiB
    """
        .formatted(Files.createDirectories(device));
  }

  private static Thread daemon(String name, Runnable work) {
    return Thread.ofPlatform().daemon().name(name).start(work);
  }

  /** What a client of its own does until it is over. */
  private interface Work {
    void with(HostClient client) throws IOException, InterruptedException;
  }

  private Thread client(String name, HostLab lab, Work work) {
    return daemon(
        name,
        () -> {
          try (HostClient client = new HostClient(lab, new Random(seed * 17 + name.hashCode()))) {
            work.with(client);
          } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
          } catch (IOException | RuntimeException e) {
            if (!ending) {
              note(name + ": " + e);
            }
          }
        });
  }

  private boolean over() {
    return ending || !violation.isEmpty();
  }

  private synchronized void note(String wrong) {
    if (violation.isEmpty()) {
      violation = wrong;
    }
  }

  private String rounds(HostLab lab, HostClient client, CutChain chain, int rounds, int cuts)
      throws IOException, InterruptedException {
    out.printf("the processes reach each other over %s%n", lab.network().describe());
    for (int round = 0; round < rounds || chain.cuts() < cuts; round++) {
      Random random = new Random(seed * 31 + round);
      Thread.sleep(random.nextInt(LONGEST_PEACE_MILLIS));
      String done = disturb(lab, client, random);
      if (!progress()) {
        note("the clients do not go on after: " + done);
      }
      if (violation.isEmpty()) {
        compare(client);
      }
      if (!violation.isEmpty()) {
        return "round " + round + " (" + done + "): " + violation;
      }
      out.printf(
          "round %d: %s; %d reads, %d writes, %d moves, longest operation %d ms,"
              + " %d cuts in all (%d refused), good%n",
          round,
          done,
          reads.getAndSet(0),
          writes.getAndSet(0),
          moves.getAndSet(0),
          TimeUnit.NANOSECONDS.toMillis(longestNanos.getAndSet(0)),
          chain.cuts(),
          chain.refused());
      out.flush();
    }
    return "";
  }

  /** Does something to processes; all serve again when this returns. Tells what it was. */
  private String disturb(HostLab lab, HostClient client, Random random)
      throws IOException, InterruptedException {
    List<String> some = new ArrayList<>(hosts);
    Collections.shuffle(some, random);
    int down = random.nextInt(LONGEST_DOWN_MILLIS);
    return switch (disturbances.get(random.nextInt(disturbances.size()))) {
      case DATANODE -> killDataNode(lab, down);
      case STOP -> pause(lab, some.getFirst(), random.nextInt(LONGEST_PAUSE_MILLIS));
      case CUTOFF -> cutOff(lab, some.getFirst(), random.nextInt(LONGEST_PAUSE_MILLIS));
      case RESTART -> restart(lab, client, some.getFirst());
      case MOST -> kill(lab, some.subList(1, some.size()), down);
      case KILL -> kill(lab, some.subList(0, 1 + random.nextInt(some.size() - 1)), down);
    };
  }

  private static String killDataNode(HostLab lab, int millis)
      throws IOException, InterruptedException {
    lab.kill(List.of(HostLab.DATA_NODE));
    Thread.sleep(millis);
    lab.startDataNode();
    return "the data node killed";
  }

  private static String pause(HostLab lab, String host, int millis)
      throws IOException, InterruptedException {
    lab.pause(host, true);
    try {
      Thread.sleep(millis);
    } finally {
      lab.pause(host, false);
    }
    return host + " stopped for " + millis + " ms";
  }

  private static String cutOff(HostLab lab, String host, int millis)
      throws IOException, InterruptedException {
    if (!lab.network().cutsOff()) {
      return pause(lab, host, millis);
    }
    lab.network().cutOff(host, true);
    try {
      Thread.sleep(millis);
    } finally {
      lab.network().cutOff(host, false);
    }
    return host + " cut off for " + millis + " ms";
  }

  /** What a client waits that is mounted at that host alone, its reconnecting left out. */
  private String restart(HostLab lab, HostClient client, String host)
      throws IOException, InterruptedException {
    byte[] file = files.getFirst();
    byte[] _ = client.persistAt(host, session -> session.read(file, 0, BlockModel.SIZE));
    long start = System.nanoTime();
    lab.end(host);
    long ended = System.nanoTime();
    lab.start(List.of(host));
    byte[] _ = client.persistAt(host, session -> session.read(file, 0, BlockModel.SIZE));
    long answered = System.nanoTime();
    return "%s restarted: ended after %d ms, a client of it was answered again after %d ms"
        .formatted(
            host,
            TimeUnit.NANOSECONDS.toMillis(ended - start),
            TimeUnit.NANOSECONDS.toMillis(answered - start));
  }

  private static String kill(HostLab lab, List<String> some, int millis)
      throws IOException, InterruptedException {
    lab.kill(some);
    Thread.sleep(millis);
    lab.start(some);
    return "killed " + String.join(", ", some);
  }

  private boolean progress() throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PROGRESS_SECONDS);
    long before = reads.get() + writes.get();
    while (reads.get() + writes.get() < before + OPERATIONS_AFTER) {
      if (System.nanoTime() - end > 0) {
        return false;
      }
      if (!violation.isEmpty()) {
        return true;
      }
      Thread.sleep(50);
    }
    return true;
  }

  /** Every block at every host, while nothing is written. */
  private void compare(HostClient client) throws IOException, InterruptedException {
    quiet.writeLock().lock();
    try {
      for (String host : hosts) {
        for (int file = 0; file < FILES; file++) {
          for (int block = 0; block < BLOCKS; block++) {
            byte[] handle = files.get(file);
            long offset = (long) block * BlockModel.SIZE;
            BlockModel model = blocks[file][block];
            long least = model.least();
            byte[] found =
                client.persistAt(host, session -> session.read(handle, offset, BlockModel.SIZE));
            String wrong = model.judge(found, least);
            if (!wrong.isEmpty()) {
              note("at " + host + ", " + wrong);
            }
          }
        }
      }
    } finally {
      quiet.writeLock().unlock();
    }
  }

  private void work(HostClient client, int number) throws IOException, InterruptedException {
    Random random = new Random(seed * 17 + number);
    while (!over()) {
      quiet.readLock().lockInterruptibly();
      try {
        long start = System.nanoTime();
        operate(client, random, number);
        long nanos = System.nanoTime() - start;
        long _ = longestNanos.accumulateAndGet(nanos, Math::max);
      } finally {
        quiet.readLock().unlock();
      }
      Thread.sleep(random.nextInt(8));
    }
  }

  private void operate(HostClient client, Random random, int number)
      throws IOException, InterruptedException {
    int file = random.nextInt(FILES);
    int block = random.nextInt(BLOCKS);
    boolean read = random.nextBoolean();
    // Each block has one writer.
    int at = read ? block : block - block % CLIENTS + number;
    BlockModel model = blocks[file][at];
    byte[] handle = files.get(file);
    long offset = (long) at * BlockModel.SIZE;
    if (read) {
      long least = model.least();
      byte[] found = client.persist(session -> session.read(handle, offset, BlockModel.SIZE));
      String wrong = model.judge(found, least);
      if (!wrong.isEmpty()) {
        note(wrong);
      }
      long _ = reads.incrementAndGet();
    } else {
      long value = model.begin();
      byte[] content = model.content(value);
      int _ = client.persist(session -> session.write(handle, offset, content));
      model.acknowledged(value);
      long _ = writes.incrementAndGet();
    }
  }

  /** Files move all the time, as machines do; a move that fails leaves a file where it is. */
  private void move(HostLab lab) {
    Random random = new Random(seed * 13);
    while (!ending) {
      try {
        Thread.sleep(random.nextInt(MOVE_MILLIS));
        Map<String, NodeFile> serving = lab.serving();
        List<String> names = serving.keySet().stream().sorted().toList();
        if (names.isEmpty()) {
          continue;
        }
        NodeFile asked = serving.get(names.get(random.nextInt(names.size())));
        String to = names.get(random.nextInt(names.size()));
        if (asked != null) {
          moveOnce(asked, "/disk" + random.nextInt(FILES), to);
        }
      } catch (InterruptedException _) {
        return;
      }
    }
  }

  private void moveOnce(NodeFile asked, String file, String to) {
    try (RestClient client = RestClient.of(asked)) {
      MovedView _ = client.post("placement", new MoveRequest(file, to), MovedView.class);
      long _ = moves.incrementAndGet();
    } catch (IOException | DvxException e) {
      LOG.debug("{} did not move to {}", file, to, e);
    }
  }
}
