package org.opendvx.core.pool;

import java.util.OptionalInt;
import java.util.function.LongConsumer;

/**
 * Write-once containers of at most {@link #MAX_LENGTH} bytes, each coded over the drives.
 *
 * <p>Ids are positive, below 2^48, chosen by the caller and never reused, also after a delete.
 */
public interface ContainerStore {

  /** The largest container: 8 MiB. */
  int MAX_LENGTH = 8 << 20;

  /**
   * Codes and writes a container; it is durable and visible to readers when the call returns.
   *
   * <p>A call that failed may be repeated with the same bytes: every attempt has an id of its own
   * and shards of different attempts are never decoded together.
   *
   * @param content the container's bytes from index 0; not changed, not kept after the call
   * @param length bytes used, 1 to {@link #MAX_LENGTH}
   */
  void put(Epoch epoch, long containerId, byte[] content, int length);

  /**
   * Reads a range of a container, checksums verified, rebuilt from parity where a shard is missing
   * or bad.
   *
   * @throws org.opendvx.core.error.DvxException NOT_FOUND when there is no such container, CORRUPT
   *     when too few good shards are left, INVALID when the range is outside of it
   */
  void read(long containerId, int offset, int length, byte[] target, int targetOffset);

  /** The container's length in bytes, empty when there is none of that id. Answered from memory. */
  OptionalInt length(long containerId);

  /**
   * What is remembered of a container is not to be believed: another process may have deleted it.
   */
  default void forget(long containerId) {}

  /**
   * What is remembered of any container is not to be believed: for a while nobody told what other
   * processes delete. It is asked for anew.
   */
  default void forgetAll() {}

  /** Deletes a container whole; deleting what is not there is no error. */
  void delete(Epoch epoch, long containerId);

  /** Visits the ids of all containers, ascending, as of some moment during the call. */
  void forEach(LongConsumer visitor);

  /** How many containers there are. Answered from memory. */
  long count();
}
