package org.opendvx.core.cluster;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.opendvx.core.cluster.Lease.Status;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.Pool;
import org.opendvx.core.pool.RecordStore.VersionedRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This host's lease, and a watch over those of the others. {@link #held} may be asked by any
 * thread; the rest is confined: {@link #join} and {@link #renew} to one thread, {@link #watch} to
 * one.
 *
 * <p>A lease counts from before its renewal was sent. Whoever sees a record unchanged for a lease
 * and a margin, counted from after it was read, knows that the lease is over; and once the record
 * says DEAD, which needs its version unchanged, no renewal can succeed any more.
 */
final class Membership {
  private static final Logger LOG = LoggerFactory.getLogger(Membership.class);
  private static final long PAUSE_NANOS = 20_000_000;

  private final Pool pool;
  private final String host;
  private final String endpoint;
  private final LeaseClock clock;
  private final ClusterSettings settings;

  private volatile long life;
  private volatile long validUntil = Long.MIN_VALUE;
  private volatile boolean lost = true;
  private volatile boolean wasDeclaredDead;
  private long version;

  /**
   * A lease of another host.
   *
   * @param since when it was first read as it is, without a long gap between reads after that
   * @param read when it was last read
   */
  private record Seen(Lease lease, long since, long read) {}

  private final Map<String, Seen> seen = new HashMap<>();
  private volatile Map<String, Lease> leases = Map.of();

  Membership(Pool pool, String host, String endpoint, LeaseClock clock, ClusterSettings settings) {
    this.pool = pool;
    this.host = host;
    this.endpoint = endpoint;
    this.clock = clock;
    this.settings = settings;
  }

  String host() {
    return host;
  }

  long life() {
    return life;
  }

  /** Under which this life changes the register. */
  Epoch epoch() {
    return Lease.epoch(host, life);
  }

  /** Whether this host may answer now. */
  boolean held() {
    return remaining() > 0;
  }

  /** Nanoseconds for which it may answer yet; not above 0 when it may not. */
  long remaining() {
    return lost ? 0 : validUntil - clock.nanos();
  }

  /** Whether this life is over: another host declared it dead. */
  boolean lost() {
    return lost;
  }

  /** Whether the life before this one was declared dead. */
  boolean wasDeclaredDead() {
    return wasDeclaredDead;
  }

  /** The leases as of the last watch, this host's too. */
  Map<String, Lease> leases() {
    return leases;
  }

  /** Whether another host holds its lease as of the last watch. */
  boolean holds(String other) {
    Lease lease = leases.get(other);
    return lease != null && lease.status() == Status.HELD;
  }

  /** Starts a new life; waits until the one before is over. Blocks. */
  void join() throws InterruptedException {
    long since = clock.nanos();
    long at = -1;
    while (true) {
      Optional<VersionedRecord> found = pool.records().get(Lease.key(host));
      long known = found.map(VersionedRecord::version).orElse(0L);
      if (known != at) {
        at = known;
        since = clock.nanos();
      }
      Lease before =
          found.map(r -> Lease.decode(Lease.key(host), r.version(), r.value())).orElse(null);
      if (before == null || before.status() != Status.HELD || clock.nanos() - since > waitNanos()) {
        long next = before == null ? 1 : before.life() + 1;
        if (begin(next, at)) {
          wasDeclaredDead = before != null && before.status() == Status.DEAD;
          return;
        }
      }
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      LockSupport.parkNanos(PAUSE_NANOS);
    }
  }

  private boolean begin(long next, long expected) {
    // An earlier life may still have calls under way.
    if (next > 1) {
      long _ = pool.fence(Lease.epoch(host, next).host(), next);
    }
    long sent = clock.nanos();
    try {
      version =
          pool.records()
              .put(
                  Lease.epoch(host, next),
                  Lease.key(host),
                  expected,
                  new Lease(host, next, Status.HELD, endpoint, 0).encode());
    } catch (DvxException e) {
      if (e.kind() == Kind.CONFLICT) {
        return false;
      }
      throw e;
    }
    life = next;
    validUntil = sent + settings.lease().toNanos();
    lost = false;
    return true;
  }

  private long waitNanos() {
    return settings.lease().plus(settings.margin()).toNanos();
  }

  /** Renews the lease. When that fails it may succeed the next time, unless {@link #lost}. */
  void renew() {
    if (lost) {
      return;
    }
    long sent = clock.nanos();
    try {
      version = pool.records().put(epoch(), Lease.key(host), version, mine(Status.HELD));
      validUntil = sent + settings.lease().toNanos();
    } catch (DvxException e) {
      LOG.warn("The lease of {} could not be renewed: {}", host, e.getMessage());
      find();
    }
  }

  private byte[] mine(Status status) {
    return new Lease(host, life, status, endpoint, 0).encode();
  }

  /** Finds out what became of a renewal that failed. */
  private void find() {
    try {
      Optional<VersionedRecord> found = pool.records().get(Lease.key(host));
      Lease lease =
          found.map(r -> Lease.decode(Lease.key(host), r.version(), r.value())).orElse(null);
      if (lease != null && lease.livesIn(life)) {
        version = lease.version();
      } else {
        lost = true;
      }
    } catch (DvxException e) {
      LOG.debug("The lease of {} could not be read: {}", host, e.getMessage());
    }
  }

  /** Gives the lease back, when nothing is served any more. */
  void release() {
    if (!lost) {
      lost = true;
      version = pool.records().put(epoch(), Lease.key(host), version, mine(Status.RELEASED));
    }
  }

  /** The process ends: it answers nothing any more. */
  void abandon() {
    lost = true;
  }

  /** Looks at all leases, and declares those hosts dead that have not renewed theirs. Blocks. */
  Map<String, Lease> watch() {
    Map<String, Lease> now = new HashMap<>();
    for (String key : pool.records().keys(Lease.prefix())) {
      pool.records()
          .get(key)
          .map(r -> Lease.decode(key, r.version(), r.value()))
          .ifPresent(lease -> now.put(lease.host(), judged(lease)));
    }
    leases = Map.copyOf(now);
    return leases;
  }

  private Lease judged(Lease lease) {
    long read = clock.nanos();
    Seen before = seen.get(lease.host());
    // While the register does not answer nobody can renew: that time proves nothing.
    boolean gap = before != null && read - before.read() > settings.lease().toNanos() / 2;
    if (before == null || gap || before.lease().version() != lease.version()) {
      seen.put(lease.host(), new Seen(lease, read, read));
      return lease;
    }
    seen.put(lease.host(), new Seen(lease, before.since(), read));
    if (lease.status() != Status.HELD
        || lease.host().equals(host)
        || read - before.since() <= waitNanos()
        || !held()) {
      return lease;
    }
    Lease dead = lease.with(Status.DEAD);
    try {
      long _ = pool.records().put(epoch(), Lease.key(lease.host()), lease.version(), dead.encode());
      LOG.warn("Host {} has not renewed its lease: it is dead", lease.host());
      return dead;
    } catch (DvxException e) {
      if (e.kind() == Kind.CONFLICT) {
        return lease;
      }
      throw e;
    }
  }
}
