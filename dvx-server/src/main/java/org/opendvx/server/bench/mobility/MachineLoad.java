package org.opendvx.server.bench.mobility;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.opendvx.server.api.NodeFile;
import org.opendvx.server.bench.rpc.Credentials;
import org.opendvx.server.bench.rpc.Nfs3;
import org.opendvx.server.bench.rpc.NfsException;
import org.opendvx.server.bench.rpc.NfsSession;
import org.opendvx.server.bench.rpc.Target;

/**
 * A machine's disk under reads and writes of 4 KiB at random places: each thread has blocks of its
 * own and knows what they hold, so every read is verified. All threads go on at another host when
 * they are told.
 */
final class MachineLoad implements AutoCloseable {
  static final int BLOCK = 4096;

  private static final Credentials WHO = new Credentials("bench", 0, 0);
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final long PATIENCE = TimeUnit.SECONDS.toNanos(60);
  private static final long PAUSE_MILLIS = 2;
  private static final int READS_OF_TEN = 7;
  private static final int FILL = 64;
  private static final long SEED = 42;

  private final Map<String, NodeFile> hosts;
  private final String folder;
  private final int blocks;
  private final List<Thread> threads = new ArrayList<>();
  private final List<Io> done = new ArrayList<>();
  private final AtomicLong bad = new AtomicLong();
  private final List<Written> written = new ArrayList<>();
  private volatile String host;
  private volatile boolean ending;
  private volatile boolean crashed;
  private volatile @Nullable Throwable failure;

  /**
   * An operation that ended.
   *
   * @param host that was asked
   */
  record Io(long start, long nanos, boolean read, String host) {}

  /** What a thread has written: versions of its blocks, and the one that is under way. */
  private static final class Written {
    private final int[] versions;
    private int underWay = -1;

    Written(int blocks) {
      versions = new int[blocks];
    }
  }

  /**
   * A load.
   *
   * @param folder of the machine, in the datastore's root
   * @param host where it begins
   */
  MachineLoad(Map<String, NodeFile> hosts, String folder, int blocks, String host) {
    this.hosts = hosts;
    this.folder = folder;
    this.blocks = blocks;
    this.host = host;
  }

  private NfsSession session(String at) throws IOException {
    return session(Objects.requireNonNull(hosts.get(at), at));
  }

  /** Mounts the datastore at a host. */
  static NfsSession session(NodeFile node) throws IOException {
    return NfsSession.open(
        new Target(
            node.address(), node.export(), node.nfsPort(), node.mountPort(), WHO, LIMIT, false));
  }

  private byte[] disk(NfsSession session) throws IOException {
    byte[] directory = session.lookup(session.root(), folder).orElseThrow().handle();
    return session.lookup(directory, disk(folder)).orElseThrow().handle();
  }

  /** The data file of a machine's disk, as ESXi names it. */
  private static String disk(String machine) {
    return machine + "-flat.vmdk";
  }

  /** Makes a file. */
  static void write(NfsSession session, byte[] directory, String name, byte[] content)
      throws IOException {
    byte[] file = patiently(() -> session.create(directory, name)).handle();
    int _ = patiently(() -> session.write(file, 0, content));
  }

  /** Makes the disk and fills it with the first version of every block. */
  static void fill(NodeFile node, String folder, int blocks, long content) throws IOException {
    try (NfsSession session = session(node)) {
      byte[] directory = patiently(() -> session.makeDirectory(session.root(), folder)).handle();
      byte[] disk = patiently(() -> session.create(directory, disk(folder))).handle();
      for (int block = 0; block < blocks; block += FILL) {
        int count = Math.min(FILL, blocks - block);
        ByteBuffer bytes = ByteBuffer.allocate(count * BLOCK);
        for (int i = 0; i < count; i++) {
          bytes.put(content(content + block + i, 0));
        }
        long at = (long) block * BLOCK;
        byte[] all = new byte[count * BLOCK];
        bytes.flip().get(all);
        int _ = patiently(() -> session.write(disk, at, all));
      }
    }
  }

  /** Half of a block is noise, the rest zeros: it compresses to a half. */
  private static byte[] content(long block, int version) {
    byte[] bytes = new byte[BLOCK];
    ByteBuffer buffer = ByteBuffer.wrap(bytes, 0, BLOCK / 2);
    SplittableRandom random = new SplittableRandom(block * 1_000_003L + version);
    while (buffer.hasRemaining()) {
      buffer.putLong(random.nextLong());
    }
    return bytes;
  }

  /** Reads the disk whole, at one host, so that it is hot there. */
  void warm() throws IOException {
    try (NfsSession session = session(host)) {
      byte[] disk = disk(session);
      for (int block = 0; block < blocks; block += FILL) {
        long at = (long) block * BLOCK;
        byte[] _ = patiently(() -> session.read(disk, at, FILL * BLOCK));
      }
    }
  }

