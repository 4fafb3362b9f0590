package org.opendvx.core.pool.local;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Which batches of a segment are intact on which of its copies. All copies have the same layout, so
 * what is damaged on one is taken from another.
 *
 * @param segment the segment
 * @param copies those on drives in use, also unreadable ones
 * @param frames every batch that is intact on at least one copy, by offset
 */
record SegmentScan(Segment segment, List<Copy> copies, NavigableMap<Integer, BatchFrame> frames) {
  /** Bytes read at once. */
  private static final int WINDOW = 1 << 20;

  /** The same where only headers are read; batches that fit are verified all the same. */
  private static final int HEADER_WINDOW = 16 << 10;

  private static final int LIMITS = 20;

  /**
   * One copy.
   *
   * @param readable whether it could be read at all
   * @param intact its intact batches, by offset
   */
  record Copy(
      JournalManifest.Mirror mirror,
      Drive drive,
      boolean readable,
      Map<Integer, BatchFrame> intact) {
    /** Whether it has a batch. */
    boolean has(BatchFrame frame) {
      return frame.equals(intact.get(frame.offset()));
    }
  }

  /** A way to read a segment. */
  @FunctionalInterface
  interface Reader {
    /** Reads the copies on the drives of a view. */
    SegmentScan read(Segment segment, UUID pool, String host, int segmentBytes, PoolView view);
  }

  /** Reads all copies at once, every byte. */
  static SegmentScan of(Segment segment, UUID pool, String host, int segmentBytes, PoolView view) {
    return start(
            segment, segment.mirrorsOn(view), pool, host, segmentBytes, DriveIo.Lane.READ, true)
        .get();
  }

  /** As {@link #of}, when nobody waits for it. */
  static SegmentScan ofInBackground(
      Segment segment, UUID pool, String host, int segmentBytes, PoolView view) {
    return start(
            segment,
            segment.mirrorsOn(view),
            pool,
            host,
            segmentBytes,
            DriveIo.Lane.BACKGROUND,
            true)
        .get();
  }

  /**
   * Starts to read the headers of copies at once, and small batches.
   *
   * @return waits for the result
   */
  static Supplier<SegmentScan> startHeaders(
      Segment segment,
      Map<Drive, JournalManifest.Mirror> mirrors,
      UUID pool,
      String host,
      int segmentBytes) {
    return start(segment, mirrors, pool, host, segmentBytes, DriveIo.Lane.READ, false);
  }

  private static Supplier<SegmentScan> start(
      Segment segment,
      Map<Drive, JournalManifest.Mirror> mirrors,
      UUID pool,
      String host,
      int segmentBytes,
      DriveIo.Lane lane,
      boolean whole) {
    DriveGroup.Started<Map<Integer, BatchFrame>> started =
        DriveGroup.start(
            mirrors.keySet(),
            lane,
            LIMITS,
            (drive, _) -> {
              try (DriveFile file = open(drive, mirrors, host)) {
                return scan(file, pool, segment.number(), segmentBytes, whole);
              }
            });
    return () -> of(segment, mirrors, started.await());
  }

  private static SegmentScan of(
      Segment segment,
      Map<Drive, JournalManifest.Mirror> mirrors,
      List<DriveGroup.Outcome<Map<Integer, BatchFrame>>> outcomes) {
    List<Copy> copies = new ArrayList<>();
    NavigableMap<Integer, BatchFrame> frames = new TreeMap<>();
    for (DriveGroup.Outcome<Map<Integer, BatchFrame>> outcome : outcomes) {
      Map<Integer, BatchFrame> intact = outcome.value();
      copies.add(
          new Copy(
              Objects.requireNonNull(mirrors.get(outcome.drive())),
              outcome.drive(),
              intact != null,
              intact != null ? intact : Map.of()));
      if (intact != null) {
        frames.putAll(intact);
      }
    }
    return new SegmentScan(segment, copies, frames);
  }

  /** Opens a drive's copy of a segment. On a thread of the drive. */
  static DriveFile open(Drive drive, Map<Drive, JournalManifest.Mirror> mirrors, String host)
      throws IOException {
    int slot = Objects.requireNonNull(mirrors.get(drive)).slot();
    return drive.folder().open(Layout.journalSlot(host, slot), false);
  }

  /** Whether a drive's copy of a segment goes as far as the segment does. */
  static boolean endsAt(
      Drive drive,
      JournalManifest.Mirror mirror,
      Segment segment,
      UUID pool,
      String host,
      int segmentBytes) {
    String path = Layout.journalSlot(host, mirror.slot());
    try {
      long first = segment.firstPreceding();
      long last =
          drive
              .io()
              .call(
                  DriveIo.Lane.READ,
                  _ -> {
                    long end = first;
                    for (BatchFrame frame :
                        scan(drive.folder(), path, pool, segment.number(), segmentBytes, true)
                            .values()) {
                      end = Math.max(end, frame.last());
                    }
                    return end;
                  });
      return last >= segment.lastSequence();
    } catch (IOException _) {
      return false;
    }
  }

  /** Whether any copy could be read: each of them holds all that was acknowledged. */
  boolean readable() {
    return copies.stream().anyMatch(Copy::readable);
  }

  /** Leaves out batches behind a sequence: those that were written again in a later segment. */
  SegmentScan upTo(long lastSequence) {
    NavigableMap<Integer, BatchFrame> kept = new TreeMap<>(frames);
    kept.values().removeIf(frame -> frame.last() > lastSequence);
    return new SegmentScan(segment, copies, kept);
  }

