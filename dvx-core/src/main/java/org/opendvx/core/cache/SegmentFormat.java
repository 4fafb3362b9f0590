package org.opendvx.core.cache;

import java.nio.ByteBuffer;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** Byte tables of docs/formats/flash-segment.md. */
final class SegmentFormat {
  /** Bytes of the device's own header; segments follow. */
  static final int DEVICE_HEADER = 4096;

  /** Bytes of a segment's header; its table follows, then slots. */
  static final int HEADER = 64;

  /** Bytes of a table's entry: address, offset, length. */
  static final int ENTRY = 16;

  /** Bytes before each slot: its address, length and a checksum of both. */
  static final int PREFIX = 16;

  private static final int DEVICE_MAGIC = 0x44565846; // "DVXF"
  private static final int SEGMENT_MAGIC = 0x44565847; // "DVXG"
  private static final short VERSION = 1;

  private SegmentFormat() {}

  /** Bytes at the beginning of a segment that are kept for header and table. */
  static int tableBytes(int segmentBytes) {
    // Slots of 1 KiB on average fill the table as they fill the segment.
    int entries = segmentBytes / 1024;
    return (HEADER + entries * ENTRY + 4095) & -4096;
  }

  static int mostEntries(int segmentBytes) {
    return (tableBytes(segmentBytes) - HEADER) / ENTRY;
  }

  static ByteBuffer deviceHeader(UUID pool, int segmentBytes, int segments) {
    ByteBuffer header = ByteBuffer.allocate(DEVICE_HEADER);
    header
        .putInt(DEVICE_MAGIC)
        .putShort(VERSION)
        .putShort((short) 0)
        .putLong(pool.getMostSignificantBits())
        .putLong(pool.getLeastSignificantBits())
        .putInt(segmentBytes)
        .putInt(segments);
    header.putInt(DEVICE_HEADER - 4, crc(header, 0, DEVICE_HEADER - 4));
    return header.clear();
  }

  /** Whether a device was used for a flash cache, of whatever pool. */
  static boolean isFlash(ByteBuffer header) {
    return header.getInt(0) == DEVICE_MAGIC;
  }

  /** Whether a device holds slots of this pool in this form. */
  static boolean isOurs(ByteBuffer header, UUID pool, int segmentBytes, int segments) {
    return header.getInt(0) == DEVICE_MAGIC
        && header.getInt(DEVICE_HEADER - 4) == crc(header, 0, DEVICE_HEADER - 4)
        && header.getShort(4) == VERSION
        && header.getLong(8) == pool.getMostSignificantBits()
        && header.getLong(16) == pool.getLeastSignificantBits()
        && header.getInt(24) == segmentBytes
        && header.getInt(28) == segments;
  }

  /**
   * Fills in a segment's header over a table that is there.
   *
   * @param segment the whole segment from index 0
   */
  static void sealHeader(ByteBuffer segment, UUID pool, int index, long sequence, int count) {
    segment
        .putInt(0, SEGMENT_MAGIC)
        .putShort(4, VERSION)
        .putShort(6, (short) 0)
        .putLong(8, pool.getMostSignificantBits())
        .putLong(16, pool.getLeastSignificantBits())
        .putLong(24, sequence)
        .putInt(32, index)
        .putInt(36, count)
        .putLong(40, 0)
        .putLong(48, 0)
        .putInt(56, crc(segment, HEADER, count * ENTRY))
        .putInt(60, crc(segment, 0, 60));
  }

  /** What a segment's header says; null when it was never written, torn, or of another pool. */
  static @Nullable Summary read(ByteBuffer table, UUID pool, int index) {
    if (table.getInt(0) != SEGMENT_MAGIC
        || table.getInt(60) != crc(table, 0, 60)
        || table.getShort(4) != VERSION
        || table.getLong(8) != pool.getMostSignificantBits()
        || table.getLong(16) != pool.getLeastSignificantBits()
        || table.getInt(32) != index) {
      return null;
    }
    int count = table.getInt(36);
    if (count < 0
        || count > (table.limit() - HEADER) / ENTRY
        || table.getInt(56) != crc(table, HEADER, count * ENTRY)) {
      return null;
    }
    return new Summary(table.getLong(24), count);
  }

  /**
   * A sound segment header.
   *
   * @param sequence rises with every segment that the device was given
   * @param count slots in it
   */
  record Summary(long sequence, int count) {}

  static void putEntry(ByteBuffer segment, int i, long address, int offset, int length) {
    int at = HEADER + i * ENTRY;
    segment.putLong(at, address).putInt(at + 8, offset).putInt(at + 12, length);
  }

  static long entryAddress(ByteBuffer table, int i) {
    return table.getLong(HEADER + i * ENTRY);
  }

  static int entryOffset(ByteBuffer table, int i) {
    return table.getInt(HEADER + i * ENTRY + 8);
  }

  static int entryLength(ByteBuffer table, int i) {
    return table.getInt(HEADER + i * ENTRY + 12);
  }

  static void putPrefix(ByteBuffer segment, int at, long address, int length) {
    segment.putLong(at, address).putInt(at + 8, length);
    segment.putInt(at + 12, crc(segment, at, 12));
  }

  /** The length of the slot behind a prefix; -1 when it is that of another address. */
  static int slotLength(ByteBuffer bytes, int at, int available, long address) {
    if (available < PREFIX
        || bytes.getLong(at) != address
        || bytes.getInt(at + 12) != crc(bytes, at, 12)) {
      return -1;
    }
    int length = bytes.getInt(at + 8);
    return length < 1 || length > available - PREFIX ? -1 : length;
  }

  private static int crc(ByteBuffer bytes, int from, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes.slice(from, length));
    return (int) crc.getValue();
  }
}
