package org.opendvx.core.datastore;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * SipHash-2-4 of names under a secret key, so that nobody can choose names that collide. Source:
 * Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012. Thread-safe.
 */
final class NameHash {
  /** Bytes of the key. */
  static final int KEY_LENGTH = 16;

  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final int BUCKET_SHIFT = 5;

  private final long k0;
  private final long k1;

  /** A hash under 16 bytes of key. */
  NameHash(byte[] key) {
    if (key.length != KEY_LENGTH) {
      throw new IllegalArgumentException("a key of " + key.length + " bytes");
    }
    k0 = (long) LONGS.get(key, 0);
    k1 = (long) LONGS.get(key, Long.BYTES);
  }

  /** A number of 59 bits that is never 0. */
  long bucket(byte[] name) {
    return Math.max(1, hash(name) >>> BUCKET_SHIFT);
  }

  /** The hash itself. */
  long hash(byte[] name) {
    Sip sip = new Sip(k0, k1);
    int end = name.length & ~7;
    for (int i = 0; i < end; i += Long.BYTES) {
      sip.word((long) LONGS.get(name, i));
    }
    long tail = (long) name.length << 56;
    for (int i = end; i < name.length; i++) {
      tail |= (name[i] & 0xffL) << (8 * (i - end));
    }
    sip.word(tail);
    return sip.finish();
  }

  /** The four words of state. */
  private static final class Sip {
    private long v0;
    private long v1;
    private long v2;
    private long v3;

    Sip(long k0, long k1) {
      v0 = k0 ^ 0x736f6d6570736575L;
      v1 = k1 ^ 0x646f72616e646f6dL;
      v2 = k0 ^ 0x6c7967656e657261L;
      v3 = k1 ^ 0x7465646279746573L;
    }

    void word(long m) {
      v3 ^= m;
      round();
      round();
      v0 ^= m;
    }

    long finish() {
      v2 ^= 0xff;
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
}
