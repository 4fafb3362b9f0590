package org.opendvx.core.nfs.handle;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * SipHash-2-4 with 128 bits of output (Aumasson and Bernstein, 2012): a pseudo-random function for
 * short messages under a 128-bit key. One object computes one hash; it is small enough for the
 * compiler to keep in registers.
 */
public final class SipHash {
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private long v0;
  private long v1;
  private long v2;
  private long v3;

  /** Starts a hash under a key. */
  public SipHash(long key0, long key1) {
    v0 = key0 ^ 0x736f6d6570736575L;
    v1 = key1 ^ 0x646f72616e646f6dL ^ 0xee;
    v2 = key0 ^ 0x6c7967656e657261L;
    v3 = key1 ^ 0x7465646279746573L;
  }

  /** Takes the next eight bytes, as a little-endian number. */
  public SipHash word(long word) {
    v3 ^= word;
    round();
    round();
    v0 ^= word;
    return this;
  }

  /** Takes the last bytes and ends: all the bytes of an array. */
  public HandleMac.Tag last(byte[] bytes) {
    int whole = bytes.length & ~7;
    for (int i = 0; i < whole; i += 8) {
      word((long) LONG.get(bytes, i));
    }
    long tail = 0;
    for (int i = bytes.length - 1; i >= whole; i--) {
      tail = tail << 8 | (bytes[i] & 0xff);
    }
    return last(tail, bytes.length);
  }

  /** Ends a message of whole words. */
  public HandleMac.Tag last(int totalLength) {
    return last(0, totalLength);
  }

  private HandleMac.Tag last(long tail, int totalLength) {
    word(tail | (long) totalLength << 56);
    v2 ^= 0xee;
    long high = finish();
    v1 ^= 0xdd;
    return new HandleMac.Tag(high, finish());
  }

  private long finish() {
    round();
    round();
    round();
    round();
    return v0 ^ v1 ^ v2 ^ v3;
  }

  private void round() {
    v0 += v1;
    v1 = Long.rotateLeft(v1, 13) ^ v0;
    v0 = Long.rotateLeft(v0, 32);
    v2 += v3;
    v3 = Long.rotateLeft(v3, 16) ^ v2;
    v0 += v3;
    v3 = Long.rotateLeft(v3, 21) ^ v0;
    v2 += v1;
    v1 = Long.rotateLeft(v1, 17) ^ v2;
    v2 = Long.rotateLeft(v2, 32);
  }
}
