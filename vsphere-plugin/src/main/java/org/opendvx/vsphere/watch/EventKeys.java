package org.opendvx.vsphere.watch;

import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * Remembers which events have been dealt with: vCenter sends whole pages of them again and again,
 * out of order at times. Not thread-safe.
 */
final class EventKeys {
  private static final int REMEMBERED = 8192;

  private final Set<Integer> seen =
      Collections.newSetFromMap(
          new LinkedHashMap<>() {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(Map.Entry<Integer, Boolean> eldest) {
              return size() > REMEMBERED;
            }
          });

  /** No key up to here is news. */
  private int floor = -1;

  /** The highest key that a page held. */
  private int top = -1;

  private boolean started;

  /** The first page tells of the time before the watch began; none of it is news. */
  void start(Collection<Integer> page) {
    if (!started) {
      started = true;
      floor = highest(page);
    }
  }

  private static int highest(Collection<Integer> page) {
    return page.stream().mapToInt(Integer::intValue).max().orElse(-1);
  }

  /** Takes note of a page, whatever of it is news. */
  void saw(Collection<Integer> page) {
    top = Math.max(top, highest(page));
  }

  /** After a gap: a vCenter that counts anew from a lower number has forgotten its past. */
  void resume(Collection<Integer> page) {
    int highest = highest(page);
    if (highest >= 0 && highest < top) {
      floor = -1;
      top = highest;
      seen.clear();
    }
  }

  /** Whether the event is news; from now on it is not. */
  boolean isNews(int key) {
    return key > floor && seen.add(key);
  }
}
