package org.opendvx.core.bench;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import org.opendvx.core.codec.ChunkCodec;
import org.opendvx.core.codec.ChunkSealer;
import org.opendvx.core.codec.Fingerprinter;
import org.opendvx.core.codec.KeyRing;
import org.opendvx.core.codec.SlotType;
import org.opendvx.core.log.ChunkLog;
import org.opendvx.core.log.ContainerLog;
import org.opendvx.core.log.ContainerPlaces;
import org.opendvx.core.log.LogSettings;
import org.opendvx.core.pool.ContainerStore;
import org.opendvx.core.pool.Epoch;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What a 4 KiB chunk costs in the log, beside what its fingerprint, compression and sealing cost
 * alone: the difference is the log's own. Puts go nowhere. The time is for one write of {@code
 * chunks} chunks.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 4, time = 2)
@Measurement(iterations = 5, time = 2)
public class LogBenchmark {
  private static final int CHUNK = ChunkLog.CHUNK;

  /** Chunks of a write: 4 KiB and 64 KiB. */
  @Param({"1", "16"})
  public int chunks;

  private final byte[] data = new byte[16 * CHUNK];
  private final byte[] slot = new byte[CHUNK + 64];
  private final long[] fingerprint = new long[2];
  private final ByteBuffer record = ByteBuffer.allocate(1 << 20);
  private final ByteBuffer reply = ByteBuffer.allocate(16 * CHUNK);
  private final long[] written = new long[16];
  private final KeyRing keys = KeyRing.generate();
  private final Fingerprinter fingerprinter = new Fingerprinter(keys);
  private final ChunkSealer sealer = new ChunkSealer(keys, ChunkCodec.lz4());
  private final ContainerLog log = open();
  private long lsn;
  private long counter;

  /** Fills the data, half of it compressible away, and writes it once. */
  @Setup
  public void fill() {
    Random random = new Random(1);
    for (int at = 0; at < data.length; at += 64) {
      byte[] half = new byte[32];
      random.nextBytes(half);
      System.arraycopy(half, 0, data, at, half.length);
    }
    for (int i = 0; i < 16; i++) {
      written[i] = write(i, 1);
    }
  }

  /** Stops the log's threads. */
  @TearDown
  public void close() {
    log.close();
  }

  private ContainerLog open() {
    AtomicLong ids = new AtomicLong();
    ContainerLog opened =
        new ContainerLog(
            new Nowhere(),
            new Epoch("bench", 1),
            ids::incrementAndGet,
            fingerprinter,
            sealer,
            ContainerPlaces.UNMOVED,
            List.of(),
            LogSettings.DEFAULT);
    opened.recovered();
    return opened;
  }

  private long write(int first, int count) {
    ChunkLog.WriteBatch batch = log.begin();
    long address = 0;
    for (int i = first; i < first + count; i++) {
      ByteBuffer.wrap(data).putLong(i * CHUNK, counter * 16 + i);
      address = batch.add(data, i * CHUNK);
    }
    record.clear();
    batch.encode(record);
    batch.committed(++lsn);
    log.durable(lsn);
    return address;
  }

  /** Only what cannot be avoided: fingerprint, LZ4, AES-GCM. */
  @Benchmark
  public long codecAlone() {
    counter++;
    for (int i = 0; i < chunks; i++) {
      ByteBuffer.wrap(data).putLong(i * CHUNK, counter * 16 + i);
      fingerprinter.fingerprint(data, i * CHUNK, CHUNK, fingerprint, 0);
      var prepared = sealer.prepare(data, i * CHUNK, CHUNK);
      sealer.seal(prepared, counter, SlotType.CHUNK, counter, i, slot, 0);
    }
    return fingerprint[0];
  }

  /** Chunks never seen before, through the log and into a record. */
  @Benchmark
  public long uniqueWrite() throws InterruptedException {
    counter++;
    if (!log.hasRoom() && !log.awaitRoom(TimeUnit.SECONDS.toNanos(10))) {
      throw new IllegalStateException("no room");
    }
    return write(0, chunks);
  }

  /** Chunks that are there already. */
  @Benchmark
  public long duplicateWrite() {
    return write(0, chunks);
  }

  /** Chunks out of the cache. */
  @Benchmark
  public boolean cachedRead() {
    boolean found = true;
    for (int i = 0; i < chunks; i++) {
      found &= log.readCached(written[i], 0, CHUNK, reply, i * CHUNK);
    }
    return found;
  }

  /** Takes containers and keeps nothing. */
  private static final class Nowhere implements ContainerStore {
    @Override
    public void put(Epoch epoch, long containerId, byte[] content, int length) {}

    @Override
    public void read(long containerId, int offset, int length, byte[] target, int targetOffset) {
      throw new UnsupportedOperationException();
    }

    @Override
    public OptionalInt length(long containerId) {
      return OptionalInt.of(MAX_LENGTH);
    }

    @Override
    public void delete(Epoch epoch, long containerId) {}

    @Override
    public void forEach(LongConsumer visitor) {}

    @Override
    public long count() {
      return 0;
    }
  }
}
