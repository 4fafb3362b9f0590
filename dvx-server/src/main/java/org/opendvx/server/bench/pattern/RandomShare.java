package org.opendvx.server.bench.pattern;

/**
 * How many random words a unit needs for a wanted LZ4 ratio, from the cost of LZ4's block format: a
 * sequence costs a token, its literals, their length beyond 15, an offset of two bytes, and the
 * length of the match beyond 19, a byte for each 255.
 */
final class RandomShare {
  private static final int OFFSET = 2;
  private static final int LAST_LITERALS = 5;

  /** Bytes of a stamp that LZ4 finds repeated: the high zero bytes of its numbers, mostly. */
  private static final int SAVED_IN_STAMP = 4;

  private RandomShare() {}

  /**
   * Random words of eight bytes in a unit of {@code unit} bytes that begins with {@code stamp}
   * bytes and has {@code stretches} stretches.
   */
  static int words(int unit, int stamp, int stretches, double ratio) {
    int room = (unit - stamp) / 8;
    int best = room;
    double bestError = Math.abs(unit / ratio - unit);
    for (int words = 0; words <= room; words++) {
      double error = Math.abs(size(unit, stamp, stretches, words) - unit / ratio);
      if (error < bestError) {
        best = words;
        bestError = error;
      }
    }
    return best;
  }

  /** The compressed size to expect. */
  static double size(int unit, int stamp, int stretches, int words) {
    double literals = 8.0 * words / stretches;
    double zeros = (unit - stamp) / (double) stretches - literals;
    if (zeros < 16) {
      return unit + 1 + unit / 255.0;
    }
    double sequence = 1 + literals + extra(literals, 15) + OFFSET + extra(zeros, 19);
    return stretches * sequence + stamp - SAVED_IN_STAMP + 1 + LAST_LITERALS;
  }

  private static double extra(double length, int free) {
    return length < free ? 0 : 1 + Math.floor((length - free) / 255);
  }
}
