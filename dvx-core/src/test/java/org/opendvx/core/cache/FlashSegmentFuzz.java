package org.opendvx.core.cache;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.UUID;
import org.opendvx.core.cache.SegmentFormat.Summary;
import org.opendvx.core.fuzz.Checks;
import org.opendvx.core.fuzz.FuzzTarget;

/** Segments of the flash cache. */
public final class FlashSegmentFuzz implements FuzzTarget {
  private static final UUID POOL = new UUID(31, 32);
  private static final int SEGMENT = 64 << 10;

  /** Found by name. */
  public FlashSegmentFuzz() {}

  @Override
  public String name() {
    return "flash-segment";
  }

  @Override
  public List<byte[]> seeds() {
    ByteBuffer segment = ByteBuffer.allocate(8192);
    SegmentFormat.putEntry(segment, 0, 65_536, 4096, 100);
    SegmentFormat.putEntry(segment, 1, 65_537, 4300, 200);
    SegmentFormat.putPrefix(segment, 4096, 65_536, 100);
    SegmentFormat.sealHeader(segment, POOL, 3, 9, 2);
    return List.of(segment.array(), SegmentFormat.deviceHeader(POOL, SEGMENT, 8).array());
  }

  @Override
  public void repair(byte[] input) {
    if (input.length >= 64) {
      int count = ByteBuffer.wrap(input).getInt(36);
      if (count >= 0 && count < input.length / SegmentFormat.ENTRY) {
        Checks.putCrc(input, 64, 64 + count * SegmentFormat.ENTRY, 56);
      }
      Checks.putCrc(input, 0, 60, 60);
    }
  }

  @Override
  public void check(byte[] input) {
    if (input.length < SegmentFormat.DEVICE_HEADER) {
      return;
    }
    ByteBuffer bytes = ByteBuffer.wrap(input);
    boolean _ = SegmentFormat.isOurs(bytes, POOL, SEGMENT, 8);
    Summary summary = SegmentFormat.read(bytes, POOL, 3);
    if (summary == null) {
      return;
    }
    for (int i = 0; i < summary.count(); i++) {
      long address = SegmentFormat.entryAddress(bytes, i);
      int at = SegmentFormat.entryOffset(bytes, i);
      if (at >= 0 && at < input.length) {
        int available = input.length - at;
        int length = SegmentFormat.slotLength(bytes, at, available, address);
        Checks.holds(
            length < 0 || length <= available - SegmentFormat.PREFIX, "a slot beyond the segment");
      }
    }
  }
}
