package org.opendvx.core.fuzz;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Makes inputs out of valid ones: flipped bits, lengths and counts with values that hurt, cut,
 * doubled and spliced pieces. The same seed gives the same inputs. Confined to one thread.
 */
final class Mutator {
  private static final long[] HARD = {
    0,
    1,
    2,
    7,
    8,
    127,
    128,
    255,
    256,
    4095,
    4096,
    32_767,
    32_768,
    65_535,
    65_536,
    1 << 20,
    1 << 23,
    Integer.MAX_VALUE - 8,
    Integer.MAX_VALUE,
    Integer.MIN_VALUE,
    -1,
    -2,
    Long.MAX_VALUE,
    Long.MIN_VALUE,
    1L << 32,
    1L << 47
  };

  private final SplittableRandom random;
  private final List<byte[]> seeds;
  private final int most;

  Mutator(long seed, List<byte[]> seeds, int most) {
    this.random = new SplittableRandom(seed);
    this.seeds = seeds;
    this.most = most;
  }

  byte[] next() {
    byte[] bytes = seeds.get(random.nextInt(seeds.size())).clone();
    int steps = 1 + random.nextInt(random.nextInt(8) == 0 ? 12 : 3);
    for (int i = 0; i < steps; i++) {
      bytes = changed(bytes);
    }
    return bytes.length > most ? Arrays.copyOf(bytes, most) : bytes;
  }

  /** Whether the checksums are to fit. */
  boolean repaired() {
    return random.nextInt(4) != 0;
  }

  private byte[] changed(byte[] bytes) {
    if (bytes.length == 0) {
      return random(1 + random.nextInt(64));
    }
    int at = place(bytes.length);
    switch (random.nextInt(10)) {
      case 0, 1 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
      case 2 -> bytes[at] = (byte) random.nextInt();
      case 3, 4 -> put(bytes, at, HARD[random.nextInt(HARD.length)]);
      case 5 -> put(bytes, at, near(bytes, at));
      case 6 -> {
        return Arrays.copyOf(bytes, random.nextInt(bytes.length + 1));
      }
      case 7 -> {
        return joined(bytes, at, random(1 + random.nextInt(32)), at);
      }
      case 8 -> {
        return joined(bytes, at, new byte[0], at + random.nextInt(bytes.length - at + 1));
      }
      default -> {
        byte[] other = seeds.get(random.nextInt(seeds.size()));
        int from = random.nextInt(other.length + 1);
        int to = from + random.nextInt(Math.min(512, other.length - from) + 1);
        byte[] piece = Arrays.copyOfRange(other, from, to);
        return joined(bytes, at, piece, random.nextBoolean() ? at : at + piece.length);
      }
    }
    return bytes;
  }

  /** Heads hold most of what can go wrong. */
  private int place(int length) {
    return random.nextBoolean() ? random.nextInt(Math.min(length, 96)) : random.nextInt(length);
  }

  /** A number a little above or below the one that stands there. */
  private long near(byte[] bytes, int at) {
    return (long) bytes[at] + random.nextInt(-3, 4);
  }

  private void put(byte[] bytes, int at, long value) {
    int width = 1 << random.nextInt(4);
    for (int i = 0; i < width && at + i < bytes.length; i++) {
      bytes[at + i] = (byte) (value >>> (8 * (width - 1 - i)));
    }
  }

  private byte[] random(int length) {
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      bytes[i] = (byte) random.nextInt();
    }
    return bytes;
  }

  /** What is before {@code at}, the piece, and what is from {@code rest} on. */
  private static byte[] joined(byte[] bytes, int at, byte[] piece, int rest) {
    int from = Math.min(rest, bytes.length);
    byte[] joined = new byte[at + piece.length + bytes.length - from];
    System.arraycopy(bytes, 0, joined, 0, at);
    System.arraycopy(piece, 0, joined, at, piece.length);
    System.arraycopy(bytes, from, joined, at + piece.length, bytes.length - from);
    return joined;
  }
}
