package org.opendvx.core.log;

import java.util.Arrays;
import java.util.Map;

/**
 * Container ids to ids, open addressing on primitive numbers. Immutable. Ids are positive; 0 is
 * what is not there.
 */
final class PlaceMap {
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

  /** A map of these entries. */
  static PlaceMap of(Map<Long, Long> entries) {
    int slots = Integer.highestOneBit(Math.max(8, entries.size())) * 4;
    long[] table = new long[2 * slots];
    entries.forEach(
        (key, value) -> {
          int at = locate(table, key);
          table[at] = key;
          table[at + 1] = value;
        });
    return new PlaceMap(table, entries.size());
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
