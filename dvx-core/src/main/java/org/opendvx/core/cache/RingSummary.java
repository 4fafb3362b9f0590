package org.opendvx.core.cache;

import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * What one device holds, in parts for a quarter of its segments each. When the ring comes round to
 * a quarter, a new part is begun for it, and the old one is given up when the quarter has been
 * written anew. Thread-safe.
 */
final class RingSummary {
  static final int QUARTERS = 4;

  /** Bytes of flash for which a group is counted on: 64 slots of 2 KiB. */
  private static final int BYTES_PER_GROUP = 128 << 10;

  /** Ids differ between processes as well. */
  private static final AtomicLong IDS = new AtomicLong(new SecureRandom().nextLong());

  private final int segments;
  private final int words;
  private final SummaryPart[] parts = new SummaryPart[QUARTERS];
  private @Nullable SummaryPart leaving;

  RingSummary(int segments, int segmentBytes) {
    this.segments = segments;
    this.words = SummaryPart.wordsFor((long) segments * segmentBytes / BYTES_PER_GROUP / QUARTERS);
    for (int i = 0; i < QUARTERS; i++) {
      parts[i] = fresh();
    }
  }

  /** Of a device that holds nothing. */
  static RingSummary nothing() {
    return new RingSummary(QUARTERS, 0);
  }

  private SummaryPart fresh() {
    return new SummaryPart(IDS.incrementAndGet(), words);
  }

  private int quarter(int local) {
    return (int) ((long) local * QUARTERS / segments);
  }

  /** A slot is in a segment. */
  void add(long address, int local) {
    SummaryPart part;
    synchronized (this) {
      part = parts[quarter(local)];
    }
    part.add(SummaryPart.group(address));
  }

  /** What was in a segment is given up. */
  synchronized void begin(int local) {
    int quarter = quarter(local);
    if (local == 0 || quarter(local - 1) != quarter) {
      leaving = parts[quarter].additions() == 0 ? null : parts[quarter];
      parts[quarter] = fresh();
    }
  }

  synchronized List<SummaryPart> parts() {
    List<SummaryPart> all = new ArrayList<>(List.of(parts));
    if (leaving != null) {
      all.add(leaving);
    }
    return all;
  }
}
