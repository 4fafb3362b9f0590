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
    ByteVector bit0 = spread(factor, 0);
    ByteVector bit1 = spread(factor, 1);
    ByteVector bit2 = spread(factor, 2);
    ByteVector bit3 = spread(factor, 3);
    ByteVector bit4 = spread(factor, 4);
    ByteVector bit5 = spread(factor, 5);
    ByteVector bit6 = spread(factor, 6);
    ByteVector bit7 = spread(factor, 7);
    int bound = SPECIES.loopBound(length);
    for (int at = 0; at < bound; at += WIDTH) {
      ByteVector weighted = load(sources, offsets, count - 1, at);
      for (int i = count - 2; i >= 0; i--) {
        weighted = xor(twice(weighted), load(sources, offsets, i, at));
      }
      weighted = xor(weighted, ByteVector.fromArray(SPECIES, target, targetAt + at));
      ByteVector product = weighted.and(bit7);
      product = xor(twice(product), weighted.and(bit6));
      product = xor(twice(product), weighted.and(bit5));
      product = xor(twice(product), weighted.and(bit4));
      product = xor(twice(product), weighted.and(bit3));
      product = xor(twice(product), weighted.and(bit2));
      product = xor(twice(product), weighted.and(bit1));
      product = xor(twice(product), weighted.and(bit0));
      product.intoArray(target, targetAt + at);
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

  /** All ones where the factor has the bit, else zeros. */
  private static ByteVector spread(int factor, int bit) {
    return ByteVector.broadcast(SPECIES, (byte) -((factor >>> bit) & 1));
  }

  private static int[] shifted(int[] offsets, int count, int by) {
    int[] result = new int[count];
    for (int i = 0; i < count; i++) {
      result[i] = offsets[i] + by;
    }
    return result;
  }
}
