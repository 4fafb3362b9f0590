package org.opendvx.core.log;

import java.util.Arrays;

/**
 * Container ids to ids, open addressing on primitive numbers. Immutable once it is shared: {@link
 * #with} gives a changed copy. Ids are positive; 0 is what is not there.
 */
final class PlaceMap {
  static final PlaceMap EMPTY = new PlaceMap(new long[16], 0);
  private static final long SPREAD = 0x9e3779b97f4a7c15L;

  /** Keys at even, values at odd indexes. */
  private final long[] table;

  private final int size;

  private PlaceMap(long[] table, int size) {
    this.table = table;
    this.size = size;
  }

  /** The value of a key, 0 when it has none. */
  long get(long key) {
    return size == 0 ? 0 : table[locate(table, key) + 1];
  }

  int size() {
    return size;
  }

  /** Visits all entries, in no order. */
  void forEach(Visitor visitor) {
    for (int at = 0; at < table.length; at += 2) {
      if (table[at + 1] != 0) {
        visitor.entry(table[at], table[at + 1]);
      }
    }
  }

  /** A copy with other values; value 0 removes a key. */
  PlaceMap with(long[] keys, long[] values) {
    int slots = Integer.highestOneBit(Math.max(8, size + keys.length)) * 4;
    long[] next = new long[2 * slots];
    int count = 0;
    for (int i = 0; i < keys.length; i++) {
      int at = locate(next, keys[i]);
      // Noted even when it is to be removed, so that the old value is not taken over below.
      next[at] = keys[i];
      next[at + 1] = values[i] == 0 ? -1 : values[i];
    }
    for (int at = 0; at < table.length; at += 2) {
      if (table[at + 1] != 0) {
        int to = locate(next, table[at]);
        if (next[to + 1] == 0) {
          next[to] = table[at];
          next[to + 1] = table[at + 1];
        }
      }
    }
    long[] kept = new long[next.length];
    for (int at = 0; at < next.length; at += 2) {
      if (next[at + 1] > 0) {
        int to = locate(kept, next[at]);
        kept[to] = next[at];
        kept[to + 1] = next[at + 1];
        count++;
      }
    }
    return count == 0 ? EMPTY : new PlaceMap(kept, count);
  }

  private static int locate(long[] table, long key) {
    int mask = table.length / 2 - 1;
    int slot = (int) ((key * SPREAD) >>> 33) & mask;
    while (table[2 * slot + 1] != 0 && table[2 * slot] != key) {
      slot = (slot + 1) & mask;
    }
    return 2 * slot;
  }

  @Override
  public String toString() {
    return "PlaceMap" + Arrays.toString(table);
  }

  /** Receives entries. */
  @FunctionalInterface
  interface Visitor {
    void entry(long key, long value);
  }
}
