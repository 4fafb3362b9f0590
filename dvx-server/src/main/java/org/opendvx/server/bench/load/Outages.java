package org.opendvx.server.bench.load;

import java.io.IOException;
import java.time.Duration;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/** Measures how long the server was away. Not thread-safe. */
public final class Outages {
  private long since;
  private boolean away;
  private int count;
  private long longestNanos;
  private String why = "";

  /** A connection was lost, or could not be made. */
  void lost(long now, IOException cause) {
    if (!away) {
      away = true;
      since = now;
      count++;
    }
    why = cause.getMessage() == null ? cause.toString() : cause.getMessage();
  }

  /** The server answered on a connection that was made at {@code connectedAt}. */
  public void answered(long now, long connectedAt) {
    // What older connections still bring was sent before the server went away.
    if (away && connectedAt - since > 0) {
      away = false;
      longestNanos = Math.max(longestNanos, now - since);
    }
  }

  /** Throws when the server has been away for longer than {@code limit}. */
  public void checkLimit(long now, Duration limit) {
    if (away && now - since > limit.toNanos()) {
      throw DvxException.of(Kind.TIMEOUT, "The server did not come back")
          .cause("It has not answered for " + limit.toSeconds() + " s: " + why)
          .remedy("Start it again; --outage-limit sets how long to wait")
          .build();
    }
  }

  /** How many times the server went away. */
  public int count() {
    return count;
  }

  /** The longest time from a lost connection to the next answer, in nanoseconds. */
  public long longestNanos() {
    return longestNanos;
  }
}
