package org.opendvx.core.pool.local;

/**
 * A container as the index knows it.
 *
 * @param drives where its shards are, see {@link DriveSet}
 */
record ContainerEntry(long id, int attempt, StripeShape shape, long drives) {

  int drive(int shard) {
    return DriveSet.get(drives, shard);
  }

  /** The file of a shard. */
  ShardName name(int shard) {
    return new ShardName(id, attempt, shape, shard);
  }

  /** Whether a shard was made by the same put. */
  boolean sameStripe(ShardName name) {
    return name.attempt() == attempt && name.shape().equals(shape);
  }

  ContainerEntry withDrive(int shard, int drive) {
    return new ContainerEntry(id, attempt, shape, DriveSet.with(drives, shard, drive));
  }

  /** Shards that some drive has. */
  int found() {
    return DriveSet.count(drives, shape.shards());
  }

  /** Shards on filled drives beyond those that reading needs; see {@link PoolView#leastSpare}. */
  int spare(PoolView view) {
    int filled = 0;
    for (int shard = 0; shard < shape.shards(); shard++) {
      filled += view.isFilled(drive(shard)) ? 1 : 0;
    }
    return filled - shape.dataShards();
  }
}
