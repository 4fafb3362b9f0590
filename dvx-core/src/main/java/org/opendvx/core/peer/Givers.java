package org.opendvx.core.peer;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Hosts that files came from a short time ago. Such a host is asked for chunks that no summary
 * names: it had them last, and has said nothing of what it wrote since its last summary. One that
 * mostly does not have them is not asked any more. Thread-safe.
 */
final class Givers {
  /** As long as summaries may lag behind, and reads of what came go on. */
  private static final Duration RECENT = Duration.ofSeconds(60);

  private static final int LEAST_ASKED = 256;
  private static final int LEAST_HITS_OF_TEN = 1;

  private final Map<String, Giver> givers = new ConcurrentHashMap<>();

  /** Guarded by itself. */
  private static final class Giver {
    private final long since = System.nanoTime();
    private long asked;
    private long had;

    synchronized boolean worthIt() {
      return System.nanoTime() - since < RECENT.toNanos()
          && (asked < LEAST_ASKED || had * 10 >= asked * LEAST_HITS_OF_TEN);
    }

    synchronized void answered(int chunks, int there) {
      asked += chunks;
      had += there;
    }
  }

  /** A file came from a host. */
  void note(String host) {
    givers.put(host, new Giver());
  }

  /** Whether to ask a host for what it has not said that it holds. */
  boolean mayHold(String host) {
    Giver giver = givers.get(host);
    return giver != null && giver.worthIt();
  }

  /** What came of asking. */
  void answered(String host, int chunks, int there) {
    Giver giver = givers.get(host);
    if (giver != null) {
      giver.answered(chunks, there);
    }
  }
}
