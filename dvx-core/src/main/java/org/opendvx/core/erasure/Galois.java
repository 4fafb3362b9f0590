package org.opendvx.core.erasure;

/**
 * Single numbers of GF(2^8) modulo x^8 + x^4 + x^3 + x^2 + 1 (0x11d), where 2 generates all
 * non-zero elements. Slow; for coefficients only.
 */
final class Galois {
  private static final int POLYNOMIAL = 0x11d;
  private static final int ORDER = 255;

  private Galois() {}

  /** 2 to the power of a number, also of a negative one. */
  static int power(int exponent) {
    int result = 1;
    for (int i = Math.floorMod(exponent, ORDER); i > 0; i--) {
      result = twice(result);
    }
    return result;
  }

  static int multiply(int a, int b) {
    int product = 0;
    int shifted = a;
    for (int rest = b; rest != 0; rest >>= 1) {
      if ((rest & 1) != 0) {
        product ^= shifted;
      }
      shifted = twice(shifted);
    }
    return product;
  }

  /** The number whose product with {@code a} is 1. */
  static int inverse(int a) {
    if (a == 0) {
      throw new ArithmeticException("0 has no inverse");
    }
    int result = 1;
    for (int i = 1; i < ORDER; i++) {
      result = multiply(result, a);
    }
    return result;
  }

  private static int twice(int a) {
    int doubled = a << 1;
    return (doubled & 0x100) == 0 ? doubled : doubled ^ POLYNOMIAL;
  }
}
