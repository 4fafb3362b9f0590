package org.opendvx.core.log;

import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * A small set-associative memory of fingerprints, where new ones displace old ones: what the
 * sampled index cannot hold, as long as it is near in time. Parts take memory when first used.
 * Thread-safe.
 */
final class RecentFingerprints {
  private static final int PARTS = 64;
  private static final int PART_SHIFT = 58;
  private static final int WAYS = 4;
  private static final int ENTRY = 3;

  private final int setsPerPart;
  private final AtomicReferenceArray<@Nullable Part> parts = new AtomicReferenceArray<>(PARTS);

  RecentFingerprints(long bytes) {
    long sets = bytes / PARTS / (WAYS * ENTRY * Long.BYTES + 1);
    this.setsPerPart = Math.clamp(sets, 1, Integer.MAX_VALUE / (WAYS * ENTRY) - 1);
  }

  long find(long high, long low) {
    Part part = parts.get((int) (high >>> PART_SHIFT));
    return part == null ? 0 : part.find(high, low);
  }

  void put(long high, long low, long address) {
    int index = (int) (high >>> PART_SHIFT);
    Part part = parts.get(index);
    if (part == null) {
      Part fresh = new Part(setsPerPart);
      Part other = parts.compareAndExchange(index, null, fresh);
      part = other == null ? fresh : other;
    }
    part.put(high, low, address);
  }

  void remove(long high, long low, long address) {
    Part part = parts.get((int) (high >>> PART_SHIFT));
    if (part != null) {
      part.remove(high, low, address);
    }
  }

  private static final class Part {
    private final int sets;
    private final long[] entries;
    private final byte[] nextWay;

    Part(int sets) {
      this.sets = sets;
      this.entries = new long[sets * WAYS * ENTRY];
      this.nextWay = new byte[sets];
    }

    synchronized long find(long high, long low) {
      int at = locate(high, low);
      return at < 0 ? 0 : entries[at + 2];
    }

    synchronized void put(long high, long low, long address) {
      int at = locate(high, low);
      if (at < 0) {
        int set = set(high);
        at = (set * WAYS + nextWay[set]) * ENTRY;
        nextWay[set] = (byte) ((nextWay[set] + 1) % WAYS);
      }
      entries[at] = high;
      entries[at + 1] = low;
      entries[at + 2] = address;
    }

    synchronized void remove(long high, long low, long address) {
      int at = locate(high, low);
      if (at >= 0 && entries[at + 2] == address) {
        entries[at + 2] = 0;
      }
    }

    private int set(long high) {
      return (int) (((high & 0xffffffffL) * sets) >>> 32);
    }

    private int locate(long high, long low) {
      int start = set(high) * WAYS * ENTRY;
      for (int at = start; at < start + WAYS * ENTRY; at += ENTRY) {
        if (entries[at] == high && entries[at + 1] == low && entries[at + 2] != 0) {
          return at;
        }
      }
      return -1;
    }
  }
}
