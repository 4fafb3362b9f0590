package org.opendvx.core.cluster;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Operations under way to each peer, or from each, and their bytes: so many and no more, so that a
 * peer that is slow or greedy does not take the memory. Thread-safe.
 */
final class CallWindow {
  /** The most operations of one peer. */
  static final int MOST = 512;

  /** The most bytes that they carry or ask for. */
  static final long MOST_BYTES = 64L << 20;

  private record Load(int calls, long bytes) {
    static final Load NONE = new Load(0, 0);

    boolean takes(long more) {
      return calls < MOST && (calls == 0 || bytes + more <= MOST_BYTES);
    }
  }

  private final Map<String, Load> loads = new ConcurrentHashMap<>();

  /** Lets an operation in; {@link #leave} then follows. False when there are too many already. */
  boolean enter(String peer, long bytes) {
    boolean[] entered = new boolean[1];
    Load _ =
        loads.compute(
            peer,
            (_, known) -> {
              Load now = known == null ? Load.NONE : known;
              entered[0] = now.takes(bytes);
              return entered[0] ? new Load(now.calls() + 1, now.bytes() + bytes) : now;
            });
    return entered[0];
  }

  /** An operation that was let in is over. */
  void leave(String peer, long bytes) {
    Load _ =
        loads.computeIfPresent(
            peer,
            (_, now) -> now.calls() == 1 ? null : new Load(now.calls() - 1, now.bytes() - bytes));
  }
}
