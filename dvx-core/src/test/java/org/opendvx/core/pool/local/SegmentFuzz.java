package org.opendvx.core.pool.local;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.fuzz.Checks;
import org.opendvx.core.fuzz.FuzzTarget;

/** Journal segments: the headers of batches, and the look for intact ones in a whole file. */
public final class SegmentFuzz implements FuzzTarget {
  private static final UUID POOL = new UUID(21, 22);
  private static final long SEGMENT = 5;
  private static final int BYTES = 6 * Layout.BLOCK;

  /** Found by name. */
  public SegmentFuzz() {}

  @Override
  public String name() {
    return "journal-segment";
  }

  @Override
  public List<byte[]> seeds() {
    ByteBuffer file = ByteBuffer.allocate(BYTES);
    BatchFrame.encodeSegmentHeader(file, 0, POOL, "host-a", SEGMENT, BYTES);
    int at = BatchFrame.FIRST_OFFSET;
    at += put(file, at, 0, 1, 4, 300);
    int _ = put(file, at, 4, 5, 5, 5000);
    return List.of(file.array());
  }

  private static int put(ByteBuffer file, int at, long before, long first, long last, int length) {
    CRC32C crc = new CRC32C();
    crc.update(file.slice(at + BatchFrame.HEADER, length));
    BatchFrame frame = new BatchFrame(at, before, first, last, length, (int) crc.getValue());
    frame.encode(file, at, POOL, SEGMENT, 1);
    return frame.fileBytes();
  }

  /** Headers are made to fit where frames may begin, and so are the bytes behind them. */
  @Override
  public void repair(byte[] input) {
    ByteBuffer file = ByteBuffer.wrap(input);
    for (int at = Layout.BLOCK; at + BatchFrame.HEADER <= input.length; at += Layout.BLOCK) {
      int length = file.getInt(at + 20);
      if (length >= 0 && length <= input.length - at - BatchFrame.HEADER) {
        Checks.putCrc(input, at + BatchFrame.HEADER, at + BatchFrame.HEADER + length, at + 56);
      }
      CRC32C crc = new CRC32C();
      long seed =
          POOL.getMostSignificantBits() ^ Long.rotateLeft(POOL.getLeastSignificantBits(), 1);
      for (int i = 0; i < Long.BYTES; i++) {
        crc.update((int) (seed >>> (i * Byte.SIZE)));
      }
      crc.update(input, at, BatchFrame.HEADER - 4);
      Checks.putInt(input, at + 60, (int) crc.getValue());
    }
  }

  @Override
  public long mostAllocated(int length) {
    // The window through which a file is seen is one of the thread's buffers.
    return (4L << 20) + 128L * length;
  }

  @Override
  public void check(byte[] input) throws IOException {
    try {
      if (input.length >= Layout.BLOCK) {
        boolean _ = BatchFrame.checkSegmentHeader(ByteBuffer.wrap(input), POOL, "here");
      }
      Map<Integer, BatchFrame> found =
          SegmentScan.scan(
              new MemoryFile(input), POOL, SEGMENT, Math.max(BYTES, input.length), true);
      int end = 0;
      for (BatchFrame frame : found.values()) {
        Checks.holds(frame.offset() >= end, "batches lie over each other");
        end = frame.offset() + frame.fileBytes();
        Checks.holds(frame.dataOffset() + frame.length() <= input.length, "a batch beyond the end");
      }
    } catch (DvxException e) {
      Checks.refused(e);
    }
  }

  /** A file in memory. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record MemoryFile(byte[] bytes) implements DriveFile {
    @Override
    public int read(ByteBuffer target, long position) {
      int from = (int) Math.min(position, bytes.length);
      int length = Math.min(target.remaining(), bytes.length - from);
      target.put(bytes, from, length);
      return length;
    }

    @Override
    public void write(ByteBuffer source, long position) {
      throw new AssertionError("nothing is written");
    }

    @Override
    public void force(boolean metadata) {}

    @Override
    public long size() {
      return bytes.length;
    }

    @Override
    public void close() {}
  }
}
