package org.opendvx.core.peer;

import java.util.Map;

/** The hosts that live. Thread-safe. */
@FunctionalInterface
public interface PeerDirectory {
  /** Endpoint by name of every host that holds its lease, besides this one; from memory. */
  Map<String, String> endpoints();
}
