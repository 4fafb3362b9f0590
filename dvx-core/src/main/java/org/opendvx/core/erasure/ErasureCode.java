package org.opendvx.core.erasure;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Codes k data shards into P and Q, and rebuilds any two lost ones of the k + 2. Shards are
 * numbered 0 to k - 1 (data), k (P), k + 1 (Q). Every byte depends only on the bytes at the same
 * place of the other shards, so a range can be rebuilt from that range of the others. Immutable,
 * thread-safe.
 */
public final class ErasureCode {
  /** Parity shards: how many may be lost. */
  public static final int PARITY_SHARDS = 2;

  /** Most data shards. */
  public static final int MAX_DATA_SHARDS = 16;

  /** Rebuilding goes in steps of so many bytes of each shard, which stay in the nearest caches. */
  private static final int STEP = 8 << 10;

  private static final byte[] ZEROS = new byte[STEP];

  private final int dataShards;
  private final Kernel kernel;

  /**
   * A code.
   *
   * @param dataShards k, 1 to {@link #MAX_DATA_SHARDS}; with 1 both parity shards are copies
   */
  public ErasureCode(int dataShards) {
    this(dataShards, Kernels.BEST);
  }

  ErasureCode(int dataShards, Kernel kernel) {
    if (dataShards < 1 || dataShards > MAX_DATA_SHARDS) {
      throw new IllegalArgumentException("no such number of data shards: " + dataShards);
    }
    this.dataShards = dataShards;
    this.kernel = kernel;
  }

  /** Which instructions the coding uses, for a log or a report. */
  public static String implementation() {
    return Kernels.BEST.name();
  }

  /** k. */
  public int dataShards() {
    return dataShards;
  }

  /** k + 2. */
  public int shards() {
    return dataShards + PARITY_SHARDS;
  }

  /**
   * Codes a contiguous range: shard i is the bytes from {@code i * shardLength} on. Where the range
   * ends early, zeros are taken; they need not exist.
   *
   * @param length bytes of data, 1 to {@code k * shardLength}
   * @param p receives {@code shardLength} bytes at {@code pOffset}; so does q
   */
  public void encode(
      byte[] data,
      int offset,
      int length,
      int shardLength,
      byte[] p,
      int pOffset,
      byte[] q,
      int qOffset) {
    Objects.checkFromIndexSize(offset, length, data.length);
    Objects.checkFromIndexSize(pOffset, shardLength, p.length);
    Objects.checkFromIndexSize(qOffset, shardLength, q.length);
    if (length < 1 || length > (long) shardLength * dataShards) {
      throw new IllegalArgumentException(
          length + " bytes in " + dataShards + " shards of " + shardLength);
    }
    int whole = length / shardLength;
    int part = length % shardLength;
    byte[][] sources = new byte[dataShards][];
    Arrays.fill(sources, data);
    int[] offsets = new int[dataShards];
    for (int i = 0; i < dataShards; i++) {
      offsets[i] = offset + i * shardLength;
    }
    if (part > 0) {
      kernel.encode(sources, offsets, whole + 1, p, pOffset, q, qOffset, part);
    }
    if (whole == 0) {
      Arrays.fill(p, pOffset + part, pOffset + shardLength, (byte) 0);
      Arrays.fill(q, qOffset + part, qOffset + shardLength, (byte) 0);
      return;
    }
    for (int i = 0; i < whole; i++) {
      offsets[i] += part;
    }
    kernel.encode(
        sources, offsets, whole, p, pOffset + part, q, qOffset + part, shardLength - part);
  }

  /**
   * Rebuilds lost shards, or the same range of each.
   *
   * @param shards k + 2 arrays; of a lost one: where to write it, or null if it is not wanted
   * @param offsets where in each array the range begins
   * @param length bytes of the range
   * @param lost bit i is set when shard i is lost; at most two are
   */
  public void reconstruct(byte[] @Nullable [] shards, int[] offsets, int length, int lost) {
    check(shards, offsets, length, lost);
    if (lost == 0) {
      return;
    }
    int wanted = 0;
    byte[][] work = new byte[shards()][];
    for (int i = 0; i < work.length; i++) {
      byte[] shard = shards[i];
      work[i] = shard != null ? shard : new byte[Math.min(STEP, length)];
      wanted |= shard != null ? lost & bit(i) : 0;
    }
    int[] at = new int[shards()];
    for (int done = 0; done < length; done += STEP) {
      for (int i = 0; i < at.length; i++) {
        at[i] = shards[i] != null ? offsets[i] + done : 0;
      }
      rebuildStep(work, at, Math.min(STEP, length - done), lost, wanted);
    }
  }

