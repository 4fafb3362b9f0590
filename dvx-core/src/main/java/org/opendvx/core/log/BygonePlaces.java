package org.opendvx.core.log;

import java.util.Arrays;
import java.util.Collection;
import java.util.TreeSet;
import java.util.stream.LongStream;

/**
 * Places that were condemned and are so no more, the newest of them: they were deleted, and what
 * may still be remembered of them is not to be believed. Bounded. Confined to one thread at a time.
 */
final class BygonePlaces {
  /** Half a MiB of numbers. What a thread asked for that many deletions ago has long arrived. */
  static final int MOST = 1 << 16;

  private long[] places = new long[0];

  /** Adds those of some that are not among others. */
  LongStream add(Collection<Long> before, Collection<Long> now) {
    TreeSet<Long> gone = new TreeSet<>(before);
    gone.removeAll(now);
    if (!gone.isEmpty()) {
      long[] more =
          LongStream.concat(Arrays.stream(places), gone.stream().mapToLong(Long::longValue))
              .toArray();
      places = Arrays.copyOfRange(more, Math.max(0, more.length - MOST), more.length);
    }
    return gone.stream().mapToLong(Long::longValue);
  }

  /** These and others, ascending. */
  long[] with(Collection<Long> others) {
    long[] all = Arrays.copyOf(places, places.length + others.size());
    int at = places.length;
    for (long other : others) {
      all[at++] = other;
    }
    Arrays.sort(all);
    return all;
  }
}
