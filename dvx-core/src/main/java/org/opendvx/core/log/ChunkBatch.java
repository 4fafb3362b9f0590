package org.opendvx.core.log;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.opendvx.core.codec.ChunkSealer;
import org.opendvx.core.codec.Fingerprinter;
import org.opendvx.core.codec.Prepared;
import org.opendvx.core.codec.SlotType;
import org.opendvx.core.log.ContainerWriter.Place;

/** The chunks of one write. What it encodes is described in docs/formats/journal-record.md. */
final class ChunkBatch implements ChunkLog.WriteBatch {
  /** Bytes of a new chunk in a record besides its slot. */
  static final int CHUNK_HEADER = 28;

  static final int HEADER = 4;
  private static final int FIRST_CHUNKS = 8;

  /** New chunks from which on duplicates within the batch are looked up in a table. */
  private static final int SCANNED = 16;

  private final Tools tools;
  private final int ticket;
  private final Place place = new Place();
  private OpenContainer[] containers = new OpenContainer[FIRST_CHUNKS];
  private int[] slots = new int[FIRST_CHUNKS];
  private int[] offsets = new int[FIRST_CHUNKS];
  private int[] lengths = new int[FIRST_CHUNKS];

  /** High and low of each new chunk, and behind them those of the one that is being added. */
  private long[] fingerprints = new long[2 * FIRST_CHUNKS + 2];

  /** Positions + 1 of new chunks by fingerprint; used when there are many. */
  private int[] table = new int[0];

  private int count;
  private int slotBytes;
  private boolean ended;

  ChunkBatch(Tools tools) {
    this.tools = tools;
    this.ticket = tools.passage.enter();
  }

  /** What every batch of a log shares. */
  record Tools(
      Fingerprinter fingerprinter,
      ChunkSealer sealer,
      DedupeIndex index,
      DedupeVerifier verifier,
      IndexFeeder feeder,
      ContainerWriter writer,
      LogCounters counters,
      Passage passage) {}

  @Override
  public long add(byte[] bytes, int offset) {
    checkOpen();
    int fingerprintAt = 2 * count;
    tools.fingerprinter.fingerprint(bytes, offset, ChunkLog.CHUNK, fingerprints, fingerprintAt);
    long high = fingerprints[fingerprintAt];
    long low = fingerprints[fingerprintAt + 1];
    tools.counters.logical.add(ChunkLog.CHUNK);
    long own = findOwn(high, low);
    if (own != 0) {
      return own;
    }
    long known = findKnown(high, low);
    if (known != 0) {
      return known;
    }
    Prepared prepared = tools.sealer.prepare(bytes, offset, ChunkLog.CHUNK);
    tools.writer.reserve(prepared.slotLength(), high, low, place);
    OpenContainer container = place.reserved();
    long address = ChunkAddress.of(container.id(), place.slot);
    remember(container, prepared.slotLength());
    tools.sealer.seal(
        prepared,
        address,
        SlotType.CHUNK,
        container.id(),
        place.slot,
        container.bytes(),
        place.offset);
    tools.counters.unique.add(ChunkLog.CHUNK);
    tools.counters.stored.add(prepared.slotLength());
    return address;
  }

  @Override
  public int encodedLength() {
    return HEADER + count * CHUNK_HEADER + slotBytes;
  }

  @Override
  public void encode(ByteBuffer record) {
    checkOpen();
    record.putInt(count);
    for (int i = 0; i < count; i++) {
      record
          .putLong(ChunkAddress.of(containers[i].id(), slots[i]))
          .putLong(fingerprints[2 * i])
          .putLong(fingerprints[2 * i + 1])
          .putInt(lengths[i])
          .put(containers[i].bytes(), offsets[i], lengths[i]);
    }
  }

  @Override
  public void committed(long lsn) {
    end();
    try {
      settle(lsn);
    } finally {
      tools.passage.leave(ticket);
    }
  }

  private void settle(long lsn) {
    // The index first: while its slots are unsettled, a container does not go anywhere.
    for (int i = 0; i < count; i++) {
      long address = ChunkAddress.of(containers[i].id(), slots[i]);
      tools.index.put(fingerprints[2 * i], fingerprints[2 * i + 1], address);
    }
    int from = 0;
    while (from < count) {
      OpenContainer container = containers[from];
      int to = from + 1;
      while (to < count && containers[to].id() == container.id()) {
        to++;
      }
      container.committed(to - from, lsn);
      tools.writer.settled(container);
      from = to;
    }
  }

  @Override
  public void abandoned() {
    end();
    try {
      for (int i = 0; i < count; i++) {
        containers[i].abandoned(slots[i]);
        tools.writer.settled(containers[i]);
      }
    } finally {
      tools.passage.leave(ticket);
    }
  }

  private long findKnown(long high, long low) {
    long address = tools.index.find(high, low);
    if (address == 0) {
      return 0;
    }
    if (!tools.verifier.usable(address)) {
      tools.index.remove(high, low, address);
      return 0;
    }
    if (tools.index.isSample(high, low)) {
      tools.feeder.neighbours(ChunkAddress.container(address));
    }
    return address;
  }

  private long findOwn(long high, long low) {
    if (count <= SCANNED) {
      for (int i = 0; i < count; i++) {
        if (fingerprints[2 * i] == high && fingerprints[2 * i + 1] == low) {
          return ChunkAddress.of(containers[i].id(), slots[i]);
        }
      }
      return 0;
    }
    int mask = table.length - 1;
    for (int at = (int) high & mask; table[at] != 0; at = at + 1 & mask) {
      int i = table[at] - 1;
      if (fingerprints[2 * i] == high && fingerprints[2 * i + 1] == low) {
        return ChunkAddress.of(containers[i].id(), slots[i]);
      }
    }
    return 0;
  }

  /** Notes the slot at hand; its fingerprint is in its place already. */
  private void remember(OpenContainer container, int length) {
    containers[count] = container;
    slots[count] = place.slot;
    offsets[count] = place.offset;
    lengths[count] = length;
    slotBytes += length;
    count++;
    if (count == slots.length) {
      int more = 2 * count;
      containers = Arrays.copyOf(containers, more);
      slots = Arrays.copyOf(slots, more);
      offsets = Arrays.copyOf(offsets, more);
      lengths = Arrays.copyOf(lengths, more);
      fingerprints = Arrays.copyOf(fingerprints, 2 * more + 2);
    }
    if (count > SCANNED) {
      enterInTable();
    }
  }

  private void enterInTable() {
    int from = count - 1;
    if (table.length < 2 * count) {
      table = new int[Integer.highestOneBit(count) * 8];
      from = 0;
    }
    int mask = table.length - 1;
    for (int i = from; i < count; i++) {
      int at = (int) fingerprints[2 * i] & mask;
      while (table[at] != 0) {
        at = at + 1 & mask;
      }
      table[at] = i + 1;
    }
  }

  private void checkOpen() {
    if (ended) {
      throw new IllegalStateException("the batch was committed or abandoned");
    }
  }

  private void end() {
    checkOpen();
    ended = true;
  }
}
