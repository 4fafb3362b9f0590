package org.opendvx.core.pool.datanode;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.JournalStore;
import org.opendvx.core.pool.Pool;

/**
 * Who holds which journal. A hold belongs to a session and outlives its connections for the time of
 * a lease; a host that was fenced loses its hold at once. After a start, nobody takes a journal for
 * that time but who says that it held it before, or has fenced whoever did. Thread-safe.
 */
final class JournalHolds {
  private final Pool pool;
  private final long leaseNanos;
  private final long started = System.nanoTime();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Map<String, Hold> holds = new HashMap<>();

  /** Journals whose last hold is being closed: nobody can have them until that is done. */
  private final Set<String> closing = new HashSet<>();

  JournalHolds(Pool pool, long leaseNanos) {
    this.pool = pool;
    this.leaseNanos = leaseNanos;
  }

  /** One journal in somebody's hands. */
  final class Hold {
    private final Session session;
    private final long epoch;
    private final ReentrantLock turn = new ReentrantLock(true);
    private JournalStore store;
    private boolean replayed;
    private long last;
    private volatile boolean closed;

    private Hold(Session session, long epoch, JournalStore store) {
      this.session = session;
      this.epoch = epoch;
      this.store = store;
    }

    long capacityBytes() {
      return store.capacityBytes();
    }

    long usedBytes() {
      return store.usedBytes();
    }

    /** Whether it was lost; a replay that is under way ends then. */
    boolean closed() {
      return closed;
    }

    /** Replays; from the beginning again when it was done before. */
    long replay(String host, long from, JournalStore.BatchVisitor visitor) {
      turn.lock();
      try {
        requireOpen(host);
        if (replayed) {
          replayed = false;
          store.close();
          store = pool.journal(host);
        }
        last =
            store.replay(
                from,
                (first, lastOfBatch, batch) -> {
                  requireOpen(host);
                  visitor.batch(first, lastOfBatch, batch);
                });
        replayed = true;
        return last;
      } finally {
        turn.unlock();
      }
    }

    /** Where the journal ends, if it was replayed since the data node was started. */
    long end(String host, long from) {
      turn.lock();
      try {
        return replayed ? last : replay(host, from, (_, _, _) -> {});
      } finally {
        turn.unlock();
      }
    }

    /** Appends a batch, unless it is the last one already. */
    void append(Epoch by, long first, long lastOfBatch, ByteBuffer batch) {
      turn.lock();
      try {
        requireReplayed();
        // An engine of the same session that was opened before must not find its batch in ours.
        if (by.number() < epoch) {
          throw conflict(by.host(), "it was opened again at " + epoch);
        }
        if (lastOfBatch != last) {
          store.append(by, first, lastOfBatch, batch);
          last = lastOfBatch;
        }
      } finally {
        turn.unlock();
      }
    }

    void trim(Epoch by, long sequence) {
      if (!replayed) {
        requireReplayed();
      }
      store.trim(by, sequence);
    }

    private void requireReplayed() {
      if (!replayed) {
        throw DvxException.of(Kind.INVALID, "A journal is replayed before it is changed").build();
      }
    }

    private void requireOpen(String host) {
      if (closed) {
        throw conflict(host, "somebody else took it over");
      }
    }

    /** Waits for whoever uses it, so nobody calls this with the lock of all journals. */
    private void close() {
      closed = true;
      turn.lock();
      try {
        store.close();
      } finally {
        turn.unlock();
      }
    }
  }

  /**
   * Takes hold of a journal, after waiting for a holder's lease to run out.
   *
   * @param epoch what the session has fenced the host at, 0 for nothing
   * @param resumed whether the session held it before its connection broke
   * @throws DvxException CONFLICT when somebody else holds it
   */
  Hold open(Session session, String host, long epoch, boolean resumed, long limitNanos)
      throws InterruptedException {
    long left = Math.min(limitNanos, 2 * leaseNanos);
    lock.lock();
    try {
      while (true) {
        Hold hold = tryOpen(session, host, epoch, resumed);
        if (hold != null) {
          return hold;
        }
        if (left <= 0) {
          throw conflict(host, "its holder is alive");
        }
        long step = Math.min(left, TimeUnit.MILLISECONDS.toNanos(100));
        left -= step - Math.max(0, changed.awaitNanos(step));
      }
    } finally {
      lock.unlock();
    }
  }

  /** Null when it cannot be had yet. The caller holds the lock. */
  private @Nullable Hold tryOpen(Session session, String host, long epoch, boolean resumed) {
    while (!closing.contains(host)) {
      long fence = pool.fence(host, 0);
      Hold now = holds.get(host);
      if (epoch < fence && epoch > 0) {
        throw conflict(host, "it was fenced at " + fence);
      }
      // Whoever holds it can change nothing any more, be it an earlier engine of this session.
      boolean fenced = now != null && now.epoch < fence && now.epoch < epoch;
      if (now != null && now.session == session && !fenced) {
        if (!resumed) {
          throw conflict(host, "this host holds it already");
        }
        return now;
      }
      if (now != null && (fenced || now.epoch < fence || expired(now.session))) {
        closeUnlocked(host, now);
        continue;
      }
      boolean mayBegin = resumed || epoch > 0 || System.nanoTime() - started > leaseNanos;
      if (now != null || !mayBegin) {
        return null;
      }
      Hold hold = new Hold(session, epoch, pool.journal(host));
      holds.put(host, hold);
      return hold;
    }
    return null;
  }

  /**
   * Takes a hold away. The caller holds the lock, once; it is let go meanwhile, since a replay to a
   * slow host may have to end first and the other journals go on.
   */
  private void closeUnlocked(String host, Hold hold) {
    holds.remove(host);
    closing.add(host);
    lock.unlock();
    try {
      hold.close();
    } finally {
      lock.lock();
      closing.remove(host);
      changed.signalAll();
    }
  }

  /** The session's hold, null when it has none. */
  @Nullable Hold of(Session session, String host) {
    lock.lock();
    try {
      Hold hold = holds.get(host);
      return hold != null && hold.session == session ? hold : null;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Lets a journal go.
   *
   * @param epoch what was given when it was opened
   */
  void close(Session session, String host, long epoch) {
    lock.lock();
    try {
      Hold hold = holds.get(host);
      if (hold != null && hold.session == session && hold.epoch == epoch) {
        closeUnlocked(host, hold);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Lets go of all that a session holds. */
  void closeAll(Session session) {
    Map<String, Long> epochs = new HashMap<>();
    lock.lock();
    try {
      holds.forEach(
          (host, hold) -> {
            if (hold.session == session) {
              epochs.put(host, hold.epoch);
            }
          });
    } finally {
      lock.unlock();
    }
    epochs.forEach((host, epoch) -> close(session, host, epoch));
  }

  private boolean expired(Session session) {
    return session.connections().isEmpty() && session.silentFor(leaseNanos);
  }

  private static DvxException conflict(String host, String cause) {
    return DvxException.of(Kind.CONFLICT, "The journal is held by somebody else")
        .cause(cause)
        .remedy("Close it there first")
        .detail("host", host)
        .build();
  }
}
