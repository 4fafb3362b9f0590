package org.opendvx.core.log;

/**
 * Fingerprints of stored chunks and their addresses, in a bounded amount of memory. Exact while
 * they fit. When a part is full it becomes a sample: of its fingerprints those stay that end in one
 * more zero bit; what else is stored from then on is remembered for a while only, in {@link
 * RecentFingerprints}. Thread-safe.
 *
 * <p>Answers are hints: the caller checks that the slot still exists.
 */
final class DedupeIndex {
  private static final int PARTS = 64;
  private static final int PART_SHIFT = 58;
  private static final int RECENT_SHARE = 8;

  private final Part[] parts = new Part[PARTS];
  private final RecentFingerprints recent;

  /** An index of at most so many bytes. */
  DedupeIndex(long bytes) {
    this.recent = new RecentFingerprints(bytes / RECENT_SHARE);
    long partBytes = (bytes - bytes / RECENT_SHARE) / PARTS;
    int slots = Math.clamp(partBytes / (3 * Long.BYTES), 8, Integer.MAX_VALUE / 8);
    for (int i = 0; i < PARTS; i++) {
      parts[i] = new Part(slots);
    }
  }

  /** The address stored under a fingerprint, 0 when none is known. */
  long find(long high, long low) {
    long found = part(high).find(high, low);
    return found != 0 ? found : recent.find(high, low);
  }

  /** Remembers an address, in place of an older one. */
  void put(long high, long low, long address) {
    if (!part(high).put(high, low, address, true)) {
      recent.put(high, low, address);
    }
  }

  /**
   * Remembers the address of an older chunk unless another one is known already or there is no room
   * without giving anything up.
   *
   * @return false when there was no room
   */
  boolean putIfRoom(long high, long low, long address) {
    return part(high).putIfRoom(high, low, address);
  }

  /** Remembers for a while. */
  void putRecent(long high, long low, long address) {
    recent.put(high, low, address);
  }

  /** Forgets an address that turned out to be no good. */
  void remove(long high, long low, long address) {
    part(high).remove(high, low, address);
    recent.remove(high, low, address);
  }

  /** Whether the fingerprint belongs to a part that is a sample, and is in it. */
  boolean isSample(long high, long low) {
    return part(high).isSample(low);
  }

  /** How many fingerprints there are, those remembered for a while not counted. */
  long size() {
    long size = 0;
    for (Part part : parts) {
      size += part.size();
    }
    return size;
  }

  private Part part(long high) {
    return parts[(int) (high >>> PART_SHIFT)];
  }

  /** Open addressing with linear probing; entries of high, low, address; address 0 is free. */
  private static final class Part {
    private static final int FIRST_SLOTS = 1024;

    private final int maxSlots;
    private long[] table;
    private int slots;
    private int size;
    private int sampleBits;

    Part(int maxSlots) {
      this.maxSlots = maxSlots;
      this.slots = Math.min(FIRST_SLOTS, maxSlots);
      this.table = new long[3 * slots];
    }

    synchronized long find(long high, long low) {
      int at = locate(high, low);
      return table[at + 2];
    }

    /** False when the fingerprint is not of the sample. */
    synchronized boolean put(long high, long low, long address, boolean overwrite) {
      int at = locate(high, low);
      if (table[at + 2] != 0) {
        if (overwrite) {
          table[at + 2] = address;
        }
        return true;
      }
      while (inSample(low) && isFull()) {
        makeRoom();
        at = locate(high, low);
      }
      if (!inSample(low)) {
        return false;
      }
      enter(at, high, low, address);
      return true;
    }

    synchronized boolean putIfRoom(long high, long low, long address) {
      if (sampleBits > 0 || (isFull() && slots == maxSlots)) {
        return false;
      }
      return put(high, low, address, false);
    }

    synchronized void remove(long high, long low, long address) {
      int at = locate(high, low);
      if (table[at + 2] != address || address == 0) {
        return;
      }
      size--;
      // Move later entries of the run back, so that no search ends at the hole.
      int hole = at / 3;
      int probe = next(hole);
      while (table[3 * probe + 2] != 0) {
        int home = home(table[3 * probe]);
        boolean between =
            hole <= probe ? hole < home && home <= probe : hole < home || home <= probe;
        if (!between) {
          System.arraycopy(table, 3 * probe, table, 3 * hole, 3);
          hole = probe;
        }
        probe = next(probe);
      }
      table[3 * hole + 2] = 0;
    }

    synchronized boolean isSample(long low) {
      return sampleBits > 0 && inSample(low);
    }

    synchronized int size() {
      return size;
    }

    private boolean inSample(long low) {
      return (low & ((1L << sampleBits) - 1)) == 0;
    }

    /** Index of the entry, or of the free one where it belongs. */
    private int locate(long high, long low) {
      int slot = home(high);
      int at = 3 * slot;
      while (table[at + 2] != 0 && (table[at] != high || table[at + 1] != low)) {
        slot = next(slot);
        at = 3 * slot;
      }
      return at;
    }

    private int home(long high) {
      return (int) (((high & 0xffffffffL) * slots) >>> 32);
    }

    private int next(int slot) {
      return slot + 1 == slots ? 0 : slot + 1;
    }

    private boolean isFull() {
      return size >= slots - slots / 4;
    }

    private void enter(int at, long high, long low, long address) {
      table[at] = high;
      table[at + 1] = low;
      table[at + 2] = address;
      size++;
    }

    private void makeRoom() {
      long[] old = table;
      if (slots < maxSlots) {
        slots = (int) Math.min(2L * slots, maxSlots);
      } else {
        sampleBits++;
      }
      table = new long[3 * slots];
      size = 0;
      for (int at = 0; at < old.length; at += 3) {
        if (old[at + 2] != 0 && inSample(old[at + 1])) {
          enter(locate(old[at], old[at + 1]), old[at], old[at + 1], old[at + 2]);
        }
      }
    }
  }
}
