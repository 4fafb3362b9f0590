package org.opendvx.core.codec;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class ChunkCodecTest {
  private static final List<ChunkCodec> CODECS =
      List.of(ChunkCodec.none(), ChunkCodec.lz4(), ChunkCodec.zstd(1), ChunkCodec.zstd(9));

  @Property(tries = 300)
  void whatIsCompressedComesBack(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 40_000) int length,
      @ForAll @IntRange(min = 0, max = 100) int noise) {
    byte[] plain = TestBytes.mixed(seed, length, noise);
    for (ChunkCodec codec : CODECS) {
      byte[] compressed = new byte[codec.maxCompressedLength(length) + 3];
      int shorter = codec.compress(plain, 0, length, compressed, 3);
      byte[] restored = new byte[length + 2];
      ChunkCodec reader = ChunkCodec.reader(codec.id());
      assertNotNull(reader);
      assertEquals(length, reader.decompress(compressed, 3, shorter, restored, 1, length));
      assertArrayEquals(plain, Arrays.copyOfRange(restored, 1, length + 1));
      assertEquals(0, restored[0] | restored[length + 1]);
    }
  }

  @Property(tries = 500)
  void garbageNeitherThrowsNorLeavesItsRange(
      @ForAll long seed, @ForAll @IntRange(min = 0, max = 300) int length) {
    byte[] garbage = new byte[length];
    Random random = new Random(seed);
    random.nextBytes(garbage);
    byte[] compressed = new byte[1000];
    for (ChunkCodec codec : CODECS) {
      if (length > 8 && random.nextBoolean()) {
        int end = codec.compress(new byte[200], 0, 200, compressed, 0);
        System.arraycopy(compressed, 0, garbage, 0, Math.min(end, length));
        garbage[random.nextInt(Math.min(end, length))] ^= (byte) (1 + random.nextInt(255));
      }
      byte[] target = new byte[120];
      int result = codec.decompress(garbage, 0, length, target, 10, 100);
      assertTrue(result >= -1 && result <= 100, codec + ": " + result);
      for (int i = 0; i < 10; i++) {
        assertEquals(0, target[i] | target[119 - i]);
      }
    }
  }

  @Test
  void aTooLongResultIsRefused() {
    byte[] plain = new byte[4096];
    byte[] compressed = new byte[8192];
    for (ChunkCodec codec : CODECS) {
      int length = codec.compress(plain, 0, 4096, compressed, 0);
      assertEquals(-1, codec.decompress(compressed, 0, length, new byte[4096], 0, 4095));
    }
  }

  @Test
  void idsAreThoseOfTheFormat() {
    assertEquals(0, ChunkCodec.none().id());
    assertEquals(1, ChunkCodec.lz4().id());
    assertEquals(2, ChunkCodec.zstd(3).id());
    assertNull(ChunkCodec.reader((byte) 3));
    assertNull(ChunkCodec.reader((byte) -1));
    assertThrows(IllegalArgumentException.class, () -> ChunkCodec.zstd(0));
  }
}
