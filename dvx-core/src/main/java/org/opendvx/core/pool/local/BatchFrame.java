package org.opendvx.core.pool.local;

import java.nio.ByteBuffer;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Where a batch lies in a segment. Format of the header and the segment's own: {@code
 * docs/formats/journal-segment.md}. A header is valid only in its pool, segment and place: bytes of
 * an earlier use of the file never pass for a batch.
 *
 * @param offset of the header in the file, a multiple of 4 KiB
 * @param preceding last sequence of the batch before, also across segments
 * @param length bytes of the batch
 * @param crc CRC32C of the batch
 */
record BatchFrame(int offset, long preceding, long first, long last, int length, int crc) {
  /** Bytes before the batch's own. */
  static final int HEADER = 64;

  /** Where the first frame of a segment begins; before it is the segment's header. */
  static final int FIRST_OFFSET = Layout.BLOCK;

  /** Most bytes of a batch: with them a frame's length is still a number of 32 bits. */
  private static final int MAX_LENGTH = 1 << 30;

  private static final int FRAME_MAGIC = 0x44565842; // "DVXB"
  private static final int SEGMENT_MAGIC = 0x4456584a; // "DVXJ"

  /** Bytes that the frame takes in the file: whole blocks, so that none is ever written twice. */
  static int fileBytes(int length) {
    return (int) Layout.roundUp(HEADER + (long) length);
  }

  int fileBytes() {
    return fileBytes(length);
  }

  /** Where the batch's bytes begin in the file. */
  int dataOffset() {
    return offset + HEADER;
  }

  /** Writes the frame's header. */
  void encode(ByteBuffer target, int at, UUID pool, long segment, long epoch) {
    target
        .putInt(at, FRAME_MAGIC)
        .putShort(at + 4, (short) DriveLabel.FORMAT)
        .putShort(at + 6, (short) 0)
        .putLong(at + 8, segment)
        .putInt(at + 16, offset)
        .putInt(at + 20, length)
        .putLong(at + 24, preceding)
        .putLong(at + 32, first)
        .putLong(at + 40, last)
        .putLong(at + 48, epoch)
        .putInt(at + 56, crc);
    target.putInt(at + 60, headerCrc(target, at, HEADER - 4, pool));
  }

  /**
   * Reads a frame's header; null when there is none that is valid in this place.
   *
   * @throws org.opendvx.core.error.DvxException UNSUPPORTED when a newer program wrote it
   */
  static @Nullable BatchFrame decode(
      ByteBuffer source, int at, int offset, UUID pool, long segment) {
    if (source.getInt(at) != FRAME_MAGIC
        || source.getLong(at + 8) != segment
        || source.getInt(at + 16) != offset
        || source.getInt(at + 60) != headerCrc(source, at, HEADER - 4, pool)) {
      return null;
    }
    int format = Short.toUnsignedInt(source.getShort(at + 4));
    if (format != DriveLabel.FORMAT) {
      throw FormatCheck.newer("A batch of the journal", format, "segment " + segment);
    }
    int length = source.getInt(at + 20);
    if (length < 0 || length > MAX_LENGTH) {
      return null;
    }
    return new BatchFrame(
        offset,
        source.getLong(at + 24),
        source.getLong(at + 32),
        source.getLong(at + 40),
        length,
        source.getInt(at + 56));
  }

  /** Writes the header of a segment: what a person or a later program finds in the file. */
  static void encodeSegmentHeader(
      ByteBuffer target, int at, UUID pool, String host, long segment, int segmentBytes) {
    for (int i = 0; i < Layout.BLOCK; i += Long.BYTES) {
      target.putLong(at + i, 0);
    }
    target
        .putInt(at, SEGMENT_MAGIC)
        .putShort(at + 4, (short) DriveLabel.FORMAT)
        .putShort(at + 6, (short) host.length())
        .putLong(at + 8, pool.getMostSignificantBits())
        .putLong(at + 16, pool.getLeastSignificantBits())
        .putLong(at + 24, segment)
        .putInt(at + 32, segmentBytes);
    for (int i = 0; i < host.length(); i++) {
      target.put(at + 40 + i, (byte) host.charAt(i));
    }
    target.putInt(at + Layout.BLOCK - 4, headerCrc(target, at, Layout.BLOCK - 4, pool));
  }

  /**
   * Looks at the header of a segment file.
   *
   * @return whether there is one of this pool, intact
   * @throws org.opendvx.core.error.DvxException UNSUPPORTED when a newer program wrote it
   */
  static boolean checkSegmentHeader(ByteBuffer source, UUID pool, String where) {
    if (source.getInt(0) != SEGMENT_MAGIC
        || source.getInt(Layout.BLOCK - 4) != headerCrc(source, 0, Layout.BLOCK - 4, pool)) {
      return false;
    }
    int format = Short.toUnsignedInt(source.getShort(4));
    if (format != DriveLabel.FORMAT) {
      throw FormatCheck.newer("A journal segment", format, where);
    }
    return true;
  }

  /** The number in a segment's header. */
  static long segmentNumber(ByteBuffer source) {
    return source.getLong(24);
  }

  private static int headerCrc(ByteBuffer bytes, int at, int length, UUID pool) {
    CRC32C crc = new CRC32C();
    long seed = pool.getMostSignificantBits() ^ Long.rotateLeft(pool.getLeastSignificantBits(), 1);
    for (int i = 0; i < Long.BYTES; i++) {
      crc.update((int) (seed >>> (i * Byte.SIZE)));
    }
    crc.update(bytes.slice(at, length));
    return (int) crc.getValue();
  }
}
