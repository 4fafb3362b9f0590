package org.opendvx.core.verify;

import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.function.BiConsumer;
import org.opendvx.core.log.ChunkAddress;
import org.opendvx.core.tree.NodeWalk;

/**
 * Everything that roots reach, a bit for each: about 32 MiB for a terabyte of different data.
 * Confined to one thread.
 */
final class References implements NodeWalk.Visitor {
  private final Map<Long, BitSet> nodes = new HashMap<>();
  private final Map<Long, BitSet> all = new HashMap<>();
  private long visited;

  @Override
  public boolean node(long address, long birth) {
    BitSet seen = nodes.computeIfAbsent(ChunkAddress.container(address), _ -> new BitSet());
    if (seen.get(ChunkAddress.slot(address))) {
      return false;
    }
    seen.set(ChunkAddress.slot(address));
    add(address);
    visited++;
    return true;
  }

  @Override
  public void chunks(long[] addresses, int count) {
    for (int i = 0; i < count; i++) {
      if (addresses[i] != ChunkAddress.HOLE) {
        add(addresses[i]);
      }
    }
  }

  private void add(long address) {
    all.computeIfAbsent(ChunkAddress.container(address), _ -> new BitSet())
        .set(ChunkAddress.slot(address));
  }

  boolean has(long address) {
    BitSet bits = all.get(ChunkAddress.container(address));
    return bits != null && bits.get(ChunkAddress.slot(address));
  }

  void remove(long address) {
    BitSet bits = all.get(ChunkAddress.container(address));
    if (bits != null) {
      bits.clear(ChunkAddress.slot(address));
      if (bits.isEmpty()) {
        all.remove(ChunkAddress.container(address));
      }
    }
  }

  /** Forgets what another one does not have. */
  void retain(References other) {
    all.forEach((container, bits) -> bits.and(other.all.getOrDefault(container, new BitSet())));
    all.values().removeIf(BitSet::isEmpty);
  }

  /** Nodes that were visited. */
  long visited() {
    return visited;
  }

  long size() {
    return all.values().stream().mapToLong(BitSet::cardinality).sum();
  }

  boolean isEmpty() {
    return all.isEmpty();
  }

  void forEach(BiConsumer<Long, BitSet> visitor) {
    all.forEach(visitor);
  }
}
