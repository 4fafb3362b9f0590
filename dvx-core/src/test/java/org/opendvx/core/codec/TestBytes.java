package org.opendvx.core.codec;

import java.util.Random;

/** Content of a chosen entropy. */
final class TestBytes {
  private TestBytes() {}

  /** Bytes of which the given per cent are random and the others repeat. */
  static byte[] mixed(long seed, int length, int noisePercent) {
    Random random = new Random(seed);
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      bytes[i] = random.nextInt(100) < noisePercent ? (byte) random.nextInt() : (byte) (i % 7);
    }
    return bytes;
  }

  static byte[] random(long seed, int length) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }
}