  /** The first batch that does not continue the one before it, null when all do. */
  @Nullable BatchFrame gap() {
    BatchFrame before = null;
    for (BatchFrame frame : frames.values()) {
      if (before != null && frame.preceding() != before.last()) {
        return frame;
      }
      before = frame;
    }
    return null;
  }

  /** Whether it has every batch up to a sequence. */
  boolean isWhole(long lastSequence) {
    return !frames.isEmpty()
        && frames.firstKey() == BatchFrame.FIRST_OFFSET
        && gap() == null
        && frames.lastEntry().getValue().last() == lastSequence;
  }

  /** The file offset behind the last batch. */
  int end() {
    Map.Entry<Integer, BatchFrame> last = frames.lastEntry();
    return last == null ? BatchFrame.FIRST_OFFSET : last.getKey() + last.getValue().fileBytes();
  }

  /** Batches that a copy lacks. */
  List<BatchFrame> lackingOn(Copy copy) {
    List<BatchFrame> lacking = new ArrayList<>();
    for (BatchFrame frame : frames.values()) {
      if (!copy.has(frame)) {
        lacking.add(frame);
      }
    }
    return lacking;
  }

  /** Reads the file of a frame, with its header, from the first copy that gives it intact. */
  ByteBuffer read(BatchFrame frame, UUID pool, String host) throws IOException {
    IOException failure = new IOException("no intact copy is left");
    for (Copy copy : copies) {
      if (!copy.has(frame)) {
        continue;
      }
      try {
        return copy.drive()
            .io()
            .call(
                DriveIo.Lane.READ,
                _ ->
                    readFrame(
                        copy.drive().folder(),
                        Layout.journalSlot(host, copy.mirror().slot()),
                        frame,
                        pool));
      } catch (IOException e) {
        failure.addSuppressed(e);
      }
    }
    throw failure;
  }

  private ByteBuffer readFrame(DriveFolder folder, String path, BatchFrame frame, UUID pool)
      throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(frame.fileBytes());
    try (DriveFile file = folder.open(path, false)) {
      file.read(bytes, frame.offset());
    }
    bytes.clear();
    CRC32C crc = new CRC32C();
    crc.update(bytes.array(), BatchFrame.HEADER, frame.length());
    if ((int) crc.getValue() != frame.crc()
        || !frame.equals(BatchFrame.decode(bytes, 0, frame.offset(), pool, segment.number()))) {
      throw new IOException("a batch is damaged");
    }
    return bytes;
  }

  /**
   * Finds the intact batches in a file, also behind damaged ones. On a thread of the drive.
   *
   * @param whole whether large batches are verified too
   */
  private static Map<Integer, BatchFrame> scan(
      DriveFolder folder, String path, UUID pool, long segment, int segmentBytes, boolean whole)
      throws IOException {
    try (DriveFile file = folder.open(path, false)) {
      return scan(file, pool, segment, segmentBytes, whole);
    }
  }

  /** The same of an open file. */
  static Map<Integer, BatchFrame> scan(
      DriveFile file, UUID pool, long segment, int segmentBytes, boolean whole) throws IOException {
    Map<Integer, BatchFrame> intact = new TreeMap<>();
    int seen = whole ? WINDOW : HEADER_WINDOW;
    Window window = new Window(file, Buffers.ofThread(seen).slice(0, seen));
    int at = BatchFrame.FIRST_OFFSET;
    while (at + BatchFrame.HEADER <= segmentBytes) {
      ByteBuffer bytes = window.at(at, BatchFrame.HEADER);
      BatchFrame frame =
          bytes == null ? null : BatchFrame.decode(bytes, bytes.position(), at, pool, segment);
      if (frame != null
          && (long) at + frame.fileBytes() <= segmentBytes
          && ((!whole && frame.fileBytes() > HEADER_WINDOW)
              || window.intact(frame.dataOffset(), frame.length(), frame.crc()))) {
        intact.put(at, frame);
        at += frame.fileBytes();
      } else {
        at += Layout.BLOCK;
      }
    }
    return intact;
  }

  /** A file seen through a buffer that moves along. */
  private static final class Window {
    private final DriveFile file;
    private final ByteBuffer buffer;
    private final CRC32C crc = new CRC32C();
    private long start;

    Window(DriveFile file, ByteBuffer buffer) {
      this.file = file;
      this.buffer = buffer;
      buffer.limit(0);
    }

    /** The buffer, positioned at a place of the file; null when the file ends before. */
    @Nullable ByteBuffer at(long place, int bytes) throws IOException {
      if (place < start || place + bytes > start + buffer.limit()) {
        start = place - place % Layout.BLOCK;
        buffer.clear();
        file.read(buffer, start);
        buffer.flip();
      }
      if (place + bytes > start + buffer.limit()) {
        return null;
      }
      return buffer.position((int) (place - start));
    }

    /** Whether a range is there and has a checksum. */
    boolean intact(long from, int length, int expected) throws IOException {
      crc.reset();
      long place = from;
      long end = from + length;
      while (place < end) {
        ByteBuffer bytes = at(place, 1);
        if (bytes == null) {
          return false;
        }
        int take = (int) Math.min(end - place, bytes.remaining());
        crc.update(bytes.slice(bytes.position(), take));
        place += take;
      }
      return (int) crc.getValue() == expected;
    }
  }
}
