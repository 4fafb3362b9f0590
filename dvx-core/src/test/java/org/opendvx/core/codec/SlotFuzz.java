package org.opendvx.core.codec;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.fuzz.Checks;
import org.opendvx.core.fuzz.FuzzTarget;

/** Slots: whatever was changed, it is refused or opens as what was sealed. */
public final class SlotFuzz implements FuzzTarget {
  private static final long ADDRESS = 77L << 16;
  private final KeyRing ring = KeyRing.generate();
  private final ChunkSealer sealer = new ChunkSealer(ring, ChunkCodec.lz4());
  private final ChunkSealer cold = new ChunkSealer(ring, ChunkCodec.zstd(3));
  private final byte[] text = new byte[4096];
  private final byte[] noise = KeyRing.random(4096);

  /** Found by name. */
  public SlotFuzz() {
    for (int i = 0; i < text.length; i++) {
      text[i] = (byte) (i % 97);
    }
  }

  @Override
  public String name() {
    return "slot";
  }

  @Override
  public List<byte[]> seeds() {
    List<byte[]> seeds = new ArrayList<>();
    seeds.add(seal(sealer, text, 0));
    seeds.add(seal(sealer, noise, 1));
    seeds.add(seal(cold, text, 2));
    return seeds;
  }

  private static byte[] seal(ChunkSealer with, byte[] plain, int entry) {
    Prepared prepared = new Prepared();
    with.prepare(plain, 0, plain.length, prepared);
    byte[] slot = new byte[prepared.slotLength()];
    int length = with.seal(prepared, ADDRESS, SlotType.CHUNK, 77, entry, slot, 0);
    return Arrays.copyOf(slot, length);
  }

  @Override
  public void repair(byte[] input) {
    if (input.length >= SlotHeader.LENGTH) {
      CRC32C crc = new CRC32C();
      crc.update(input, 0, SlotHeader.CHECKED_LENGTH);
      Bytes.putInt(input, SlotHeader.CHECKED_LENGTH, (int) crc.getValue());
    }
  }

  @Override
  public void check(byte[] input) {
    byte[] plain = new byte[SlotHeader.MAX_PLAIN];
    for (SlotType type : SlotType.values()) {
      try {
        int length = sealer.open(input, 0, input.length, ADDRESS, type, plain, 0);
        byte[] opened = Arrays.copyOf(plain, length);
        Checks.holds(
            type == SlotType.CHUNK && (Arrays.equals(opened, text) || Arrays.equals(opened, noise)),
            "a changed slot was opened");
      } catch (DvxException e) {
        Checks.refused(e);
      }
    }
  }
}
