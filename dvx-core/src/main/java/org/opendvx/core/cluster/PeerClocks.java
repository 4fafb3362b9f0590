package org.opendvx.core.cluster;

import java.nio.BufferUnderflowException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What is known of the clocks of other hosts: enough to tell a peer, by its own clock, until when a
 * request may take effect. No clock is set by another or believed to show a time of day; they only
 * must run equally fast, but for a margin. Thread-safe.
 */
final class PeerClocks {
  /** How long a reading is used; by then clocks have drifted far less than the margin. */
  private static final Duration GOOD_FOR = Duration.ofSeconds(30);

  private final Peers peers;
  private final Membership membership;
  private final LeaseClock clock;
  private final ClusterSettings settings;
  private final Map<String, Reading> readings = new ConcurrentHashMap<>();

  /**
   * A peer's clock was read.
   *
   * @param life of the peer: in another one its clock may be another one
   * @param theirs what it showed
   * @param heard when that was heard here: it showed that then or before
   */
  private record Reading(long life, long theirs, long heard) {}

  /**
   * Until when a request may take effect.
   *
   * @param life of the peer
   * @param notAfter by the peer's clock
   * @param over by this host's clock: from then on the peer's clock shows a later time for sure
   */
  record Limit(long life, long notAfter, long over) {}

  PeerClocks(Peers peers, Membership membership, LeaseClock clock, ClusterSettings settings) {
    this.peers = peers;
    this.membership = membership;
    this.clock = clock;
    this.settings = settings;
  }

  /** This host's clock. */
  long now() {
    return clock.nanos();
  }

  /**
   * The limit of a request that is sent now. Blocks when the peer's clock must be read.
   *
   * @param wait how long its answer is awaited
   * @throws RouteException not run: the peer does not tell its clock
   */
  Limit limit(String host, Duration wait) {
    Reading reading = known(host);
    if (reading == null) {
      reading = read(host);
    }
    long over = clock.nanos() + wait.toNanos();
    long notAfter = reading.theirs() + (over - reading.heard()) - settings.margin().toNanos();
    return new Limit(reading.life(), notAfter, over);
  }

  private @Nullable Reading known(String host) {
    Reading reading = readings.get(host);
    Lease lease = membership.leases().get(host);
    boolean good =
        reading != null
            && lease != null
            && lease.livesIn(reading.life())
            && clock.nanos() - reading.heard() < GOOD_FOR.toNanos();
    return good ? reading : null;
  }

  private Reading read(String host) {
    long asked = clock.nanos();
    Reading reading;
    try {
      Wire.In in = Peers.await(peers.call(host, new PeerCall.Clock()), settings.call());
      reading = new Reading(in.getLong(), in.getLong(), clock.nanos());
    } catch (RouteException | BufferUnderflowException e) {
      throw RouteException.notRun(host + " does not tell its clock: " + e.getMessage());
    }
    // What the answer took on its way is lost to every request that is measured by it.
    if (reading.heard() - asked < settings.margin().toNanos()) {
      readings.put(host, reading);
    }
    return reading;
  }
}
