package org.opendvx.core.log;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.codec.SlotHeader;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.ContainerStore;

/**
 * Rebuilds, from journal records, the containers that the pool does not have: the same slots with
 * the same sealed bytes. Nothing is sealed again. Confined to the thread of the recovery.
 */
final class Rebuilder {
  /** Where a slot's header names container and entry; see docs/formats/slot.md. */
  private static final int SLOT_PLACE = 8;

  private static final int SLOT_ENTRY = 16;

  private final ContainerStore store;
  private final ContainerPlaces places;
  private final LiveContainers live;
  private final ContainerBuffers buffers;
  private final DedupeIndex index;
  private final Map<Long, OpenContainer> rebuilt = new HashMap<>();
  private long lastId;
  private @Nullable OpenContainer last;
  private long highestLsn;

  Rebuilder(
      ContainerStore store,
      ContainerPlaces places,
      LiveContainers live,
      ContainerBuffers buffers,
      DedupeIndex index) {
    this.store = store;
    this.places = places;
    this.live = live;
    this.buffers = buffers;
    this.index = index;
  }

  void replay(long lsn, ByteBuffer record) {
    highestLsn = Math.max(highestLsn, lsn);
    int count = record.remaining() < ChunkBatch.HEADER ? -1 : record.getInt();
    if (count < 0) {
      throw corrupt(lsn, "it ends before its chunks");
    }
    for (int i = 0; i < count; i++) {
      if (record.remaining() < ChunkBatch.CHUNK_HEADER) {
        throw corrupt(lsn, "it ends before chunk " + i);
      }
      long address = record.getLong();
      long high = record.getLong();
      long low = record.getLong();
      int length = record.getInt();
      if (length < SlotHeader.LENGTH
          || length > record.remaining()
          || !isPlaceOf(address, record)) {
        throw corrupt(lsn, "chunk " + i + " has no good address or length");
      }
      OpenContainer container = container(ChunkAddress.container(address));
      if (container == null) {
        record.position(record.position() + length);
      } else {
        restore(container, lsn, address, high, low, record, length);
      }
      index.put(high, low, address);
    }
  }

  /** Sends what was rebuilt on its way. Ends the life of this object. */
  void finish(ContainerWriter writer) {
    writer.durable(highestLsn);
    rebuilt.values().forEach(writer::adopt);
    rebuilt.clear();
    last = null;
    lastId = 0;
  }

  /** The container being rebuilt; null when the pool has it, there or where it was moved. */
  private @Nullable OpenContainer container(long id) {
    if (id != lastId) {
      lastId = id;
      last = rebuilt.get(id);
      if (last == null && places.placeOf(id) == id && store.length(id).isEmpty()) {
        last = new OpenContainer(id, ContainerKind.DATA, buffers, System.currentTimeMillis());
        rebuilt.put(id, last);
        live.add(last);
      }
    }
    return last;
  }

  private static void restore(
      OpenContainer container,
      long lsn,
      long address,
      long high,
      long low,
      ByteBuffer record,
      int length) {
    if (!container.restore(ChunkAddress.slot(address), record, length, high, low)) {
      throw corrupt(lsn, "its chunks do not fit in their container");
    }
    container.committed(0, lsn);
  }

  /** Whether the slot that follows was sealed in the place that its address names. */
  private static boolean isPlaceOf(long address, ByteBuffer slot) {
    long container = ChunkAddress.container(address);
    return container != 0
        && slot.getLong(slot.position() + SLOT_PLACE) == container
        && slot.getInt(slot.position() + SLOT_ENTRY) == ChunkAddress.slot(address);
  }

  private static DvxException corrupt(long lsn, String cause) {
    return DvxException.of(Kind.CORRUPT, "A journal record with chunks cannot be replayed")
        .cause(cause)
        .remedy("Keep the drives as they are and look for a drive that fails")
        .detail("record", lsn)
        .build();
  }
}
