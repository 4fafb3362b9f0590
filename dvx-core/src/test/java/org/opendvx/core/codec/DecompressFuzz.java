package org.opendvx.core.codec;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.opendvx.core.fuzz.Checks;
import org.opendvx.core.fuzz.FuzzTarget;

/** The codecs, on bytes that were never compressed: nothing beside the target is written. */
public final class DecompressFuzz implements FuzzTarget {
  private static final int PLAIN = 4096;
  private static final int MARGIN = 64;

  /** Found by name. */
  public DecompressFuzz() {}

  @Override
  public String name() {
    return "decompress";
  }

  @Override
  public List<byte[]> seeds() {
    byte[] plain = new byte[PLAIN];
    for (int i = 0; i < PLAIN; i++) {
      plain[i] = (byte) (i / 7 * i);
    }
    List<byte[]> seeds = new ArrayList<>();
    for (ChunkCodec codec : List.of(ChunkCodec.lz4(), ChunkCodec.zstd(3))) {
      Prepared prepared = new Prepared();
      prepared.fill(codec, plain, 0, PLAIN);
      byte[] stored = new byte[1 + prepared.storedLength()];
      stored[0] = codec.id();
      System.arraycopy(
          prepared.source(), prepared.sourceOffset(), stored, 1, prepared.storedLength());
      seeds.add(stored);
    }
    return seeds;
  }

  @Override
  public void check(byte[] input) {
    ChunkCodec codec = input.length < 2 ? null : ChunkCodec.reader(input[0]);
    if (codec == null || codec.id() == RawCodec.ID) {
      return;
    }
    byte[] target = new byte[PLAIN + 2 * MARGIN];
    Arrays.fill(target, (byte) 0x5a);
    int length =
        Objects.requireNonNull(codec).decompress(input, 1, input.length - 1, target, MARGIN, PLAIN);
    Checks.holds(length <= PLAIN, "more than fits");
    for (int i = 0; i < MARGIN; i++) {
      Checks.holds(
          target[i] == 0x5a && target[MARGIN + PLAIN + i] == 0x5a, "written beside the target");
    }
  }
}
