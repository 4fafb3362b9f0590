package org.opendvx.server.bench.snapshots;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.opendvx.core.codec.KeyRing;
import org.opendvx.core.datastore.AttributeChange;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.DatastoreSettings;
import org.opendvx.core.datastore.DvxDatastore;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.datastore.Snapshots.Cut;
import org.opendvx.core.datastore.Snapshots.CutRequest;
import org.opendvx.core.pool.PoolStatus;
import org.opendvx.core.pool.local.LocalPool;
import org.opendvx.core.pool.local.LocalPoolConfig;

/** A node's engine over drive folders, with a few machines that write and are snapshotted. */
final class SnapshotLab implements AutoCloseable {
  static final int TICKETS = 5_000;
  private static final String HOST = "bench";
  private static final int DRIVES = 6;
  private static final int CHUNK = 4096;
  private static final int DISK_CHUNKS = (256 << 20) / CHUNK;
  private static final int DOCUMENT = 1024;
  private static final int TOGETHER = 64;
  private static final long LIMIT_SECONDS = 120;

  private final KeyRing keys = KeyRing.generate();
  private final LocalPoolConfig config;
  private final List<List<FileKey>> machines = new ArrayList<>();
  private final Random random;
  private final byte[] content = new byte[CHUNK];
  private final byte[] document = new byte[DOCUMENT];
  private LocalPool pool;
  private DvxDatastore store;
  private int taken;

  /**
   * Makes the pool and the machines.
   *
   * @param root an empty folder
   */
  SnapshotLab(Path root, int count, long seed) throws IOException {
    this.random = new Random(seed);
    random.nextBytes(document);
    List<Path> roots = new ArrayList<>();
    for (int i = 0; i < DRIVES; i++) {
      roots.add(root.resolve("drive" + i));
    }
    config = LocalPoolConfig.of(roots).withDriveCapacity(1L << 40);
    LocalPool.create(config);
    pool = LocalPool.open(config);
    store = DvxDatastore.format(pool, keys, DatastoreSettings.DEFAULT, HOST);
    for (int i = 0; i < count; i++) {
      FileKey folder =
          create(FileKey.ROOT, "vm" + i, Datastore.NewFile.directory(AttributeChange.mode(0755)));
      machines.add(List.of(regular(folder, "disk.vmdk"), regular(folder, "machine.vmx")));
    }
  }

  private FileKey regular(FileKey folder, String name) {
    return create(folder, name, Datastore.NewFile.regular(AttributeChange.mode(0644)));
  }

  private FileKey create(FileKey folder, String name, Datastore.NewFile file) {
    return await(
            store.create(
                Caller.SYSTEM,
                folder,
                name.getBytes(StandardCharsets.UTF_8),
                file,
                new Datastore.Existing.Refuse()))
        .key();
  }

  static <T> T await(CompletableFuture<T> future) {
    return future.orTimeout(LIMIT_SECONDS, TimeUnit.SECONDS).join();
  }

  DvxDatastore store() {
    return store;
  }

  /** Bytes in the pool without parity. */
  long storedBytes() {
    PoolStatus.Capacity capacity = pool.status().capacity();
    return capacity.usableBytes() - capacity.freeBytes();
  }

  /** Snapshots taken so far, deleted ones too. */
  int taken() {
    return taken;
  }

  /** A machine's name. */
  String machine(int number) {
    return "vm" + number % machines.size();
  }

  /** Writes a few chunks at random places of the machine that is snapshotted next. */
  void write(int chunks) {
    FileKey disk = machines.get(taken % machines.size()).getFirst();
    for (int i = 0; i < chunks; i++) {
      random.nextBytes(content);
      long offset = (long) random.nextInt(DISK_CHUNKS) * CHUNK;
      Object _ = await(store.write(Caller.SYSTEM, disk, offset, ByteBuffer.wrap(content), false));
    }
  }

  /** Takes the next snapshot, as one of a machine is kept. */
  CompletableFuture<Cut> cut() {
    int number = taken++;
    String name = machine(number);
    return store
        .snapshots()
        .cut(
            new CutRequest(
                name + "-" + number,
                machines.get(number % machines.size()),
                Map.of(
                    "dvx.vm",
                    "bench/" + name,
                    "dvx.vm-name",
                    name,
                    "dvx.consistency",
                    "CRASH",
                    "dvx.reason",
                    "no agent",
                    "dvx.origin",
                    "USER",
                    "ticket",
                    Integer.toString(number % TICKETS)),
                document));
  }

  /** Takes snapshots until there are so many, with writes between them. */
  void grow(long count, int chunks) {
    Deque<CompletableFuture<Cut>> waiting = new ArrayDeque<>();
    while (store.snapshots().count() < count) {
      if (waiting.size() == TOGETHER) {
        Object _ = await(waiting.remove());
      }
      write(chunks);
      waiting.add(cut());
    }
    waiting.forEach(SnapshotLab::await);
  }

  /** Writes all to the pool. */
  void checkpoint() throws InterruptedException {
    store.reclaim().checkpoint(java.time.Duration.ofSeconds(LIMIT_SECONDS));
  }

  /**
   * Stops and starts.
   *
   * @param clean whether it may write a last checkpoint
   * @return seconds of the start alone
   */
  double restart(boolean clean) {
    if (clean) {
      store.close();
    } else {
      store.halt();
    }
    pool.close();
    long start = System.nanoTime();
    pool = LocalPool.open(config);
    store = DvxDatastore.open(pool, keys, DatastoreSettings.DEFAULT, HOST);
    return (System.nanoTime() - start) / 1e9;
  }

  @Override
  public void close() {
    store.close();
    pool.close();
    keys.close();
  }
}
