package org.opendvx.core.erasure;

/**
 * P and Q by the book, bit by bit, sharing nothing with the code under test: multiplication is a
 * polynomial product followed by division by x^8 + x^4 + x^3 + x^2 + 1.
 */
final class BitwiseOracle {
  private BitwiseOracle() {}

  static byte[] p(byte[][] data, int length) {
    byte[] p = new byte[length];
    for (byte[] shard : data) {
      for (int at = 0; at < length; at++) {
        p[at] ^= shard[at];
      }
    }
    return p;
  }

  static byte[] q(byte[][] data, int length) {
    byte[] q = new byte[length];
    int weight = 1;
    for (byte[] shard : data) {
      for (int at = 0; at < length; at++) {
        q[at] ^= (byte) product(weight, shard[at] & 0xff);
      }
      weight = product(weight, 2);
    }
    return q;
  }

  static int product(int a, int b) {
    int polynomial = 0;
    for (int i = 0; i < 8; i++) {
      for (int j = 0; j < 8; j++) {
        if ((a >> i & b >> j & 1) != 0) {
          polynomial ^= 1 << (i + j);
        }
      }
    }
    for (int degree = 14; degree >= 8; degree--) {
      if ((polynomial >> degree & 1) != 0) {
        polynomial ^= 0x11d << (degree - 8);
      }
    }
    return polynomial;
  }
}
