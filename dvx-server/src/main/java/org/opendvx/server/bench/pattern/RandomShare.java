package org.opendvx.server.bench.pattern;

import java.nio.ByteBuffer;
import net.jpountz.lz4.LZ4Compressor;
import net.jpountz.lz4.LZ4Factory;

/**
 * Finds how many random words a unit needs for a wanted ratio by compressing samples: LZ4's own
 * greed with matches, literals and their lengths makes a formula miss by several percent.
 */
final class RandomShare {
  private static final int SAMPLES = 16;

  private final PatternSettings plain;
  private final LZ4Compressor lz4 = LZ4Factory.fastestJavaInstance().fastCompressor();
  private final byte[] target = new byte[lz4.maxCompressedLength(PatternSettings.CHUNK)];

  private RandomShare(PatternSettings settings) {
    this.plain =
        new PatternSettings(settings.seed(), settings.unitSize(), settings.compressibility(), 0, 1);
  }

  /** Random words of eight bytes for each unit, {@code room} at most. */
  static int words(PatternSettings settings, int room) {
    return settings.compressibility() == 1 ? room : new RandomShare(settings).search(room);
  }

  private int search(int room) {
    double wanted = PatternSettings.CHUNK / plain.compressibility();
    int low = 0;
    int high = room;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (size(middle) < wanted) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low > 0 && wanted - size(low - 1) < size(low) - wanted ? low - 1 : low;
  }

  /** The mean LZ4 size of a chunk whose units have {@code words} random words. */
  private double size(int words) {
    ByteBuffer data = ByteBuffer.allocate(SAMPLES * PatternSettings.CHUNK);
    new BlockPattern(plain, words).fill(data, 0, 0, 1, data.capacity());
    int sum = 0;
    for (int i = 0; i < SAMPLES; i++) {
      sum +=
          lz4.compress(data.array(), i * PatternSettings.CHUNK, PatternSettings.CHUNK, target, 0);
    }
    return (double) sum / SAMPLES;
  }
}
