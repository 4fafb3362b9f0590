package org.opendvx.core.pool.datanode;

import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/** One life of a host's pool client, over all its connections. Thread-safe. */
final class Session {
  private final UUID id;
  private final String host;
  private final String fingerprint;
  private final Set<HostConnection> connections = ConcurrentHashMap.newKeySet();
  private volatile long lastSeen = System.nanoTime();

  Session(UUID id, String host, String fingerprint) {
    this.id = id;
    this.host = host;
    this.fingerprint = fingerprint;
  }

  UUID id() {
    return id;
  }

  String host() {
    return host;
  }

  String fingerprint() {
    return fingerprint;
  }

  Set<HostConnection> connections() {
    return connections;
  }

  /** Something came from it. */
  void seen() {
    lastSeen = System.nanoTime();
  }

  /** Whether it has been silent for longer than that. */
  boolean silentFor(long nanos) {
    return System.nanoTime() - lastSeen > nanos;
  }

  @Override
  public String toString() {
    return host + " (" + id + ")";
  }
}
