package org.opendvx.core.pool.local;

/**
 * A container with the parity that a host computed for it, all within one array.
 *
 * @param bytes holds the parts; not changed, not kept
 * @param length bytes of the container, from {@code contentAt} on
 * @param parityShards how many of {@code pAt} and {@code qAt} are there; the shards are as long as
 *     {@link #shardLength} says
 */
@SuppressWarnings("ArrayRecordComponent") // a value carrier between two packages; never compared
public record CodedContainer(
    byte[] bytes, int contentAt, int length, int dataShards, int parityShards, int pAt, int qAt) {

  /** Bytes of each shard of a container that is cut in so many. */
  public static int shardLength(int length, int dataShards) {
    return new StripeShape(length, dataShards, 0).shardLength();
  }
}
