package org.opendvx.core.pool.local;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.UUID;
import java.util.function.Supplier;

/**
 * Which batches a sealed segment holds, found out with few reads. Each that counts was durable on
 * all mirrors before a later one was written, so the headers of one copy tell what all of them
 * have; of the others only the ends are looked at: whether the file is there, is this segment, and
 * goes as far. Where anything is amiss the headers of all copies are read. What has rotted between
 * the ends is found when it is read, or by the {@link CopyCheck}.
 *
 * @param mirrors those on drives in use
 * @param one waits for the headers of one copy
 */
record SealedScan(
    Segment segment,
    UUID pool,
    String host,
    int segmentBytes,
    Map<Drive, JournalManifest.Mirror> mirrors,
    Supplier<SegmentScan> one) {
  /** Starts to read; the copy is another one for the next segment. */
  static SealedScan start(
      Segment segment, UUID pool, String host, int segmentBytes, PoolView view) {
    Map<Drive, JournalManifest.Mirror> mirrors = segment.mirrorsOn(view);
    Map<Drive, JournalManifest.Mirror> one = new LinkedHashMap<>();
    mirrors.entrySet().stream()
        .skip(segment.number() % Math.max(1, mirrors.size()))
        .limit(1)
        .forEach(mirror -> one.put(mirror.getKey(), mirror.getValue()));
    return new SealedScan(
        segment,
        pool,
        host,
        segmentBytes,
        mirrors,
        SegmentScan.startHeaders(segment, one, pool, host, segmentBytes));
  }

  /**
   * Waits for what it holds up to a sequence.
   *
   * @param cut where the next segment goes on from
   */
  SegmentScan upTo(long cut) {
    SegmentScan found = one.get().upTo(cut);
    NavigableMap<Integer, BatchFrame> frames = found.frames();
    if (found.isWhole(cut) && allHaveEnds(frames)) {
      List<SegmentScan.Copy> copies =
          mirrors.entrySet().stream()
              .map(mirror -> new SegmentScan.Copy(mirror.getValue(), mirror.getKey(), true, frames))
              .toList();
      return new SegmentScan(segment, copies, frames);
    }
    return SegmentScan.startHeaders(segment, mirrors, pool, host, segmentBytes).get().upTo(cut);
  }

  private boolean allHaveEnds(NavigableMap<Integer, BatchFrame> frames) {
    List<BatchFrame> ends = List.of(frames.firstEntry().getValue(), frames.lastEntry().getValue());
    return DriveGroup.run(mirrors.keySet(), DriveIo.Lane.READ, (drive, _) -> has(drive, ends))
        .stream()
        .allMatch(outcome -> Boolean.TRUE.equals(outcome.value()));
  }

  /** Whether a copy has headers. On a thread of the drive. */
  private boolean has(Drive drive, List<BatchFrame> ends) throws IOException {
    try (DriveFile file = SegmentScan.open(drive, mirrors, host)) {
      for (BatchFrame end : ends) {
        ByteBuffer header = ByteBuffer.allocate(BatchFrame.HEADER);
        if (file.read(header, end.offset()) < BatchFrame.HEADER
            || !end.equals(BatchFrame.decode(header, 0, end.offset(), pool, segment.number()))) {
          return false;
        }
      }
      return true;
    }
  }
}
