package org.opendvx.core.erasure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class GaloisTest {
  @Test
  void productsAreThoseOfTheOracle() {
    for (int a = 0; a < 256; a++) {
      for (int b = 0; b < 256; b++) {
        assertEquals(BitwiseOracle.product(a, b), Galois.multiply(a, b), a + " * " + b);
      }
    }
  }

  @Test
  void everyNumberButZeroHasAnInverse() {
    for (int a = 1; a < 256; a++) {
      assertEquals(1, BitwiseOracle.product(a, Galois.inverse(a)));
    }
    assertThrows(ArithmeticException.class, () -> Galois.inverse(0));
  }

  @Test
  void powersOfTwoReachEveryNumberAndTurnBack() {
    Set<Integer> seen = new HashSet<>();
    for (int i = 0; i < 255; i++) {
      seen.add(Galois.power(i));
      assertEquals(1, BitwiseOracle.product(Galois.power(i), Galois.power(-i)));
    }
    assertEquals(255, seen.size());
    assertEquals(0x1d, Galois.power(8));
  }
}