  void start(int count) {
    for (int i = 0; i < count; i++) {
      int number = i;
      written.add(new Written((blocks + count - 1) / count));
      threads.add(Thread.ofPlatform().daemon().name("load-" + i).start(() -> run(number, count)));
    }
  }

  private void run(int number, int count) {
    Written mine = written.get(number);
    int[] versions = mine.versions;
    SplittableRandom random = new SplittableRandom(SEED + number);
    Map<String, NfsSession> sessions = new LinkedHashMap<>();
    Map<String, byte[]> disks = new LinkedHashMap<>();
    try {
      for (String each : hosts.keySet()) {
        NfsSession session = session(each);
        sessions.put(each, session);
        disks.put(each, patiently(() -> disk(session)));
      }
      while (!ending) {
        int own = random.nextInt(blocks / count);
        long block = (long) own * count + number;
        boolean read = random.nextInt(10) < READS_OF_TEN;
        String at = host;
        NfsSession session = Objects.requireNonNull(sessions.get(at));
        byte[] disk = Objects.requireNonNull(disks.get(at));
        byte[] next = content(block, versions[own] + (read ? 0 : 1));
        long start = System.nanoTime();
        if (read) {
          byte[] found = patiently(() -> session.read(disk, block * BLOCK, BLOCK));
          if (!Arrays.equals(found, next)) {
            bad.incrementAndGet();
          }
        } else {
          mine.underWay = own;
          int _ = patiently(() -> session.write(disk, block * BLOCK, next));
          versions[own]++;
          mine.underWay = -1;
        }
        note(new Io(start, System.nanoTime() - start, read, at));
      }
    } catch (IOException | RuntimeException e) {
      if (!crashed) {
        failure = e;
      }
    } finally {
      close(sessions);
    }
  }

  private static void close(Map<String, NfsSession> sessions) {
    for (NfsSession session : sessions.values()) {
      try {
        session.close();
      } catch (IOException e) {
        throw new java.io.UncheckedIOException(e);
      }
    }
  }

  private void note(Io io) {
    synchronized (done) {
      done.add(io);
    }
  }

  /** One call. */
  private interface Call<T> {
    T make() throws IOException;
  }

  /** As a hypervisor does: what is told to come again comes again. */
  private static <T> T patiently(Call<T> call) throws IOException {
    long end = System.nanoTime() + PATIENCE;
    while (true) {
      try {
        return call.make();
      } catch (NfsException e) {
        if (e.status() != Nfs3.ERR_JUKEBOX || System.nanoTime() - end > 0) {
          throw e;
        }
        try {
          Thread.sleep(PAUSE_MILLIS);
        } catch (InterruptedException interrupted) {
          Thread.currentThread().interrupt();
          throw new IOException("interrupted", interrupted);
        }
      }
    }
  }

  /** The machine runs beside another host from now on. */
  void moveTo(String other) {
    host = other;
  }

  /** What ended and was begun in an interval, or was under way at its begin. */
  List<Io> between(long from, long to) {
    synchronized (done) {
      return done.stream()
          .filter(io -> io.start() + io.nanos() >= from && io.start() < to)
          .toList();
    }
  }

  /** Reads that held something else than was last acknowledged. */
  long bad() {
    return bad.get();
  }

  /** Why a thread ended early; null when none did. */
  @Nullable Throwable failure() {
    return failure;
  }

  /** The host of the machine has died, and the machine with it. */
  void crash() {
    crashed = true;
    close();
  }

  /**
   * Writes at a host as soon as that is possible.
   *
   * @return nanoseconds that it took
   */
  long firstWrite(String at) throws IOException {
    long start = System.nanoTime();
    try (NfsSession session = session(at)) {
      byte[] disk = patiently(() -> disk(session));
      // The first block that no write is under way for keeps its content.
      int own = written.getFirst().underWay == 0 ? 1 : 0;
      byte[] same = content((long) own * written.size(), written.getFirst().versions[own]);
      long offset = (long) own * written.size() * BLOCK;
      int _ = patiently(() -> session.write(disk, offset, same));
    }
    return System.nanoTime() - start;
  }

  /** Reads every block at a host; how many hold something else than was acknowledged. */
  long lost(String at) throws IOException {
    long lost = 0;
    try (NfsSession session = session(at)) {
      byte[] disk = patiently(() -> disk(session));
      for (long block = 0; block < blocks; block++) {
        long offset = block * BLOCK;
        Written of = written.get((int) (block % written.size()));
        int own = (int) (block / written.size());
        byte[] found = patiently(() -> session.read(disk, offset, BLOCK));
        boolean whole = Arrays.equals(found, content(block, of.versions[own]));
        boolean next =
            of.underWay == own && Arrays.equals(found, content(block, of.versions[own] + 1));
        lost += whole || next ? 0 : 1;
      }
    }
    return lost;
  }

  @Override
  public void close() {
    ending = true;
    for (Thread thread : threads) {
      try {
        boolean _ = thread.join(LIMIT);
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
