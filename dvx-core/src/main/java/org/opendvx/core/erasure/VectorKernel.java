package org.opendvx.core.erasure;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * The widest vectors of the processor. Only doubling, masks and XOR are used, which every vector
 * unit has: table look-ups are emulated, slowly, on some. Loaded only where the module
 * jdk.incubator.vector is there.
 */
final class VectorKernel implements Kernel {
  private static final VectorSpecies<Byte> SPECIES = ByteVector.SPECIES_PREFERRED;
  private static final int WIDTH = SPECIES.length();
  private static final byte REDUCTION = 0x1d;

  private final Kernel rest = new PlainKernel();

  /** Bits of a vector; 64 means that the processor has none that help. */
  static int vectorBits() {
    return SPECIES.vectorBitSize();
  }

  @Override
  public String name() {
    return SPECIES.vectorBitSize() + "-bit vectors";
  }

  @Override
  public void encode(
      byte[][] sources,
      int[] offsets,
      int count,
      byte[] p,
      int pAt,
      byte[] q,
      int qAt,
      int length) {
    int bound = SPECIES.loopBound(length);
    for (int at = 0; at < bound; at += WIDTH) {
      ByteVector sum = load(sources, offsets, count - 1, at);
      ByteVector weighted = sum;
      for (int i = count - 2; i >= 0; i--) {
        ByteVector data = load(sources, offsets, i, at);
        sum = xor(sum, data);
        weighted = xor(twice(weighted), data);
      }
      sum.intoArray(p, pAt + at);
      weighted.intoArray(q, qAt + at);
    }
    if (bound < length) {
      rest.encode(
          sources,
          shifted(offsets, count, bound),
          count,
          p,
          pAt + bound,
          q,
          qAt + bound,
          length - bound);
    }
  }

  @Override
  public void add(
      byte[][] sources, int[] offsets, int count, byte[] target, int targetAt, int length) {
    int bound = SPECIES.loopBound(length);
    for (int at = 0; at < bound; at += WIDTH) {
      ByteVector sum = ByteVector.fromArray(SPECIES, target, targetAt + at);
      for (int i = 0; i < count; i++) {
        sum = xor(sum, load(sources, offsets, i, at));
      }
      sum.intoArray(target, targetAt + at);
    }
    if (bound < length) {
      rest.add(
          sources, shifted(offsets, count, bound), count, target, targetAt + bound, length - bound);
    }
  }

  @Override
  public void addWeighted(
      byte[][] sources,
      int[] offsets,
      int count,
      int factor,
      byte[] target,
      int targetAt,
      int length) {
    int bound = SPECIES.loopBound(length);
    for (int at = 0; at < bound; at += WIDTH) {
      ByteVector weighted = load(sources, offsets, count - 1, at);
      for (int i = count - 2; i >= 0; i--) {
        weighted = xor(twice(weighted), load(sources, offsets, i, at));
      }
      weighted = xor(weighted, ByteVector.fromArray(SPECIES, target, targetAt + at));
      weighted.intoArray(target, targetAt + at);
    }
    if (factor != 1) {
      scale(target, targetAt, bound, factor);
    }
    if (bound < length) {
      rest.addWeighted(
          sources,
          shifted(offsets, count, bound),
          count,
          factor,
          target,
          targetAt + bound,
          length - bound);
    }
  }

  /**
   * Multiplies by Horner's rule over the bits of the factor; a loop, since the compiler gives up on
   * eight steps in a row.
   */
  private static void scale(byte[] target, int targetAt, int length, int factor) {
    int top = 31 - Integer.numberOfLeadingZeros(factor);
    for (int at = targetAt; at < targetAt + length; at += WIDTH) {
      ByteVector data = ByteVector.fromArray(SPECIES, target, at);
      ByteVector product = data;
      for (int bit = top - 1; bit >= 0; bit--) {
        product = twice(product);
        if ((factor >>> bit & 1) != 0) {
          product = xor(product, data);
        }
      }
      product.intoArray(target, at);
    }
  }

  private static ByteVector load(byte[][] sources, int[] offsets, int i, int at) {
    return ByteVector.fromArray(SPECIES, sources[i], offsets[i] + at);
  }

  private static ByteVector xor(ByteVector a, ByteVector b) {
    return a.lanewise(VectorOperators.XOR, b);
  }

  private static ByteVector twice(ByteVector a) {
    VectorMask<Byte> carries = a.lt((byte) 0);
    return a.add(a).lanewise(VectorOperators.XOR, REDUCTION, carries);
  }

  private static int[] shifted(int[] offsets, int count, int by) {
    int[] result = new int[count];
    for (int i = 0; i < count; i++) {
      result[i] = offsets[i] + by;
    }
    return result;
  }
}
