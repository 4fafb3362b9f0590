package org.opendvx.core.prefetch;

import java.util.Arrays;

/**
 * Addresses of hot chunks by heat, each once, the hottest first. When there are too many the
 * coldest are left out. Confined to one thread.
 */
final class HotSet {
  /** Heats of 0 (nobody knows) to 4. */
  static final int HEATS = 5;

  private static final int FIRST = 1024;

  private final int most;
  private final long[][] byHeat = new long[HEATS][];
  private final int[] sizes = new int[HEATS];
  private int total;
  private int coldest;
  private boolean dropped;

  HotSet(int most) {
    this.most = most;
    Arrays.setAll(byHeat, _ -> new long[0]);
  }

  void add(long address, int heat) {
    int of = Math.clamp(heat, 0, HEATS - 1);
    if (of < coldest) {
      return;
    }
    if (total >= most && !makeRoom(of)) {
      dropped = true;
      return;
    }
    if (sizes[of] == byHeat[of].length) {
      byHeat[of] = Arrays.copyOf(byHeat[of], (int) Math.min(most, Math.max(FIRST, sizes[of] * 2L)));
    }
    byHeat[of][sizes[of]++] = address;
    total++;
  }

  /** Merges repeated addresses, else gives up the coldest; false when that is this heat itself. */
  private boolean makeRoom(int heat) {
    for (int of = 0; of < HEATS; of++) {
      merge(of);
    }
    while (total >= most && coldest < heat) {
      dropped = true;
      total -= sizes[coldest];
      byHeat[coldest] = new long[0];
      sizes[coldest++] = 0;
    }
    return total < most;
  }

  private void merge(int of) {
    long[] list = byHeat[of];
    Arrays.sort(list, 0, sizes[of]);
    int unique = 0;
    for (int i = 0; i < sizes[of]; i++) {
      if (unique == 0 || list[unique - 1] != list[i]) {
        list[unique++] = list[i];
      }
    }
    total -= sizes[of] - unique;
    sizes[of] = unique;
  }

  /** Whether some were left out. */
  boolean dropped() {
    return dropped;
  }

  int size() {
    return total;
  }

  /** Addresses of a heat, ascending, each once. */
  long[] of(int heat) {
    merge(heat);
    return Arrays.copyOf(byHeat[heat], sizes[heat]);
  }
}
