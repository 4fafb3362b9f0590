package org.opendvx.core.cache;

/**
 * Where slots are on flash: one long each, in buckets of eight, of a fixed size. A full bucket
 * loses an entry that was not read, so memory is bounded and an entry may be gone; it may also be
 * wrong (a short tag stands for the address), which the address stored with the slot tells.
 * Thread-safe.
 *
 * <p>Entry: tag (16 bits, not 0), reads (2 bits), segment (23 bits), offset in 64 bytes (16 bits),
 * length in 64 bytes (7 bits).
 */
final class FlashIndex {
  static final int UNIT = 64;
  static final int MOST_SEGMENTS = 1 << 23;
  static final int MOST_LENGTH = 127 * UNIT;
  static final int MOST_SEGMENT_BYTES = (1 << 16) * UNIT;

  /** Entry of what is not there. */
  static final long NONE = 0;

  private static final int WAYS = 8;
  private static final int STRIPES = 64;
  private static final int READS_SHIFT = 46;
  private static final long READS = 3L << READS_SHIFT;

  private final long[] entries;
  private final int buckets;
  private final Object[] stripes = new Object[STRIPES];

  /** An empty index of at most so many bytes. */
  FlashIndex(long bytes) {
    this.buckets = Math.clamp(bytes / Long.BYTES / WAYS, STRIPES, (Integer.MAX_VALUE - 16) / WAYS);
    this.entries = new long[buckets * WAYS];
    for (int i = 0; i < STRIPES; i++) {
      stripes[i] = new Object();
    }
  }

  long bytes() {
    return (long) entries.length * Long.BYTES;
  }

  static int segment(long entry) {
    return (int) (entry >>> 23) & (MOST_SEGMENTS - 1);
  }

  static int offset(long entry) {
    return ((int) (entry >>> 7) & 0xffff) * UNIT;
  }

  static int length(long entry) {
    return ((int) entry & 0x7f) * UNIT;
  }

  /** Reads since it was written or moved, at most 3. */
  static int reads(long entry) {
    return (int) ((entry & READS) >>> READS_SHIFT);
  }

  private static long pack(int segment, int offset, int length) {
    return (long) segment << 23 | (long) (offset / UNIT) << 7 | (length + UNIT - 1) / UNIT;
  }

  /** The entry of an address, {@link #NONE} when there is none. */
  long find(long address) {
    long hash = hash(address);
    int bucket = bucket(hash);
    long tag = tag(hash);
    synchronized (stripe(bucket)) {
      int at = slot(bucket, tag);
      return at < 0 ? NONE : entries[at];
    }
  }

  /** Counts a read. */
  void read(long address) {
    long hash = hash(address);
    int bucket = bucket(hash);
    synchronized (stripe(bucket)) {
      int at = slot(bucket, tag(hash));
      if (at >= 0 && (entries[at] & READS) != READS) {
        entries[at] += 1L << READS_SHIFT;
      }
    }
  }

  /** Enters a place, instead of any that was known. */
  void put(long address, int segment, int offset, int length) {
    long hash = hash(address);
    int bucket = bucket(hash);
    long tag = tag(hash);
    synchronized (stripe(bucket)) {
      int at = slot(bucket, tag);
      entries[at >= 0 ? at : victim(bucket)] = tag | pack(segment, offset, length);
    }
  }

  /** Removes an address if it is where it is thought to be. */
  void remove(long address, long entry) {
    long hash = hash(address);
    int bucket = bucket(hash);
    synchronized (stripe(bucket)) {
      int at = slot(bucket, tag(hash));
      if (at >= 0 && place(entries[at]) == place(entry)) {
        entries[at] = NONE;
      }
    }
  }

  /**
   * Removes an address if it is in a segment at an offset.
   *
   * @return the entry that it had, {@link #NONE} when it is elsewhere or not known
   */
  long take(long address, int segment, int offset) {
    long hash = hash(address);
    int bucket = bucket(hash);
    synchronized (stripe(bucket)) {
      int at = slot(bucket, tag(hash));
      if (at < 0 || segment(entries[at]) != segment || offset(entries[at]) != offset) {
        return NONE;
      }
      long entry = entries[at];
      entries[at] = NONE;
      return entry;
    }
  }

  /** Counts entries; for tests and reports, slow. */
  long count() {
    long count = 0;
    for (long entry : entries) {
      count += entry == NONE ? 0 : 1;
    }
    return count;
  }

  private static long place(long entry) {
    return entry & ~READS;
  }

  private int slot(int bucket, long tag) {
    int from = bucket * WAYS;
    for (int at = from; at < from + WAYS; at++) {
      if ((entries[at] & 0xffff_0000_0000_0000L) == tag && entries[at] != NONE) {
        return at;
      }
    }
    return -1;
  }

  /** An empty place, else the one read least; the others are counted down. */
  private int victim(int bucket) {
    int from = bucket * WAYS;
    int least = from;
    for (int at = from; at < from + WAYS; at++) {
      if (entries[at] == NONE) {
        return at;
      }
      if (reads(entries[at]) < reads(entries[least])) {
        least = at;
      }
    }
    for (int at = from; at < from + WAYS; at++) {
      if (at != least && reads(entries[at]) > 0) {
        entries[at] -= 1L << READS_SHIFT;
      }
    }
    return least;
  }

  private static long hash(long address) {
    long h = address * 0x9E3779B97F4A7C15L;
    h = (h ^ (h >>> 32)) * 0xD6E8FEB86659FD93L;
    return h ^ (h >>> 32);
  }

  private int bucket(long hash) {
    return (int) (((hash & 0xffff_ffffL) * buckets) >>> 32);
  }

  private static long tag(long hash) {
    long tag = hash >>> 48;
    return (tag == 0 ? 1 : tag) << 48;
  }

  private Object stripe(int bucket) {
    return stripes[bucket & (STRIPES - 1)];
  }
}
