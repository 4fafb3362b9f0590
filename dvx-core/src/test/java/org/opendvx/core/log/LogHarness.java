package org.opendvx.core.log;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.codec.ChunkCodec;
import org.opendvx.core.codec.ChunkSealer;
import org.opendvx.core.codec.Fingerprinter;
import org.opendvx.core.codec.KeyRing;
import org.opendvx.core.codec.RecordSealer;
import org.opendvx.core.journal.Journal;
import org.opendvx.core.journal.JournalSettings;
import org.opendvx.core.journal.RecordTail;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.JournalStore;
import org.opendvx.core.pool.RecordStore.VersionedRecord;
import org.opendvx.core.testing.InMemoryPool;

/**
 * A log and a journal put together as the datastore does, with a model of what was written: chunk
 * address to the seed of its content. A "root" record stands for the checkpointed trees.
 */
final class LogHarness implements AutoCloseable {
  static final String HOST = "host-a";
  static final LogSettings SETTINGS =
      new LogSettings(4 << 20, 1 << 20, 1 << 20, 4, 2, Duration.ofSeconds(20));

  private static final String ROOT = "test/root";
  private static final JournalSettings JOURNAL =
      new JournalSettings(
          16 << 20,
          Duration.ofMillis(200),
          Duration.ofSeconds(10),
          Duration.ofMillis(5),
          Duration.ofMillis(500));

  final InMemoryPool pool;
  final KeyRing keys;
  final Journal journal;
  final ContainerLog log;
  final Map<Long, Long> model = new ConcurrentHashMap<>();

  private final Epoch epoch = new Epoch(HOST, 1);
  private final JournalStore store;
  private final ReentrantReadWriteLock cut = new ReentrantReadWriteLock();

  LogHarness(InMemoryPool pool, KeyRing keys) {
    this(pool, keys, SETTINGS, ContainerPlaces.UNMOVED, List.of());
  }

  LogHarness(
      InMemoryPool pool,
      KeyRing keys,
      LogSettings settings,
      ContainerPlaces places,
      List<SlotSource> sources) {
    this.pool = pool;
    this.keys = keys;
    this.store = pool.journal(HOST);
    this.journal = new Journal(store, epoch, new RecordSealer(keys), incarnation(), JOURNAL);
    this.log =
        new ContainerLog(
            pool.containers(),
            epoch,
            new ContainerIds(pool.records(), epoch),
            new Fingerprinter(keys),
            new ChunkSealer(keys, ChunkCodec.lz4()),
            places,
            sources,
            settings);
    recover();
  }

  private int incarnation() {
    Optional<VersionedRecord> old = pool.records().get("test/incarnation");
    long version = old.map(VersionedRecord::version).orElse(0L);
    return (int) pool.records().put(epoch, "test/incarnation", version, new byte[0]);
  }

  private void recover() {
    ByteBuffer root =
        pool.records()
            .get(ROOT)
            .map(record -> ByteBuffer.wrap(record.value()))
            .orElseGet(() -> ByteBuffer.allocate(16).putLong(1).putLong(1).flip());
    long position = root.getLong();
    long floor = root.getLong();
    takeUp(root);
    journal.onDurableAdvance(log::durable);
    journal.replay(
        floor,
        (lsn, _, secret, tail) -> {
          log.replay(lsn, tail);
          assertEquals(0, tail.remaining());
          if (lsn >= position) {
            takeUp(secret);
          }
        });
    log.recovered();
  }

  private void takeUp(ByteBuffer entries) {
    while (entries.hasRemaining()) {
      model.put(entries.getLong(), entries.getLong());
    }
  }

  /** Writes chunks as one record; returns its LSN. */
  long write(long... seeds) throws InterruptedException {
    return writeAnd(_ -> {}, seeds);
  }

