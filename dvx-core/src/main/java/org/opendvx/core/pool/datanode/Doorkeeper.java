package org.opendvx.core.pool.datanode;

import java.util.Optional;

/** Knows which hosts may use the data node. Thread-safe. */
public interface Doorkeeper {
  /** The name under which a host has joined, by its certificate's SHA-256; empty for a stranger. */
  Optional<String> hostOf(String fingerprint);

  /**
   * Lets a host in that shows a token that was given out once.
   *
   * @throws org.opendvx.core.error.DvxException DENIED when the token is not good, or not any more
   */
  void join(String fingerprint, String host, String token);

  /** Knows a host no more; false when it was not known. */
  boolean remove(String host);
}
