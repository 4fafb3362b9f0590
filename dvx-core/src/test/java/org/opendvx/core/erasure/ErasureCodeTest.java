package org.opendvx.core.erasure;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ErasureCodeTest {
  private static final List<Kernel> KERNELS = List.of(new PlainKernel(), new VectorKernel());

  static Stream<Kernel> kernels() {
    return KERNELS.stream();
  }

  @Test
  void vectorsAreUsedWhereTheModuleIsThere() {
    assertTrue(ErasureCode.implementation().endsWith("-bit vectors"), ErasureCode.implementation());
  }

  @Test
  void knownAnswer() {
    // By hand: P = 01 ^ 80 ^ ff ^ 2a; Q = 1*01 + 2*80 + 4*ff + 8*2a = 01 ^ 1d ^ db ^ 4d.
    byte[] data = HexFormat.of().parseHex("0180ff2a");
    for (Kernel kernel : KERNELS) {
      byte[] p = new byte[1];
      byte[] q = new byte[1];
      new ErasureCode(4, kernel).encode(data, 0, 4, 1, p, 0, q, 0);
      assertEquals("54", HexFormat.of().formatHex(p), kernel.name());
      assertEquals("8a", HexFormat.of().formatHex(q), kernel.name());
    }
  }

  @Property(tries = 300)
  void everyKernelEncodesAsTheOracleDoes(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 16) int dataShards,
      @ForAll @IntRange(min = 1, max = 700) int shardLength,
      @ForAll @IntRange(min = 0, max = 70) int offset) {
    Random random = new Random(seed);
    int length = 1 + random.nextInt(shardLength * dataShards);
    byte[] data = new byte[offset + length];
    random.nextBytes(data);
    byte[][] shards = split(data, offset, length, dataShards, shardLength);
    for (Kernel kernel : KERNELS) {
      byte[] p = new byte[shardLength + 3];
      byte[] q = new byte[shardLength + 5];
      Arrays.fill(p, (byte) 0x55);
      Arrays.fill(q, (byte) 0x55);
      new ErasureCode(dataShards, kernel).encode(data, offset, length, shardLength, p, 1, q, 2);
      assertArrayEquals(framed(BitwiseOracle.p(shards, shardLength), 1, 2), p, kernel.name());
      assertArrayEquals(framed(BitwiseOracle.q(shards, shardLength), 2, 3), q, kernel.name());
    }
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void anyTwoLostShardsOfAnyCodeComeBack(Kernel kernel) {
    Random random = new Random(7);
    for (int dataShards = 1; dataShards <= ErasureCode.MAX_DATA_SHARDS; dataShards++) {
      byte[][] good = coded(random, dataShards, 333);
      for (int a = 0; a < good.length; a++) {
        for (int b = a; b < good.length; b++) {
          byte[][] shards = copies(good);
          random.nextBytes(shards[a]);
          random.nextBytes(shards[b]);
          new ErasureCode(dataShards, kernel)
              .reconstruct(shards, new int[good.length], 333, 1 << a | 1 << b);
          assertSame(good, shards, "k=" + dataShards + " lost " + a + "," + b);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void lostShardsThatNobodyWantsNeedNoRoom(Kernel kernel) {
    Random random = new Random(8);
    for (int dataShards = 1; dataShards <= 8; dataShards++) {
      byte[][] good = coded(random, dataShards, 20_000);
      for (int a = 0; a < good.length; a++) {
        for (int b = 0; b < good.length; b++) {
          if (a != b) {
            byte[][] shards = copies(good);
            random.nextBytes(shards[a]);
            byte[][] given = shards.clone();
            clear(given, b);
            new ErasureCode(dataShards, kernel)
                .reconstruct(given, new int[good.length], 20_000, 1 << a | 1 << b);
            assertSame(good, shards, "k=" + dataShards + " lost " + a + "," + b);
          }
        }
      }
    }
  }

  @Property(tries = 200)
  void aRangeIsRebuiltFromTheSameRangeOfTheOthers(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 10) int dataShards,
      @ForAll @IntRange(min = 1, max = 40_000) int shardLength) {
    Random random = new Random(seed);
    byte[][] good = coded(random, dataShards, shardLength);
    int from = random.nextInt(shardLength);
    int length = random.nextInt(shardLength - from + 1);
    int a = random.nextInt(good.length);
    int b = random.nextInt(good.length);
    for (Kernel kernel : KERNELS) {
      byte[][] shards = copies(good);
      Arrays.fill(shards[a], from, from + length, (byte) 1);
      Arrays.fill(shards[b], from, from + length, (byte) 2);
      int[] offsets = new int[good.length];
      Arrays.fill(offsets, from);
      new ErasureCode(dataShards, kernel).reconstruct(shards, offsets, length, 1 << a | 1 << b);
      assertSame(good, shards, kernel.name());
    }
  }

  @Test
  void shardsInsideOneContainerAreRebuiltInPlace() {
    Random random = new Random(9);
    int shardLength = 12_288;
    byte[] container = new byte[4 * shardLength];
    random.nextBytes(container);
    byte[] expected = container.clone();
    byte[] p = new byte[shardLength];
    byte[] q = new byte[shardLength];
    ErasureCode code = new ErasureCode(4);
    code.encode(container, 0, container.length, shardLength, p, 0, q, 0);
    Arrays.fill(container, shardLength, 3 * shardLength, (byte) 0);
    code.reconstruct(
        new byte[][] {container, container, container, container, p, q},
        new int[] {0, shardLength, 2 * shardLength, 3 * shardLength, 0, 0},
        shardLength,
        0b0110);
    assertArrayEquals(expected, container);
  }

  @Test
  void whatCannotBeRebuiltIsRefused() {
    ErasureCode code = new ErasureCode(2);
    byte[][] shards = new byte[4][8];
    int[] offsets = new int[4];
    assertThrows(
        IllegalArgumentException.class, () -> code.reconstruct(shards, offsets, 8, 0b0111));
    assertThrows(
        IllegalArgumentException.class, () -> code.reconstruct(shards, offsets, 8, 0b10000));
    assertThrows(
        IllegalArgumentException.class,
        () -> code.reconstruct(new byte[3][8], new int[3], 8, 0b0001));
    assertThrows(
        IndexOutOfBoundsException.class, () -> code.reconstruct(shards, offsets, 9, 0b0001));
    byte[][] hole = shards.clone();
    clear(hole, 2);
    assertThrows(IllegalArgumentException.class, () -> code.reconstruct(hole, offsets, 8, 0b0001));
    assertThrows(IllegalArgumentException.class, () -> new ErasureCode(0));
    assertThrows(IllegalArgumentException.class, () -> new ErasureCode(17));
  }

  private static byte[][] coded(Random random, int dataShards, int shardLength) {
    byte[] data = new byte[dataShards * shardLength];
    random.nextBytes(data);
    byte[][] shards =
        Arrays.copyOf(split(data, 0, data.length, dataShards, shardLength), dataShards + 2);
    byte[][] dataOnly = Arrays.copyOf(shards, dataShards);
    shards[dataShards] = BitwiseOracle.p(dataOnly, shardLength);
    shards[dataShards + 1] = BitwiseOracle.q(dataOnly, shardLength);
    return shards;
  }

  private static byte[][] split(
      byte[] data, int offset, int length, int dataShards, int shardLength) {
    byte[] padded =
        Arrays.copyOf(Arrays.copyOfRange(data, offset, offset + length), dataShards * shardLength);
    byte[][] shards = new byte[dataShards][];
    for (int i = 0; i < dataShards; i++) {
      shards[i] = Arrays.copyOfRange(padded, i * shardLength, (i + 1) * shardLength);
    }
    return shards;
  }

  private static byte[] framed(byte[] content, int before, int after) {
    byte[] framed = new byte[before + content.length + after];
    Arrays.fill(framed, (byte) 0x55);
    System.arraycopy(content, 0, framed, before, content.length);
    return framed;
  }

  private static byte[][] copies(byte[][] shards) {
    return Arrays.stream(shards).map(byte[]::clone).toArray(byte[][]::new);
  }

  @SuppressWarnings("NullAway") // Arrays of arrays: the checker knows no nullable elements.
  private static void clear(byte[][] shards, int shard) {
    shards[shard] = null;
  }

  private static void assertSame(byte[][] expected, byte[][] actual, String message) {
    for (int i = 0; i < expected.length; i++) {
      assertArrayEquals(expected[i], actual[i], message + ", shard " + i);
    }
  }
}
