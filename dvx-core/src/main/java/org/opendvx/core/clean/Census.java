package org.opendvx.core.clean;

import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.log.ChunkAddress;
import org.opendvx.core.tree.NodeWalk;

/**
 * What a walk found alive: a bit for each slot of a container, by the container that addresses name
 * (not by where it is). Nodes are noted always, which is also how each is visited once; chunks only
 * of the containers that are wanted, which bounds the memory. Confined to one thread.
 */
final class Census implements NodeWalk.Visitor {
  /** Bytes that a container with live slots takes here, about. */
  static final int CONTAINER_BYTES = 800;

  private final Map<Long, BitSet> nodes = new HashMap<>();
  private final Map<Long, BitSet> chunks = new HashMap<>();
  private final LongPredicate wanted;
  private final long skipBirth;
  private final Throttle throttle;
  private long lastContainer = -1;
  private @Nullable BitSet last;
  private long visited;

  /**
   * A census.
   *
   * @param wanted containers whose live chunks are noted
   * @param skipBirth nodes of that birth or an older one are of no interest: what they refer to is
   *     in containers that are not
   */
  Census(LongPredicate wanted, long skipBirth, Throttle throttle) {
    this.wanted = wanted;
    this.skipBirth = skipBirth;
    this.throttle = throttle;
  }

  @Override
  public boolean node(long address, long birth) {
    if (birth <= skipBirth) {
      return false;
    }
    BitSet bits = nodes.computeIfAbsent(ChunkAddress.container(address), _ -> new BitSet());
    int slot = ChunkAddress.slot(address);
    if (bits.get(slot)) {
      return false;
    }
    bits.set(slot);
    visited++;
    throttle.worked(0);
    return true;
  }

  @Override
  public void chunks(long[] addresses, int count) {
    for (int i = 0; i < count; i++) {
      long container = ChunkAddress.container(addresses[i]);
      if (container != lastContainer) {
        lastContainer = container;
        last = wanted.test(container) ? chunks.computeIfAbsent(container, _ -> new BitSet()) : null;
      }
      if (last != null) {
        last.set(ChunkAddress.slot(addresses[i]));
      }
    }
  }

  /** Nodes visited. */
  long visited() {
    return visited;
  }

  long skipBirth() {
    return skipBirth;
  }

  /** Whether live chunks of a container were noted. */
  boolean covers(long container) {
    return wanted.test(container);
  }

  /** Live slots of a container. */
  int live(long container) {
    return count(nodes.get(container)) + count(chunks.get(container));
  }

  private static int count(@Nullable BitSet bits) {
    return bits == null ? 0 : bits.cardinality();
  }

  boolean holdsNodes(long container) {
    return nodes.containsKey(container);
  }

  /** Addresses of a container's live slots, ascending. */
  long[] addresses(long container) {
    BitSet chunkBits = chunks.get(container);
    BitSet nodeBits = nodes.get(container);
    if (chunkBits != null && nodeBits != null) {
      throw new IllegalStateException("container " + container + " holds chunks and nodes");
    }
    BitSet bits = chunkBits != null ? chunkBits : nodeBits;
    if (bits == null) {
      return new long[0];
    }
    return bits.stream().mapToLong(slot -> ChunkAddress.of(container, slot)).toArray();
  }
}
