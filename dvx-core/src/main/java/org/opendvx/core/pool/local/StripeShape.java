package org.opendvx.core.pool.local;

import org.opendvx.core.pool.ContainerStore;

/**
 * How a container is cut: k data shards of equal length (the last ones padded with zeros) and m of
 * parity.
 *
 * @param length bytes of the container
 * @param dataShards k
 * @param parityShards m, 0 to 2
 */
record StripeShape(int length, int dataShards, int parityShards) {
  /** Most data shards of a new container. */
  static final int MAX_DATA_SHARDS = 8;

  /** Most shards of a container. */
  static final int MAX_SHARDS = MAX_DATA_SHARDS + Quorum.PARITY;

  /**
   * The shape of a new container: parity first, then as wide as the drives allow. With one drive in
   * use of two or three, a shard more than there are drives: it is written when a drive is back.
   *
   * @param usable drives in use
   * @param members drives of the pool
   */
  static StripeShape forDrives(int length, int usable, int members) {
    int parity = Math.min(Quorum.PARITY, members - 1);
    int data = Math.max(1, Math.min(MAX_DATA_SHARDS, usable - parity));
    return new StripeShape(length, data, parity);
  }

  /** Whether a container can have this shape. */
  boolean isSound() {
    return length >= 1
        && length <= ContainerStore.MAX_LENGTH
        && dataShards >= 1
        && dataShards <= MAX_DATA_SHARDS
        && parityShards >= 0
        && parityShards <= Quorum.PARITY;
  }

  /** Shards in all. */
  int shards() {
    return dataShards + parityShards;
  }

  /** Bytes of each shard, whole blocks: a short container has short shards. */
  int shardLength() {
    return (int) Layout.roundUp((length + dataShards - 1) / dataShards);
  }

  /** Bytes of each shard's file. */
  int fileBytes() {
    return ShardHeader.BYTES + shardLength();
  }
}
