package org.opendvx.core.log;

import java.nio.ByteBuffer;
import java.util.List;
import org.opendvx.core.codec.ChunkCodec;
import org.opendvx.core.codec.ChunkSealer;
import org.opendvx.core.codec.KeyRing;
import org.opendvx.core.codec.Prepared;
import org.opendvx.core.codec.SlotType;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.fuzz.Checks;
import org.opendvx.core.fuzz.FuzzTarget;
import org.opendvx.core.testing.InMemoryPool;

/** New chunks in a journal record, from which containers are rebuilt. */
public final class RecordTailFuzz implements FuzzTarget {
  private final ChunkSealer sealer = new ChunkSealer(KeyRing.generate(), ChunkCodec.lz4());

  /** Found by name. */
  public RecordTailFuzz() {}

  @Override
  public String name() {
    return "journal-chunks";
  }

  @Override
  public List<byte[]> seeds() {
    ByteBuffer out = ByteBuffer.allocate(9000);
    out.putInt(2);
    put(out, 3, 0);
    put(out, 3, 1);
    byte[] two = new byte[out.position()];
    out.flip().get(two);
    return List.of(two, new byte[4]);
  }

  private void put(ByteBuffer out, long container, int slot) {
    byte[] plain = new byte[ChunkLog.CHUNK];
    plain[slot] = 1;
    Prepared prepared = new Prepared();
    sealer.prepare(plain, 0, plain.length, prepared);
    byte[] bytes = new byte[prepared.slotLength()];
    long address = ChunkAddress.of(container, slot);
    int length = sealer.seal(prepared, address, SlotType.CHUNK, container, slot, bytes, 0);
    out.putLong(address).putLong(1).putLong(slot).putInt(length).put(bytes, 0, length);
  }

  @Override
  public long mostAllocated(int length) {
    // A buffer and a table for each container that a chunk names: a chunk has 60 bytes at least.
    return (64L << 20) + length / 60 * (9L << 20);
  }

  @Override
  public void check(byte[] input) {
    RecordedChunks counted = RecordedChunks.of(ByteBuffer.wrap(input));
    Checks.holds(
        counted.count() >= 0 && counted.slotBytes() <= input.length, "more chunks than bytes");
    Rebuilder rebuilder =
        new Rebuilder(
            new InMemoryPool().containers(),
            ContainerPlaces.UNMOVED,
            new LiveContainers(),
            new ContainerBuffers(1),
            new DedupeIndex(1 << 20));
    try {
      rebuilder.replay(1, ByteBuffer.wrap(input));
    } catch (DvxException e) {
      Checks.holds(e.kind() == Kind.CORRUPT, "refused as " + e.kind());
    }
  }

  @Override
  public int mostBytes() {
    return 16 << 10;
  }
}
