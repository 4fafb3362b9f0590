package org.opendvx.core.bench;

import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.opendvx.core.erasure.ErasureCode;
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

/** P+Q over one container of 8 MiB: an operation is a container. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class ErasureBenchmark {
  private static final int CONTAINER = 8 << 20;
  private static final int BLOCK = 16 << 10;

  /** k. */
  @Param({"4", "8"})
  public int dataShards;

  private ErasureCode code = new ErasureCode(1);
  private byte[] container = new byte[CONTAINER];
  private byte[][] shards = new byte[0][];
  private int[] offsets = new int[0];
  private int shardLength;

  /** Fills the container. */
  @Setup
  public void fill() {
    code = new ErasureCode(dataShards);
    new Random(1).nextBytes(container);
    shardLength = CONTAINER / dataShards;
    shards = new byte[code.shards()][];
    offsets = new int[code.shards()];
    for (int i = 0; i < shards.length; i++) {
      shards[i] = i < dataShards ? container : new byte[shardLength];
      offsets[i] = i < dataShards ? i * shardLength : 0;
    }
    encode();
  }

  /** P and Q of a container. */
  @Benchmark
  public byte[] encode() {
    code.encode(
        container, 0, CONTAINER, shardLength, shards[dataShards], 0, shards[dataShards + 1], 0);
    return shards[dataShards];
  }

  /** Two data shards of a container. */
  @Benchmark
  public byte[] decodeTwoData() {
    code.reconstruct(shards, offsets, shardLength, 0b110);
    return container;
  }

  /** One data shard and P. */
  @Benchmark
  public byte[] decodeDataAndP() {
    code.reconstruct(shards, offsets, shardLength, 0b10 | 1 << dataShards);
    return container;
  }

  /** The block of 16 KiB that a small read needs, two data shards lost. */
  @Benchmark
  public byte[] decodeBlock() {
    code.reconstruct(shards, offsets, BLOCK, 0b110);
    return container;
  }
}
