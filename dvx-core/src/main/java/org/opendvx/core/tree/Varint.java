package org.opendvx.core.tree;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;

/** Variable-length numbers: seven bits a byte, least first, at most ten bytes. */
final class Varint {
  private static final int MAX_SHIFT = 63;

  private Varint() {}

  static void put(ByteBuffer out, long value) {
    long rest = value;
    while ((rest & ~0x7fL) != 0) {
      out.put((byte) (rest | 0x80));
      rest >>>= 7;
    }
    out.put((byte) rest);
  }

  static long get(ByteBuffer in) {
    long value = 0;
    for (int shift = 0; shift <= MAX_SHIFT; shift += 7) {
      byte b = in.get();
      value |= (b & 0x7fL) << shift;
      if (b >= 0) {
        return value;
      }
    }
    throw new BufferUnderflowException();
  }

  /** Small numbers of either sign stay short (zigzag). */
  static void putSigned(ByteBuffer out, long value) {
    put(out, value << 1 ^ value >> 63);
  }

  static long getSigned(ByteBuffer in) {
    long raw = get(in);
    return raw >>> 1 ^ -(raw & 1);
  }
}
