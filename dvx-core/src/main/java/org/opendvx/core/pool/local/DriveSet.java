package org.opendvx.core.pool.local;

/**
 * The drives of up to ten shards in one long: six bits each, {@link #ABSENT} for none. The index of
 * containers holds millions of these.
 */
final class DriveSet {
  /** No drive. */
  static final int ABSENT = 63;

  /** No drive for any shard. */
  static final long NONE = -1L >>> 4;

  private static final int BITS = 6;

  private DriveSet() {}

  static int get(long drives, int shard) {
    return (int) (drives >>> (shard * BITS)) & ABSENT;
  }

  static long with(long drives, int shard, int drive) {
    int shift = shard * BITS;
    return (drives & ~((long) ABSENT << shift)) | ((long) drive << shift);
  }

  /** How many of the first shards have a drive. */
  static int count(long drives, int shards) {
    int count = 0;
    for (int i = 0; i < shards; i++) {
      if (get(drives, i) != ABSENT) {
        count++;
      }
    }
    return count;
  }

  /** The shard that a drive has, -1 for none. */
  static int shardOn(long drives, int shards, int drive) {
    for (int i = 0; i < shards; i++) {
      if (get(drives, i) == drive) {
        return i;
      }
    }
    return -1;
  }
}
