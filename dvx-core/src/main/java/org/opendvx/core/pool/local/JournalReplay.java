package org.opendvx.core.pool.local;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.UUID;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/**
 * Finds out what a journal holds, without changing anything. Segments are looked through from the
 * newest to the oldest that is needed; each batch names the one before it, so that a gap cannot go
 * unnoticed. All of the newest one is read, of the others the headers of one copy: a batch is
 * written when the one before it is durable on all mirrors.
 */
final class JournalReplay {
  /**
   * Segments whose headers are read at once: the reads are small, and each waits for its drive. On
   * three drives no more than two of them are on the same, so that a thread for reads is left to
   * clients where the journal is that of a host that died. Nobody waits for one that turns out not
   * to be needed.
   */
  private static final int AT_ONCE = 4;

  private final UUID pool;
  private final String host;
  private final int segmentBytes;
  private final PoolView view;
  private final Deque<SegmentScan> needed = new ArrayDeque<>();

  JournalReplay(UUID pool, String host, int segmentBytes, PoolView view) {
    this.pool = pool;
    this.host = host;
    this.segmentBytes = segmentBytes;
    this.view = view;
  }

  /**
   * Looks through the segments and notes in each where it ends.
   *
   * @param segments in order
   * @return those with batches that matter from a sequence on, in order
   */
  Deque<SegmentScan> find(List<Segment> segments, long fromSequence) {
    // The sequence before the first batch of the segments seen so far.
    long cut = Long.MAX_VALUE;
    Deque<Segment> older = new ArrayDeque<>(segments.reversed());
    Deque<SealedScan> ahead = new ArrayDeque<>();
    for (Segment segment : segments.reversed()) {
      if (cut < fromSequence) {
        segment.begin(cut);
        continue;
      }
      if (cut == Long.MAX_VALUE) {
        older.remove();
      } else {
        startHeaders(older, ahead);
      }
      // Only at the very end may there be a batch that not all mirrors hold, or not whole.
      SegmentScan scan =
          cut == Long.MAX_VALUE
              ? SegmentScan.of(segment, pool, host, segmentBytes, view)
              : ahead.remove().upTo(cut);
      if (!scan.readable()) {
        throw unreachable(segment);
      }
      segment.checked(cut == Long.MAX_VALUE);
      BatchFrame gap = scan.gap();
      if (gap != null) {
        throw corrupt("The batch before sequence " + gap.first() + " is missing", segment);
      }
      if (scan.frames().isEmpty()) {
        segment.begin(cut == Long.MAX_VALUE ? fromSequence - 1 : cut);
        continue;
      }
      long last = scan.frames().lastEntry().getValue().last();
      if (cut != Long.MAX_VALUE && last != cut) {
        throw corrupt("Batches between " + last + " and " + cut + " are missing", segment);
      }
      segment.setLastSequence(last);
      needed.addFirst(scan);
      cut = scan.frames().firstEntry().getValue().preceding();
    }
    if (!needed.isEmpty() && cut >= fromSequence) {
      throw corrupt(
          "Batches from " + fromSequence + " to " + cut + " are missing",
          needed.getFirst().segment());
    }
    return needed;
  }

  private void startHeaders(Deque<Segment> older, Deque<SealedScan> ahead) {
    while (ahead.size() < AT_ONCE && !older.isEmpty()) {
      ahead.add(SealedScan.start(older.remove(), pool, host, segmentBytes, view));
    }
  }

  private DvxException unreachable(Segment segment) {
    return DvxException.of(Kind.UNAVAILABLE, "Part of the journal is on drives that are missing")
        .cause("No drive that is believed has a copy of segment " + segment.number())
        .remedy("Bring the missing drives back")
        .detail("host", host)
        .detail("drives", segment.mirrors().stream().map(JournalManifest.Mirror::drive).toList())
        .detail("not usable", view.reasons())
        .build();
  }

  private DvxException corrupt(String cause, Segment segment) {
    return DvxException.of(Kind.CORRUPT, "The journal has a gap on all of its mirrors")
        .cause(cause)
        .remedy("Bring missing drives back, or restore from another site; nothing was changed")
        .detail("host", host)
        .detail("segment", segment.number())
        .detail("drives", segment.mirrors().stream().map(JournalManifest.Mirror::drive).toList())
        .build();
  }
}
