package org.opendvx.core.pool.local;

import java.nio.ByteBuffer;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * The bytes of the batch that is being appended, in direct memory: room for a segment's header,
 * then the frame. Reused from batch to batch; given up when a drive may still be reading it.
 */
final class JournalBuffer {
  private static final int LEAST = 64 << 10;
  private static final int DATA = Layout.BLOCK + BatchFrame.HEADER;

  private final CRC32C crc = new CRC32C();
  private ByteBuffer bytes = Buffers.aligned(LEAST);
  private int length;
  private int batchCrc;

  /** Takes a copy of a batch. */
  void fill(ByteBuffer batch) {
    length = batch.remaining();
    int needed = Layout.BLOCK + BatchFrame.fileBytes(length);
    if (bytes.capacity() < needed) {
      bytes = Buffers.aligned(Math.max(needed, bytes.capacity() * 2));
    }
    bytes.clear().position(DATA);
    bytes.put(batch);
    crc.reset();
    crc.update(bytes.flip().position(DATA));
    batchCrc = (int) crc.getValue();
    bytes.clear();
    for (int at = DATA + length; at < needed; at++) {
      bytes.put(at, (byte) 0);
    }
  }

  int length() {
    return length;
  }

  /** The same batch in memory of its own. */
  JournalBuffer copy() {
    JournalBuffer copy = new JournalBuffer();
    copy.fill(bytes.duplicate().clear().position(DATA).limit(DATA + length));
    return copy;
  }

  /**
   * Completes the frame for a place.
   *
   * @return the bytes to write, at the frame's offset, or at 0 when it is a segment's first: then
   *     the segment's header goes before it
   */
  ByteBuffer frame(
      UUID pool,
      String host,
      Segment segment,
      int segmentBytes,
      long preceding,
      long first,
      long last,
      long epoch) {
    BatchFrame frame = new BatchFrame(segment.end(), preceding, first, last, length, batchCrc);
    frame.encode(bytes, Layout.BLOCK, pool, segment.number(), epoch);
    boolean begins = segment.end() == BatchFrame.FIRST_OFFSET;
    if (begins) {
      BatchFrame.encodeSegmentHeader(bytes, 0, pool, host, segment.number(), segmentBytes);
    }
    return bytes
        .duplicate()
        .clear()
        .position(begins ? 0 : Layout.BLOCK)
        .limit(Layout.BLOCK + frame.fileBytes());
  }
}