  private void check(byte[] @Nullable [] shards, int[] offsets, int length, int lost) {
    if (shards.length != shards() || offsets.length != shards() || length < 0) {
      throw new IllegalArgumentException("not the " + shards() + " shards of this code");
    }
    if (lost >>> shards() != 0 || Integer.bitCount(lost) > PARITY_SHARDS) {
      throw new IllegalArgumentException(
          "cannot rebuild the shards of mask " + Integer.toBinaryString(lost));
    }
    for (int i = 0; i < shards.length; i++) {
      byte[] shard = shards[i];
      if (shard != null) {
        Objects.checkFromIndexSize(offsets[i], length, shard.length);
      } else if ((lost & bit(i)) == 0) {
        throw new IllegalArgumentException("shard " + i + " is neither there nor lost");
      }
    }
  }

  /** Rebuilds data first, then the parity that is wanted, from complete data. */
  private void rebuildStep(byte[][] shards, int[] at, int length, int lost, int wanted) {
    int pShard = dataShards;
    int qShard = dataShards + 1;
    int lostData = lost & (bit(dataShards) - 1);
    if (lostData != 0 && wanted != 0) {
      int x = Integer.numberOfTrailingZeros(lostData);
      int y = 31 - Integer.numberOfLeadingZeros(lostData);
      if (x != y) {
        rebuildTwo(shards, at, length, x, y);
      } else if ((lost & bit(pShard)) == 0) {
        rebuildFromP(shards, at, length, x);
      } else {
        rebuildFromQ(shards, at, length, x);
      }
    }
    boolean p = (wanted & bit(pShard)) != 0;
    boolean q = (wanted & bit(qShard)) != 0;
    if (p && q) {
      kernel.encode(
          shards, at, dataShards, shards[pShard], at[pShard], shards[qShard], at[qShard], length);
    } else if (p) {
      clear(shards[pShard], at[pShard], length);
      kernel.add(shards, at, dataShards, shards[pShard], at[pShard], length);
    } else if (q) {
      clear(shards[qShard], at[qShard], length);
      kernel.addWeighted(shards, at, dataShards, 1, shards[qShard], at[qShard], length);
    }
  }

  /** x = P + all other data. */
  private void rebuildFromP(byte[][] shards, int[] at, int length, int x) {
    copy(shards, at, dataShards, x, length);
    byte[][] sources = shards.clone();
    int[] offsets = at.clone();
    leaveOut(sources, offsets, x);
    kernel.add(sources, offsets, dataShards, shards[x], at[x], length);
  }

  /** 2^x * x = Q + weighted sum of all other data. */
  private void rebuildFromQ(byte[][] shards, int[] at, int length, int x) {
    copy(shards, at, dataShards + 1, x, length);
    byte[][] sources = shards.clone();
    int[] offsets = at.clone();
    leaveOut(sources, offsets, x);
    kernel.addWeighted(sources, offsets, dataShards, Galois.power(-x), shards[x], at[x], length);
  }

  /**
   * With s = x + y, which P and the other data give: Q + weighted sum of the other data + 2^y * s =
   * (2^x + 2^y) * x. So s takes the place of y while x is computed.
   */
  private void rebuildTwo(byte[][] shards, int[] at, int length, int x, int y) {
    byte[][] sources = shards.clone();
    int[] offsets = at.clone();
    leaveOut(sources, offsets, x);
    leaveOut(sources, offsets, y);
    copy(shards, at, dataShards, y, length);
    kernel.add(sources, offsets, dataShards, shards[y], at[y], length);
    sources[y] = shards[y];
    offsets[y] = at[y];
    copy(shards, at, dataShards + 1, x, length);
    int factor = Galois.inverse(Galois.power(x) ^ Galois.power(y));
    kernel.addWeighted(sources, offsets, dataShards, factor, shards[x], at[x], length);
    kernel.add(new byte[][] {shards[x]}, new int[] {at[x]}, 1, shards[y], at[y], length);
  }

  private static int bit(int shard) {
    return 1 << shard;
  }

  private static void leaveOut(byte[][] sources, int[] offsets, int shard) {
    sources[shard] = ZEROS;
    offsets[shard] = 0;
  }

  private static void copy(byte[][] shards, int[] at, int from, int to, int length) {
    System.arraycopy(shards[from], at[from], shards[to], at[to], length);
  }

  private static void clear(byte[] target, int offset, int length) {
    Arrays.fill(target, offset, offset + length, (byte) 0);
  }
}
