package org.opendvx.server.demo.load;

/**
 * Chunks at random places of a large disk, each place once: the disk is cut in as many equal
 * stretches as there are chunks, and each chunk lies somewhere in its own.
 *
 * @param count how many
 * @param span bytes of the disk over which they are scattered
 * @param seed of the places
 */
public record ScatteredChunks(int count, long span, long seed) {
  /** Bytes of a chunk. */
  public static final int CHUNK = 4096;

  /** Refuses more chunks than fit. */
  public ScatteredChunks {
    if (count < 1 || span / CHUNK < count) {
      throw new IllegalArgumentException(count + " chunks in " + span + " bytes");
    }
  }

  /** Where the chunk of that number lies, in bytes from the disk's start. */
  public long offset(int chunk) {
    long stretch = span / CHUNK / count;
    return (chunk * stretch + Mix.below(stretch, seed ^ chunk)) * CHUNK;
  }

  /** The number of the chunk that is written at step {@code i}: a full tour in scattered order. */
  public int inScatteredOrder(int i) {
    return (int) ((i * stride()) % count);
  }

  private long stride() {
    long candidate = Math.max(1, (long) (count * 0.618));
    while (greatestCommonDivisor(candidate, count) != 1) {
      candidate++;
    }
    return candidate;
  }

  private static long greatestCommonDivisor(long a, long b) {
    return b == 0 ? a : greatestCommonDivisor(b, a % b);
  }
}
