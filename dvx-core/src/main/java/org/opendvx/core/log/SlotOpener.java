package org.opendvx.core.log;

import org.opendvx.core.codec.ChunkSealer;
import org.opendvx.core.codec.SlotHeader;
import org.opendvx.core.codec.SlotType;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.log.SlotSource.Verdict;

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

  /** Whose fault it is that a slot could not be opened. */
  Verdict verdict(DvxException failure, byte[] bytes, int offset, int length) {
    // Another kind of failure tells nothing of the slot: the pool was asked for its key in vain.
    return failure.kind() != Kind.CORRUPT || sealer.outdated(bytes, offset, length)
        ? Verdict.OUTDATED
        : Verdict.DAMAGED;
  }

  private static DvxException wrongLength(long address, int length) {
    return DvxException.of(Kind.CORRUPT, "A stored chunk is damaged")
        .cause("its plain length would be " + length)
        .detail("address", Long.toHexString(address))
        .build();
  }
}
