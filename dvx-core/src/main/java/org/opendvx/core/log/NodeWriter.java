package org.opendvx.core.log;

import java.time.Duration;
import org.opendvx.core.codec.ChunkSealer;
import org.opendvx.core.codec.Prepared;
import org.opendvx.core.codec.SlotType;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.log.ContainerWriter.Place;

/**
 * Tree nodes into containers of their own. What could not be put stays in memory, and the next
 * flush waits for it again. Thread-safe.
 */
final class NodeWriter {
  private final ChunkSealer sealer;
  private final ContainerWriter writer;
  private final Duration limit;

  NodeWriter(ChunkSealer sealer, ContainerWriter writer, Duration limit) {
    this.sealer = sealer;
    this.writer = writer;
    this.limit = limit;
  }

  long write(byte[] node, int offset, int length) {
    if (length < 1 || length > NodeLog.MAX_NODE) {
      throw new IllegalArgumentException("no length for a node: " + length);
    }
    if (!writer.hasRoom() && !await(Await.ROOM)) {
      throw writer.tooManyWait();
    }
    Prepared prepared = sealer.prepare(node, offset, length);
    Place place = new Place();
    writer.reserve(prepared.slotLength(), 0, 0, place);
    OpenContainer container = place.reserved();
    long address = ChunkAddress.of(container.id(), place.slot);
    boolean sealed = false;
    try {
      sealer.seal(
          prepared,
          address,
          SlotType.NODE,
          container.id(),
          place.slot,
          container.bytes(),
          place.offset);
      sealed = true;
    } finally {
      if (sealed) {
        container.committed(1, 0);
      } else {
        container.abandoned(place.slot);
      }
      writer.settled(container);
    }
    return address;
  }

  /** Returns when the pool has every node written so far. */
  void flush() {
    writer.closeOpen();
    if (!await(Await.PUT)) {
      throw writer.tooManyWait();
    }
  }

  private boolean await(Await what) {
    try {
      return switch (what) {
        case ROOM -> writer.awaitRoom(limit.toNanos());
        case PUT -> writer.awaitPut(limit.toNanos());
      };
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw DvxException.of(Kind.UNAVAILABLE, "Interrupted while nodes were being written")
          .causedBy(e)
          .build();
    }
  }

  private enum Await {
    ROOM,
    PUT
  }
}
