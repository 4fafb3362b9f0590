package org.opendvx.core.pool.local;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.JournalStore;

/** A pool on simulated drives, and ways to treat it badly. */
final class SimPool implements AutoCloseable {
  static final Epoch EPOCH = new Epoch("host-a", 1);
  static final String HOST = "host-a";
  private static final int SEGMENT = 64 << 10;
  private static final int SEGMENTS = 6;

  private final List<SimDisk> disks = new CopyOnWriteArrayList<>();
  private LocalPoolConfig config;
  private @Nullable LocalPool pool;

  private SimPool(int drives) {
    for (int i = 0; i < drives; i++) {
      disks.add(new SimDisk(Path.of("/sim/" + i), "disk " + i));
    }
    List<Path> roots = disks.stream().map(SimDisk::root).toList();
    config =
        LocalPoolConfig.of(roots)
            .withFolders(this::mount)
            .withDriveCapacity(1L << 30)
            .withJournal(SEGMENT, SEGMENTS)
            .withTimes(Duration.ofSeconds(5), Duration.ofMillis(20));
  }

  /** One more disk, empty, which the pool is told of when it is opened the next time. */
  SimDisk spare() {
    SimDisk disk = new SimDisk(Path.of("/sim/" + disks.size()), "disk " + disks.size());
    disks.add(disk);
    config =
        new LocalPoolConfig(
            disks.stream().map(SimDisk::root).toList(),
            config.folders(),
            config.driveCapacity(),
            config.segmentBytes(),
            config.journalSegments(),
            config.ioLimit(),
            config.probeInterval(),
            config.openShards(),
            config.cachedHeaders(),
            config.care());
    return disk;
  }

  private DriveFolder mount(Path root) {
    for (SimDisk disk : disks) {
      if (disk.root().equals(root)) {
        return disk.mount();
      }
    }
    throw new IllegalArgumentException(root.toString());
  }

  /** A new pool, open. */
  static SimPool create(int drives) {
    SimPool sim = unformatted(drives);
    LocalPool.create(sim.config);
    sim.open();
    return sim;
  }

  static SimPool unformatted(int drives) {
    return new SimPool(drives);
  }

  SimPool configure(java.util.function.UnaryOperator<LocalPoolConfig> change) {
    config = change.apply(config);
    return this;
  }

  LocalPoolConfig config() {
    return config;
  }

  SimDisk disk(int index) {
    return disks.get(index);
  }

  List<SimDisk> disks() {
    return disks;
  }

  LocalPool pool() {
    LocalPool open = pool;
    if (open == null) {
      throw new IllegalStateException("not open");
    }
    return open;
  }

  LocalPool open() {
    pool = LocalPool.open(config);
    return pool;
  }

  /** The process is killed. */
  void kill() {
    disks.forEach(SimDisk::kill);
    closePool();
  }

  void losePower(Random random) {
    disks.forEach(disk -> disk.losePower(random));
    closePool();
  }

  void pull(int... indexes) {
    for (int index : indexes) {
      disks.get(index).setVanished(true);
    }
  }

  void putBack(int... indexes) {
    for (int index : indexes) {
      disks.get(index).setVanished(false);
    }
  }

  /** The index of a drive in the pool's own count, which is that of its folder here. */
  DriveLabel label(int index) {
    try {
      DriveLabel label = DriveLabel.read(disks.get(index).copy().mount());
      if (label == null) {
        throw new AssertionError("damaged label on " + index);
      }
      return label;
    } catch (java.io.IOException e) {
      throw new AssertionError(e);
    }
  }

  static JournalStore replayed(LocalPool pool, long from, Map<Long, String> into) {
    JournalStore journal = pool.journal(HOST);
    journal.replay(
        from,
        (first, last, batch) -> {
          byte[] bytes = new byte[batch.remaining()];
          batch.get(bytes);
          for (long sequence = first; sequence <= last; sequence++) {
            into.put(sequence, new String(bytes, java.nio.charset.StandardCharsets.UTF_8));
          }
        });
    return journal;
  }

  static JournalStore replayed(LocalPool pool) {
    return replayed(pool, 1, new HashMap<>());
  }

  static ByteBuffer text(String text) {
    return ByteBuffer.wrap(text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
  }

  static byte[] bytes(long seed, int length) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  /** Waits for something that the pool does by itself. */
  static void await(String what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("did not happen: " + what);
      }
      java.util.concurrent.locks.LockSupport.parkNanos(5_000_000);
    }
  }

  private void closePool() {
    LocalPool open = pool;
    pool = null;
    if (open != null) {
      open.close();
    }
  }

  @Override
  public void close() {
    closePool();
  }
}
