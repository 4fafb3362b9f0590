package org.opendvx.core.cluster;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * Requests of one operation that were sent and of which nobody knows whether they were carried out,
 * or will be. Their operation must not end before it is too late for them: its client may go on
 * with another one, which they would undo. Confined to one thread.
 */
final class Unsettled {
  private static final long LOOK_NANOS = 20_000_000;

  /**
   * One.
   *
   * @param over by this host's clock: from then on it takes no effect any more
   */
  private record Sent(String root, String host, long life, long over) {}

  private final List<Sent> all = new ArrayList<>(1);
  private final Roots roots;
  private final PeerClocks clocks;

  Unsettled(Roots roots, PeerClocks clocks) {
    this.roots = roots;
    this.clocks = clocks;
  }

  void add(String root, String host, long life, long over) {
    all.add(new Sent(root, host, life, over));
  }

  /** Whether one of them went to another root than this. */
  boolean elsewhere(String root) {
    return all.stream().anyMatch(sent -> !sent.root().equals(root));
  }

  /** Nothing of them matters any more. */
  void forget() {
    all.clear();
  }

  /** Returns when none of them can take effect any more. Blocks. */
  void await() {
    for (Sent sent : all) {
      while (clocks.now() < sent.over() && open(sent)) {
        // Not ended by an interrupt: that would let the client go on too early.
        boolean interrupted = Thread.interrupted();
        LockSupport.parkNanos(Math.min(LOOK_NANOS, Math.max(1, sent.over() - clocks.now())));
        if (interrupted) {
          Thread.currentThread().interrupt();
        }
      }
    }
  }

  /**
   * Whether the root is still where the request went. If it is not, its former server's lease is
   * over or its engine is closed, and who serves it now did not begin before what that one had put
   * into the journal was complete.
   */
  private boolean open(Sent sent) {
    return roots.servedBy(sent.root(), sent.host(), sent.life());
  }
}
