package org.opendvx.server.demo.load;

import java.util.Arrays;
import java.util.List;

/** When each write was sent and acknowledged, on the nanosecond clock. One thread records. */
public final class WriteTimes {
  private long[] sent = new long[1 << 14];
  private long[] acknowledged = new long[1 << 14];
  private int count;

  /**
   * A stretch of time on the nanosecond clock.
   *
   * @param from its first instant
   * @param until its last instant
   */
  public record Window(long from, long until) {
    private boolean touches(long begin, long end) {
      return begin - until <= 0 && end - from >= 0;
    }
  }

  /**
   * The longest writes in nanoseconds.
   *
   * @param inside of those that were open in one of the windows, 0 when there is none
   * @param outside of all others, 0 when there is none
   */
  public record Longest(long inside, long outside) {
    /** The longer ones of both. */
    public Longest and(Longest other) {
      return new Longest(Math.max(inside, other.inside), Math.max(outside, other.outside));
    }
  }

  /** Notes a write. */
  public synchronized void add(long sentAt, long acknowledgedAt) {
    if (count == sent.length) {
      sent = Arrays.copyOf(sent, 2 * count);
      acknowledged = Arrays.copyOf(acknowledged, 2 * count);
    }
    sent[count] = sentAt;
    acknowledged[count] = acknowledgedAt;
    count++;
  }

  /** How many there are. */
  public synchronized int count() {
    return count;
  }

  /** The longest writes inside and outside of the windows, among those sent before an instant. */
  public synchronized Longest longest(List<Window> windows, long before) {
    long inside = 0;
    long outside = 0;
    for (int i = 0; i < count && sent[i] - before < 0; i++) {
      long nanos = acknowledged[i] - sent[i];
      if (touchesAny(windows, sent[i], acknowledged[i])) {
        inside = Math.max(inside, nanos);
      } else {
        outside = Math.max(outside, nanos);
      }
    }
    return new Longest(inside, outside);
  }

  private static boolean touchesAny(List<Window> windows, long begin, long end) {
    for (Window window : windows) {
      if (window.touches(begin, end)) {
        return true;
      }
    }
    return false;
  }
}
