package org.opendvx.core.log;

import org.opendvx.core.codec.ChunkSealer;
import org.opendvx.core.codec.SlotHeader;
import org.opendvx.core.codec.SlotType;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/** Verified plain bytes from sealed slots. Thread-safe. */
final class SlotOpener {
  private final ChunkSealer sealer;

  SlotOpener(ChunkSealer sealer) {
    this.sealer = sealer;
  }

  /**
   * Opens the slot of a chunk.
   *
   * @throws DvxException CORRUPT when it is not that chunk, unharmed
   */
  byte[] chunk(byte[] bytes, int offset, int length, long address) {
    int plain = SlotHeader.read(bytes, offset, length).plainLength();
    if (plain != ChunkLog.CHUNK) {
      throw wrongLength(address, plain);
    }
    byte[] chunk = new byte[ChunkLog.CHUNK];
    sealer.open(bytes, offset, length, address, SlotType.CHUNK, chunk, 0);
    return chunk;
  }

  /**
   * Opens the slot of a node.
   *
   * @throws DvxException CORRUPT when it is not that node, unharmed
   */
  byte[] node(byte[] bytes, int offset, int length, long address) {
    int plain = SlotHeader.read(bytes, offset, length).plainLength();
    if (plain > NodeLog.MAX_NODE) {
      throw wrongLength(address, plain);
    }
    byte[] node = new byte[plain];
    sealer.open(bytes, offset, length, address, SlotType.NODE, node, 0);
    return node;
  }

  private static DvxException wrongLength(long address, int length) {
    return DvxException.of(Kind.CORRUPT, "A stored chunk is damaged")
        .cause("its plain length would be " + length)
        .detail("address", Long.toHexString(address))
        .build();
  }
}
