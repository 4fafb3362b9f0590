package org.opendvx.core.pool.datanode;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.wire.Op;
import org.opendvx.core.pool.wire.WireOut;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The sessions that there are. Thread-safe. */
final class Sessions {
  private static final Logger LOG = LoggerFactory.getLogger(Sessions.class);
  private static final int MOST = 1024;

  private final Map<UUID, Session> byId = new ConcurrentHashMap<>();

  /** The session of a host's connection, new or known. */
  Session enter(UUID id, String host, String fingerprint, HostConnection connection) {
    Session session =
        byId.compute(
            id,
            (_, known) -> {
              Session now = known == null ? new Session(id, host, fingerprint) : known;
              if (!now.fingerprint().equals(fingerprint)) {
                throw DvxException.of(Kind.DENIED, "The session belongs to another host").build();
              }
              now.connections().add(connection);
              now.seen();
              return now;
            });
    if (byId.size() > MOST) {
      byId.remove(id);
      throw DvxException.of(Kind.UNAVAILABLE, "Too many sessions").detail("most", MOST).build();
    }
    return session;
  }

  /** Takes out the sessions that have no connection and were silent for so long. */
  List<Session> takeExpired(long nanos) {
    List<Session> expired = new ArrayList<>();
    for (Session session : byId.values()) {
      byId.computeIfPresent(
          session.id(),
          (_, now) -> {
            if (now.connections().isEmpty() && now.silentFor(nanos)) {
              expired.add(now);
              return null;
            }
            return now;
          });
    }
    return expired;
  }

  /** Tells every host something, over one of its connections. */
  void tellAll(Op event) {
    for (Session session : byId.values()) {
      session.connections().stream()
          .findFirst()
          .ifPresent(connection -> connection.tell(event, new WireOut()));
    }
  }

  /** Ends the connections of hosts that are not known any more. */
  void dropStrangers(Doorkeeper door) {
    for (Session session : byId.values()) {
      if (!door.hostOf(session.fingerprint()).equals(Optional.of(session.host()))) {
        LOG.info("The connections of {} are ended: it is not known any more", session);
        session.connections().forEach(HostConnection::close);
      }
    }
  }

  /**
   * All connections but one, in such an order that as many hosts as possible come first: one that
   * does not answer must not keep others from being asked. Which host is the first is random.
   */
  List<HostConnection> hostsFirst(@Nullable HostConnection but) {
    List<HostConnection> first = new ArrayList<>();
    List<HostConnection> others = new ArrayList<>();
    for (Session session : byId.values()) {
      List<HostConnection> of = new ArrayList<>(session.connections());
      boolean asks = but != null && of.remove(but);
      if (!asks && !of.isEmpty()) {
        first.add(of.removeFirst());
      }
      others.addAll(of);
    }
    Collections.shuffle(first);
    first.addAll(others);
    return first;
  }

  /** All connections. */
  List<HostConnection> connections() {
    return byId.values().stream().flatMap(session -> session.connections().stream()).toList();
  }
}
