package org.opendvx.server.bench.pattern;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import net.jpountz.lz4.LZ4Compressor;
import net.jpountz.lz4.LZ4Factory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.opendvx.core.error.DvxException;

class BlockPatternTest {
  private static final int CHUNK = 4096;
  private static final Expected ANY_WRITTEN = new Expected(1, Long.MAX_VALUE, false);

  private static PatternSettings settings(int unit, double ratio, int duplicatePercent) {
    return new PatternSettings(7, unit, ratio, duplicatePercent, 100);
  }

  private static byte[] make(
      PatternSettings settings, int file, long offset, long generation, int n) {
    ByteBuffer out = ByteBuffer.allocate(n);
    new BlockPattern(settings).fill(out, file, offset, generation, n);
    return out.array();
  }

  @ParameterizedTest
  @CsvSource({
    "4096,1.0",
    "4096,1.5",
    "4096,2.0",
    "4096,2.1",
    "4096,3.0",
    "4096,5.0",
    "512,1.5",
    "512,2.0",
    "512,2.1"
  })
  void chunksHaveTheAskedLz4Ratio(int unit, double ratio) {
    LZ4Compressor lz4 = LZ4Factory.fastestJavaInstance().fastCompressor();
    int chunks = 500;
    byte[] data = make(settings(unit, ratio, 0), 3, 1L << 40, 99, chunks * CHUNK);
    long compressed = 0;
    byte[] target = new byte[lz4.maxCompressedLength(CHUNK)];
    for (int i = 0; i < chunks; i++) {
      compressed += Math.min(CHUNK, lz4.compress(data, i * CHUNK, CHUNK, target, 0));
    }
    double found = (double) data.length / compressed;
    // Sectors are tuned in steps of eight words a chunk, which is coarser.
    assertEquals(
        ratio,
        found,
        ratio * (unit == CHUNK ? 0.01 : 0.02),
        "LZ4 ratio over " + chunks + " chunks");
  }

  @Test
  void noTwoChunksAreEqualWithoutDuplicates() {
    Set<ByteBuffer> seen = new HashSet<>();
    PatternSettings settings = settings(CHUNK, 2.0, 0);
    int made = 0;
    for (int file = 0; file < 3; file++) {
      for (long generation = 1; generation <= 3; generation++) {
        byte[] data = make(settings, file, 0, generation, 100 * CHUNK);
        for (int i = 0; i < 100; i++) {
          // The stamp left out: the random bytes alone must differ.
          seen.add(ByteBuffer.wrap(Arrays.copyOfRange(data, i * CHUNK + 40, (i + 1) * CHUNK)));
          made++;
        }
      }
    }
    assertEquals(made, seen.size());
  }

  @Test
  void theAskedShareOfChunksRepeatsOthers() {
    int chunks = 4000;
    byte[] data = make(settings(CHUNK, 2.0, 30), 0, 0, 1, chunks * CHUNK);
    Set<ByteBuffer> seen = new HashSet<>();
    for (int i = 0; i < chunks; i++) {
      seen.add(ByteBuffer.wrap(data, i * CHUNK, CHUNK).slice());
    }
    double unique = chunks * 0.7 + 100;
    assertEquals(unique, seen.size(), chunks * 0.03);
  }

  @Test
  void theSamePlaceAndGenerationGiveTheSameBytes() {
    PatternSettings settings = settings(CHUNK, 2.0, 20);
    assertArrayEquals(
        make(settings, 5, 8192, 77, 16 * CHUNK), make(settings, 5, 8192, 77, 16 * CHUNK));
  }

  @ParameterizedTest
  @CsvSource({"4096,0", "4096,40", "512,0", "512,40"})
  void whatWasMadeIsRight(int unit, int duplicatePercent) {
    PatternSettings settings = settings(unit, 2.0, duplicatePercent);
    ByteBuffer data = ByteBuffer.wrap(make(settings, 5, 8192, 77, 8 * CHUNK));
    BlockPattern pattern = new BlockPattern(settings);
    for (int at = 0; at < 8 * CHUNK; at += unit) {
      assertEquals(
          Verdict.RIGHT, pattern.check(data, at, 5, 8192 + at, new Expected(77, 77, false)));
    }
  }

  @Test
  void anyTurnedBitIsFound() {
    SplittableRandom random = new SplittableRandom(4);
    PatternSettings settings = settings(CHUNK, 2.0, 0);
    BlockPattern pattern = new BlockPattern(settings);
    byte[] good = make(settings, 1, 0, 1, CHUNK);
    for (int i = 0; i < 500; i++) {
      byte[] bad = good.clone();
      int bit = random.nextInt(CHUNK * 8);
      bad[bit / 8] ^= (byte) (1 << (bit % 8));
      assertEquals(
          Verdict.GARBLED, pattern.check(ByteBuffer.wrap(bad), 0, 1, 0, ANY_WRITTEN), "bit " + bit);
    }
  }

  @Test
  void wrongPlaceSeedAndGenerationAreToldApart() {
    PatternSettings settings = settings(CHUNK, 2.0, 0);
    BlockPattern pattern = new BlockPattern(settings);
    ByteBuffer data = ByteBuffer.wrap(make(settings, 1, 4096, 10, CHUNK));
    assertEquals(Verdict.MISPLACED, pattern.check(data, 0, 2, 4096, ANY_WRITTEN));
    assertEquals(Verdict.MISPLACED, pattern.check(data, 0, 1, 8192, ANY_WRITTEN));
    assertEquals(Verdict.STALE, pattern.check(data, 0, 1, 4096, new Expected(11, 12, false)));
    assertEquals(Verdict.NEVER_WRITTEN, pattern.check(data, 0, 1, 4096, new Expected(5, 9, false)));
    BlockPattern other = new BlockPattern(new PatternSettings(8, CHUNK, 2.0, 0, 1));
    assertEquals(Verdict.OTHER_SEED, other.check(data, 0, 1, 4096, ANY_WRITTEN));
  }

  @Test
  void zerosAreAHoleOnlyWhereNothingWasAcknowledged() {
    BlockPattern pattern = new BlockPattern(settings(CHUNK, 2.0, 0));
    ByteBuffer zeros = ByteBuffer.allocate(CHUNK);
    assertEquals(Verdict.HOLE, pattern.check(zeros, 0, 0, 0, new Expected(0, 5, true)));
    assertEquals(Verdict.MISSING, pattern.check(zeros, 0, 0, 0, new Expected(1, 5, false)));
    assertTrue(Verdict.HOLE.isRight() && !Verdict.MISSING.isRight());
  }

  @Test
  void aDuplicateOfAnOlderGenerationIsStale() {
    PatternSettings settings = settings(CHUNK, 2.0, 100);
    BlockPattern pattern = new BlockPattern(settings);
    int stale = 0;
    for (int i = 0; i < 200; i++) {
      ByteBuffer data = ByteBuffer.wrap(make(settings, 0, i * 4096L, 1, CHUNK));
      if (pattern.check(data, 0, 0, i * 4096L, new Expected(2, 3, false)) == Verdict.STALE) {
        stale++;
      }
    }
    // Of 100 duplicates, two generations hit the same one by chance now and then.
    assertTrue(stale > 180, stale + " of 200 were found");
  }

  @Test
  void impossibleSettingsAreRefused() {
    assertThrows(DvxException.class, () -> settings(1024, 2.0, 0));
    assertThrows(DvxException.class, () -> settings(CHUNK, 0.9, 0));
    assertThrows(DvxException.class, () -> settings(CHUNK, 2.0, 101));
    assertThrows(DvxException.class, () -> PatternSettings.unitFor(1000));
  }
}
