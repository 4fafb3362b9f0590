package org.opendvx.core.cache;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Reads what is on a flash device: whose it is, where its segments are and what each says of
 * itself. Immutable.
 *
 * @param segmentBytes length of a segment
 */
record FlashContents(UUID pool, int segmentBytes) {
  /** Bytes that must be zero on a device that was never used: no file system fits that. */
  private static final int LOOKED_AT = 128 << 10;

  /** Where a segment begins on the device. */
  long position(int local) {
    return SegmentFormat.DEVICE_HEADER + (long) local * segmentBytes;
  }

  /**
   * Whether the device holds slots of this pool.
   *
   * @param count segments for which it must have been laid out
   * @throws IOException when it holds something else: a file system, for instance
   */
  boolean areOurs(FlashDevice device, int count) throws IOException {
    ByteBuffer begin = ByteBuffer.allocate(LOOKED_AT);
    try {
      device.read(begin, 0);
    } catch (EOFException _) {
      // A new file.
    }
    begin.flip();
    if (begin.limit() >= SegmentFormat.DEVICE_HEADER && SegmentFormat.isFlash(begin)) {
      return SegmentFormat.isOurs(begin, pool, segmentBytes, count);
    }
    while (begin.hasRemaining()) {
      if (begin.get() != 0) {
        throw new IOException("it holds something else; write zeros to its first 128 KiB");
      }
    }
    return false;
  }

  /**
   * The segments that hold something.
   *
   * @param table room for a table, overwritten
   * @param stop ends the search early
   */
  List<Integer> oldestFirst(FlashDevice device, int count, ByteBuffer table, BooleanSupplier stop)
      throws IOException {
    long[] sequences = new long[count];
    for (int local = 0; local < count && !stop.getAsBoolean(); local++) {
      SegmentFormat.Summary found = summary(device, local, table);
      sequences[local] = found == null ? 0 : found.sequence();
    }
    return IntStream.range(0, count)
        .filter(local -> sequences[local] > 0)
        .boxed()
        .sorted(Comparator.comparingLong(local -> sequences[local]))
        .toList();
  }

  /**
   * What a segment says of itself, null when it says nothing that can be trusted.
   *
   * @param table takes its table
   */
  SegmentFormat.@Nullable Summary summary(FlashDevice device, int local, ByteBuffer table)
      throws IOException {
    table.clear();
    try {
      device.read(table, position(local));
    } catch (EOFException _) {
      // A file grows as it is written.
      return null;
    }
    return SegmentFormat.read(table.flip(), pool, local);
  }
}