  /** The same; {@code between} runs after the chunks were added and before the record is. */
  long writeAnd(java.util.function.Consumer<long[]> between, long... seeds)
      throws InterruptedException {
    log.awaitRoom(TimeUnit.SECONDS.toNanos(20));
    journal.awaitRoom(seeds.length * 4200L, TimeUnit.SECONDS.toNanos(20));
    ByteBuffer secret = ByteBuffer.allocate(16 * seeds.length);
    long[] addresses = new long[seeds.length];
    cut.readLock().lock();
    try {
      ChunkLog.WriteBatch batch = log.begin();
      try {
        for (int i = 0; i < seeds.length; i++) {
          // The array holds garbage around the chunk, so that wrong offsets show.
          byte[] around = new byte[ChunkLog.CHUNK + 20];
          System.arraycopy(content(seeds[i]), 0, around, 13, ChunkLog.CHUNK);
          addresses[i] = batch.add(around, 13);
          secret.putLong(addresses[i]).putLong(seeds[i]);
        }
        between.accept(addresses);
        long lsn = journal.append(1, secret.flip(), tail(batch));
        batch.committed(lsn);
        for (int i = 0; i < seeds.length; i++) {
          Long old = model.put(addresses[i], seeds[i]);
          if (old != null) {
            assertEquals(old, seeds[i], "one address, two contents");
          }
        }
        return lsn;
      } catch (RuntimeException e) {
        batch.abandoned();
        throw e;
      }
    } finally {
      cut.readLock().unlock();
    }
  }

  static RecordTail tail(ChunkLog.WriteBatch batch) {
    return new RecordTail() {
      @Override
      public int length() {
        return batch.encodedLength();
      }

      @Override
      public void write(ByteBuffer target) {
        batch.encode(target);
      }
    };
  }

  /** What the datastore's checkpoint does, the trees left out. */
  synchronized void checkpoint() throws Exception {
    long position;
    Map<Long, Long> frozen;
    cut.writeLock().lock();
    try {
      position = journal.lastLsn() + 1;
      frozen = Map.copyOf(model);
    } finally {
      cut.writeLock().unlock();
    }
    journal.durable(position - 1).get(20, TimeUnit.SECONDS);
    long floor = Math.min(position, log.trimFloor());
    ByteBuffer root = ByteBuffer.allocate(16 + 16 * frozen.size()).putLong(position).putLong(floor);
    frozen.forEach((address, seed) -> root.putLong(address).putLong(seed));
    long version = pool.records().get(ROOT).map(VersionedRecord::version).orElse(0L);
    pool.records().put(epoch, ROOT, version, root.array());
    journal.trim(floor);
  }

  /** Reads everything in the model and compares it. */
  void verify(Random random) {
    long[] addresses = model.keySet().stream().mapToLong(Long::longValue).sorted().toArray();
    for (int from = 0; from < addresses.length; ) {
      int to = Math.min(addresses.length, from + 1 + random.nextInt(300));
      verify(addresses, from, to);
      from = to;
    }
    for (int i = 0; i < addresses.length && i < 50; i++) {
      long one = addresses[random.nextInt(addresses.length)];
      verify(new long[] {one, addresses[0], one}, 0, 3);
    }
  }

  void verify(long[] addresses, int from, int to) {
    byte[][] seen = new byte[addresses.length][];
    log.read(
        addresses,
        from,
        to,
        (index, chunk) -> {
          assertEquals(null, seen[index], "a chunk came twice");
          seen[index] = chunk;
        });
    for (int i = from; i < to; i++) {
      Long seed = model.get(addresses[i]);
      assertNotNull(seed);
      assertArrayEquals(content(seed), seen[i]);
    }
  }

  /** Waits until a record is durable. */
  void awaitDurable(long lsn) throws Exception {
    journal.durable(lsn).get(20, TimeUnit.SECONDS);
  }

  CompletableFuture<@Nullable Void> durable(long lsn) {
    return journal.durable(lsn);
  }

  /** The chunk of a seed: odd ones compress by half, even ones not. */
  static byte[] content(long seed) {
    byte[] chunk = new byte[ChunkLog.CHUNK];
    Random random = new Random(seed * 7919 + 1);
    random.nextBytes(chunk);
    if (seed % 2 != 0) {
      Arrays.fill(chunk, 0, ChunkLog.CHUNK / 2, (byte) seed);
    }
    return chunk;
  }

  @Override
  public void close() {
    journal.close();
    log.close();
    store.close();
  }
}
