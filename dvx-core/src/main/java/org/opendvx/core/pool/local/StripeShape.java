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

  /** The shape of a new container on so many drives: parity first, then as wide as they allow. */
  static StripeShape forDrives(int length, int drives) {
    int parity = Math.min(Quorum.PARITY, drives - 1);
    return new StripeShape(length, Math.min(MAX_DATA_SHARDS, drives - parity), parity);
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
