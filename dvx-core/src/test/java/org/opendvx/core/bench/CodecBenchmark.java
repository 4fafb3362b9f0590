package org.opendvx.core.bench;

import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.opendvx.core.codec.ChunkCodec;
import org.opendvx.core.codec.ChunkSealer;
import org.opendvx.core.codec.Fingerprinter;
import org.opendvx.core.codec.KeyRing;
import org.opendvx.core.codec.Prepared;
import org.opendvx.core.codec.SlotType;
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
import org.openjdk.jmh.annotations.Warmup;

/** The way of a chunk of 4 KiB into its slot and back: an operation is a chunk. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 4, time = 2)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class CodecBenchmark {
  private static final int CHUNK = 4096;
  private static final int CHUNKS = 1024;
  private static final int ADDRESS = 1 << 16;

  /** How the chunks compress: by half in runs of 64 bytes, or not at all. */
  @Param({"half", "none"})
  public String content = "half";

  private final KeyRing keys = KeyRing.generate();
  private final Fingerprinter fingerprinter = new Fingerprinter(keys);
  private final ChunkSealer sealer = new ChunkSealer(keys, ChunkCodec.lz4());
  private final byte[][] chunks = new byte[CHUNKS][CHUNK];
  private final byte[][] slots = new byte[CHUNKS][ChunkSealer.maxSlotLength(CHUNK)];
  private final Prepared[] prepared = new Prepared[CHUNKS];
  private final byte[] slot = new byte[ChunkSealer.maxSlotLength(CHUNK)];
  private final byte[] plain = new byte[CHUNK];
  private final long[] fingerprint = new long[2];
  private int next;
  private long place = 1;

  /** Makes the chunks and their slots. */
  @Setup
  public void fill() {
    Random random = new Random(1);
    for (int i = 0; i < CHUNKS; i++) {
      random.nextBytes(chunks[i]);
      for (int at = 64; content.equals("half") && at < CHUNK; at += 64) {
        if (random.nextBoolean()) {
          System.arraycopy(chunks[i], random.nextInt(at - 63), chunks[i], at, 64);
        }
      }
      prepared[i] = new Prepared();
      sealer.prepare(chunks[i], 0, CHUNK, prepared[i]);
      sealer.seal(prepared[i], ADDRESS, SlotType.CHUNK, place++, 0, slots[i], 0);
    }
  }

  private int step() {
    next = (next + 1) & (CHUNKS - 1);
    return next;
  }

  /** The keyed hash alone: all that a duplicate costs here. */
  @Benchmark
  public long fingerprint() {
    fingerprinter.fingerprint(chunks[step()], 0, CHUNK, fingerprint, 0);
    return fingerprint[0];
  }

  /** Compression alone. */
  @Benchmark
  public int prepare() {
    return sealer.prepare(chunks[step()], 0, CHUNK).slotLength();
  }

  /** Encryption alone. */
  @Benchmark
  public int seal() {
    return sealer.seal(prepared[step()], ADDRESS, SlotType.CHUNK, place++, 0, slot, 0);
  }

  /** All that a new chunk costs. */
  @Benchmark
  public int fingerprintPrepareAndSeal() {
    byte[] chunk = chunks[step()];
    fingerprinter.fingerprint(chunk, 0, CHUNK, fingerprint, 0);
    Prepared ready = sealer.prepare(chunk, 0, CHUNK);
    return sealer.seal(ready, ADDRESS, SlotType.CHUNK, place++, 0, slot, 0);
  }

  /** Checking, opening and decompressing. */
  @Benchmark
  public int open() {
    byte[] sealed = slots[step()];
    return sealer.open(sealed, 0, sealed.length, ADDRESS, SlotType.CHUNK, plain, 0);
  }
}
