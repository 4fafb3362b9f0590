package org.opendvx.core.log;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.opendvx.core.pool.ContainerStore;

/**
 * Decides whether an address that the dedupe index gave may be referred to: its slot must exist
 * now, in a container that is not condemned and had no unreadable chunk. Answers from memory;
 * thread-safe.
 */
final class DedupeVerifier {
  private final ContainerStore store;
  private final LiveContainers live;
  private final ContainerPlaces places;
  private final TocCache tocs;
  private final Set<Long> damaged = ConcurrentHashMap.newKeySet();

  DedupeVerifier(ContainerStore store, LiveContainers live, ContainerPlaces places, TocCache tocs) {
    this.store = store;
    this.live = live;
    this.places = places;
    this.tocs = tocs;
  }

  /** Whether a new reference to the chunk is good. */
  boolean usable(long address) {
    long container = ChunkAddress.container(address);
    if (places.condemned(container) || (!damaged.isEmpty() && damaged.contains(container))) {
      return false;
    }
    OpenContainer open = live.find(container);
    if (open != null) {
      return open.holds(ChunkAddress.slot(address));
    }
    long place = places.placeOf(container);
    if (store.length(place).isEmpty()) {
      return false;
    }
    Toc toc = tocs.get(place);
    // An index entry comes from a committed record or from this container's own table, so in a
    // container that was not moved the slot exists; a moved one may have lost it.
    return toc == null ? place == container : toc.entryOf(address) >= 0;
  }

  /** A chunk of the container could not be read: nothing new refers to any of them. */
  void unreadable(long address) {
    damaged.add(ChunkAddress.container(address));
  }
}
