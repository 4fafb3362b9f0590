package org.opendvx.core.log;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import org.opendvx.core.pool.ContainerStore;

/**
 * A container in memory: from its first slot until the pool has it. Slots are given out under its
 * monitor and filled outside of it.
 *
 * <p>Life: open, closed (no more slots), settled (every slot committed or abandoned), put, retired.
 * The bytes stay readable while a reader holds a pin.
 */
final class OpenContainer {
  private static final int FIRST_SLOTS = 2560;

  private final long id;
  private final ContainerKind kind;
  private final byte[] bytes;
  private final ContainerBuffers buffers;

  /** One reference of its own and one for each reader; at 0 the buffer is given back. */
  private final AtomicInteger pins = new AtomicInteger(1);

  // Guarded by the monitor. The table is also read without by those who learnt an address, which
  // happens after its entry was written; a larger copy holds every older entry.
  private volatile byte[] toc = new byte[FIRST_SLOTS * ContainerFormat.TOC_ENTRY];
  private int count;
  private int position = ContainerFormat.HEADER;
  private int outstanding;
  private int liveSlots;
  private boolean closed;
  private boolean submitted;
  private long firstLsn = Long.MAX_VALUE;
  private long lastLsn;
  private int finalLength;

  OpenContainer(long id, ContainerKind kind, ContainerBuffers buffers, long createdMillis) {
    this.id = id;
    this.kind = kind;
    this.buffers = buffers;
    this.bytes = buffers.take();
    ContainerFormat.writeHeader(bytes, kind, id, createdMillis);
  }

  long id() {
    return id;
  }

  ContainerKind kind() {
    return kind;
  }

  byte[] bytes() {
    return bytes;
  }

  /**
   * Gives out the next slot.
   *
   * @return slot in the upper, offset in the lower 32 bits; -1 when closed or too full
   */
  synchronized long reserve(int length, long high, long low) {
    if (closed || !fits(length)) {
      return -1;
    }
    int slot = count;
    int offset = position;
    count++;
    position += length;
    outstanding++;
    enter(slot, offset, length, high, low);
    return (long) slot << 32 | offset;
  }

  /** Slots of a record are settled. */
  synchronized void committed(int slots, long lsn) {
    outstanding -= slots;
    liveSlots += slots;
    firstLsn = Math.min(firstLsn, lsn);
    lastLsn = Math.max(lastLsn, lsn);
  }

  /** A slot is settled that nobody will refer to. */
  synchronized void abandoned(int slot) {
    outstanding--;
    ContainerFormat.putInt(toc, slot * ContainerFormat.TOC_ENTRY + ContainerFormat.ENTRY_LENGTH, 0);
  }

  /**
   * Takes back a slot from the journal, in any order of slots.
   *
   * @return false when it does not fit, which cannot be for records that this program wrote
   */
  synchronized boolean restore(int slot, ByteBuffer source, int length, long high, long low) {
    if (holds(slot)) {
      source.position(source.position() + length);
      return length == slotLength(slot);
    }
    int more = Math.max(0, slot + 1 - count);
    if ((long) position
            + length
            + ContainerFormat.FOOTER
            + (long) (count + more) * ContainerFormat.TOC_ENTRY
        > ContainerStore.MAX_LENGTH) {
      return false;
    }
    for (; count < slot; count++) {
      enter(count, ContainerFormat.HEADER, 0, 0, 0);
    }
    source.get(bytes, position, length);
    enter(slot, position, length, high, low);
    count = Math.max(count, slot + 1);
    position += length;
    liveSlots++;
    return true;
  }

  /** No more slots. */
  synchronized void close() {
    closed = true;
  }

  /** Whether it may be put now; true once only. */
  synchronized boolean claimForPut(long durableLsn) {
    if (!closed || submitted || outstanding != 0 || durableLsn < lastLsn) {
      return false;
    }
    submitted = true;
    return true;
  }

  /** Whether any slot is referred to; only for a settled container. */
  synchronized boolean hasLiveSlots() {
    return liveSlots > 0;
  }

  synchronized boolean isEmpty() {
    return count == 0;
  }

  synchronized long firstLsn() {
    return firstLsn;
  }

  /** Bytes used so far. */
  synchronized int length() {
    return finalLength > 0 ? finalLength : position;
  }

  /** Writes table and footer behind the slots, once; the container is settled. Its length. */
  synchronized int finish() {
    if (finalLength == 0) {
      int tocLength = count * ContainerFormat.TOC_ENTRY;
      System.arraycopy(toc, 0, bytes, position, tocLength);
      ContainerFormat.writeFooter(bytes, position + tocLength, kind, id, position, count);
      finalLength = position + tocLength + ContainerFormat.FOOTER;
    }
    return finalLength;
  }

  /** The table as it would be read from the pool; after {@link #finish}. */
  synchronized Toc contents() {
    int footer = finalLength - ContainerFormat.FOOTER;
    return Toc.parse(
        id, ContainerFormat.readFooter(bytes, footer, id, finalLength), bytes, position);
  }

  /** Whether a slot was given out and not abandoned. */
  boolean holds(int slot) {
    byte[] table = toc;
    return (slot + 1) * ContainerFormat.TOC_ENTRY <= table.length && slotLength(slot) != 0;
  }

  int slotOffset(int slot) {
    return ContainerFormat.getInt(
        toc, slot * ContainerFormat.TOC_ENTRY + ContainerFormat.ENTRY_OFFSET);
  }

  int slotLength(int slot) {
    return ContainerFormat.getInt(
        toc, slot * ContainerFormat.TOC_ENTRY + ContainerFormat.ENTRY_LENGTH);
  }

  /** Offers every slot that is referred to; after {@link #finish}. */
  void offerTo(SlotSource source) {
    int slots = slots();
    for (int slot = 0; slot < slots; slot++) {
      int length = slotLength(slot);
      if (length > 0) {
        source.written(ChunkAddress.of(id, slot), bytes, slotOffset(slot), length);
      }
    }
  }

  private synchronized int slots() {
    return count;
  }

  /** Holds the bytes for reading; false when they are gone. Ends with {@link #unpin}. */
  boolean pin() {
    int now = pins.get();
    while (now > 0) {
      if (pins.compareAndSet(now, now + 1)) {
        return true;
      }
      now = pins.get();
    }
    return false;
  }

  void unpin() {
    if (pins.decrementAndGet() == 0) {
      buffers.giveBack(bytes);
    }
  }

  /** The pool has it: the bytes go when the last reader is done. */
  void retire() {
    unpin();
  }

  private boolean fits(int length) {
    return count < ContainerFormat.MAX_SLOTS
        && (long) position
                + length
                + (long) (count + 1) * ContainerFormat.TOC_ENTRY
                + ContainerFormat.FOOTER
            <= ContainerStore.MAX_LENGTH;
  }

  private void enter(int slot, int offset, int length, long high, long low) {
    int needed = (slot + 1) * ContainerFormat.TOC_ENTRY;
    if (needed > toc.length) {
      toc = Arrays.copyOf(toc, Math.max(needed, toc.length * 2));
    }
    ContainerFormat.writeEntry(toc, slot, ChunkAddress.of(id, slot), offset, length, high, low);
  }
}
