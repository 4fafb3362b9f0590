package org.opendvx.core.pool.remote;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;

/**
 * Lengths of containers by id, in open addressing: 12 bytes each at 2/3 load, so that 100 TB of
 * containers take about 230 MB. An answer that was on its way when a container was deleted does not
 * bring that back. Thread-safe.
 */
final class ContainerLengths {
  private static final int LEAST = 1024;

  private long[] ids = new long[LEAST];
  private int[] lengths = new int[LEAST];
  private int count;

  /** Questions whose answers are on their way. */
  private int asking;

  /** What was removed since the first of them was asked. */
  private final Set<Long> gone = new HashSet<>();

  /** Of the last {@link #clear}: answers to what was asked before count for nothing. */
  private int era;

  /**
   * A question is about to be asked, about one container or about all.
   *
   * @return to be given to {@link #told}; {@link #answered} must follow
   */
  synchronized int ask() {
    asking++;
    return era;
  }

  /** What was answered. */
  synchronized void told(int asked, long id, int length) {
    if (asked == era && !gone.contains(id)) {
      put(id, length);
    }
  }

  /** There is no more to come of a question. */
  synchronized void answered() {
    asking--;
    if (asking == 0) {
      gone.clear();
    }
  }

  /** Forgets everything. */
  synchronized void clear() {
    era++;
    ids = new long[LEAST];
    lengths = new int[LEAST];
    count = 0;
  }

  /** The length, -1 when the id is not known. */
  synchronized int get(long id) {
    int at = find(id);
    return ids[at] == id ? lengths[at] : -1;
  }

  synchronized void put(long id, int length) {
    if ((count + 1) * 3L > ids.length * 2L) {
      grow();
    }
    int at = find(id);
    if (ids[at] == 0) {
      ids[at] = id;
      count++;
    }
    lengths[at] = length;
  }

  /** Forgets a container that is no more. */
  synchronized void remove(long id) {
    if (asking > 0) {
      gone.add(id);
    }
    drop(id);
  }

  private void drop(long id) {
    int hole = find(id);
    if (id == 0 || ids[hole] != id) {
      return;
    }
    int mask = ids.length - 1;
    int at = hole;
    while (true) {
      at = (at + 1) & mask;
      if (ids[at] == 0) {
        break;
      }
      int home = home(ids[at], mask);
      if (((at - home) & mask) >= ((at - hole) & mask)) {
        ids[hole] = ids[at];
        lengths[hole] = lengths[at];
        hole = at;
      }
    }
    ids[hole] = 0;
    count--;
  }

  /** Forgets all but these. */
  synchronized void retain(long[] sorted) {
    long[] known = Arrays.stream(ids).filter(id -> id != 0).toArray();
    for (long id : known) {
      if (Arrays.binarySearch(sorted, id) < 0) {
        drop(id);
      }
    }
  }

  synchronized int size() {
    return count;
  }

  private int find(long id) {
    int mask = ids.length - 1;
    int at = home(id, mask);
    while (ids[at] != 0 && ids[at] != id) {
      at = (at + 1) & mask;
    }
    return at;
  }

  private static int home(long id, int mask) {
    return (int) ((id * 0x9E3779B97F4A7C15L) >>> 32) & mask;
  }

  private void grow() {
    long[] oldIds = ids;
    int[] oldLengths = lengths;
    ids = new long[oldIds.length * 2];
    lengths = new int[ids.length];
    for (int from = 0; from < oldIds.length; from++) {
      if (oldIds[from] != 0) {
        int at = find(oldIds[from]);
        ids[at] = oldIds[from];
        lengths[at] = oldLengths[from];
      }
    }
  }
}
