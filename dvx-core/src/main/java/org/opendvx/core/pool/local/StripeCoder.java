package org.opendvx.core.pool.local;

import org.jspecify.annotations.Nullable;
import org.opendvx.core.erasure.ErasureCode;

/**
 * Who does the arithmetic of parity for a pool: this process, or, for the pool of a data node, the
 * hosts that use it. Thread-safe; may block for a limited time.
 */
public interface StripeCoder {
  /** Codes in this process. */
  StripeCoder HERE =
      new StripeCoder() {
        @Override
        public void encode(
            int dataShards, byte[] content, int length, int shardLength, byte[] p, byte[] q) {
          new ErasureCode(dataShards).encode(content, 0, length, shardLength, p, 0, q, 0);
        }

        @Override
        public byte[] rebuild(int dataShards, byte[] @Nullable [] ranges, int wanted, int length) {
          return rebuilt(dataShards, ranges, wanted, length);
        }
      };

  /**
   * Computes the parity of a container.
   *
   * @param shardLength bytes of each shard; {@code p} and {@code q} have at least as many
   */
  void encode(int dataShards, byte[] content, int length, int shardLength, byte[] p, byte[] q);

  /**
   * Rebuilds a range of one shard.
   *
   * @param ranges k + 2 of them, the same range of every shard; k are there, the others are null
   * @param wanted index of the shard to rebuild
   * @return its {@code length} bytes
   * @throws org.opendvx.core.error.DvxException UNAVAILABLE when nobody is there to compute it
   */
  byte[] rebuild(int dataShards, byte[] @Nullable [] ranges, int wanted, int length);

  /** The arithmetic of {@link #rebuild}, for whoever does it. */
  static byte[] rebuilt(int dataShards, byte[] @Nullable [] ranges, int wanted, int length) {
    byte[] @Nullable [] work = ranges.clone();
    int lost = 0;
    for (int i = 0; i < work.length; i++) {
      if (work[i] == null) {
        lost |= 1 << i;
      }
    }
    byte[] rebuilt = new byte[length];
    work[wanted] = rebuilt;
    new ErasureCode(dataShards).reconstruct(work, new int[work.length], length, lost);
    return rebuilt;
  }
}
