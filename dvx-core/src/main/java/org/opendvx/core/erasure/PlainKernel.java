package org.opendvx.core.erasure;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Eight bytes at a time in longs: works on every JVM, about a tenth as fast as vectors. */
final class PlainKernel implements Kernel {
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private static final long HIGH_BITS = 0x8080808080808080L;
  private static final int REDUCTION = 0x1d;

  @Override
  public String name() {
    return "64-bit words";
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
    int words = length & -Long.BYTES;
    for (int at = 0; at < words; at += Long.BYTES) {
      long sum = 0;
      long weighted = 0;
      for (int i = count - 1; i >= 0; i--) {
        long data = word(sources[i], offsets[i] + at);
        sum ^= data;
        weighted = twice(weighted) ^ data;
      }
      LONG.set(p, pAt + at, sum);
      LONG.set(q, qAt + at, weighted);
    }
    for (int at = words; at < length; at++) {
      long sum = 0;
      long weighted = 0;
      for (int i = count - 1; i >= 0; i--) {
        int data = sources[i][offsets[i] + at] & 0xff;
        sum ^= data;
        weighted = twice(weighted) ^ data;
      }
      p[pAt + at] = (byte) sum;
      q[qAt + at] = (byte) weighted;
    }
  }

  @Override
  public void add(
      byte[][] sources, int[] offsets, int count, byte[] target, int targetAt, int length) {
    int words = length & -Long.BYTES;
    for (int at = 0; at < words; at += Long.BYTES) {
      long sum = word(target, targetAt + at);
      for (int i = 0; i < count; i++) {
        sum ^= word(sources[i], offsets[i] + at);
      }
      LONG.set(target, targetAt + at, sum);
    }
    for (int at = words; at < length; at++) {
      int sum = target[targetAt + at];
      for (int i = 0; i < count; i++) {
        sum ^= sources[i][offsets[i] + at];
      }
      target[targetAt + at] = (byte) sum;
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
    int words = length & -Long.BYTES;
    for (int at = 0; at < words; at += Long.BYTES) {
      long weighted = 0;
      for (int i = count - 1; i >= 0; i--) {
        weighted = twice(weighted) ^ word(sources[i], offsets[i] + at);
      }
      weighted ^= word(target, targetAt + at);
      LONG.set(target, targetAt + at, times(weighted, factor));
    }
    for (int at = words; at < length; at++) {
      long weighted = 0;
      for (int i = count - 1; i >= 0; i--) {
        weighted = twice(weighted) ^ (sources[i][offsets[i] + at] & 0xff);
      }
      weighted ^= target[targetAt + at] & 0xff;
      target[targetAt + at] = (byte) times(weighted, factor);
    }
  }

  private static long word(byte[] bytes, int at) {
    return (long) LONG.get(bytes, at);
  }

  private static long twice(long eight) {
    long carries = (eight & HIGH_BITS) >>> 7;
    return ((eight & ~HIGH_BITS) << 1) ^ (carries * REDUCTION);
  }

  private static long times(long eight, int factor) {
    long product = 0;
    for (int bit = 7; bit >= 0; bit--) {
      product = twice(product) ^ (eight & -((factor >>> bit) & 1L));
    }
    return product;
  }
}
