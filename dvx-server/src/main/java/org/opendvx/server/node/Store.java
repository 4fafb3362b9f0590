package org.opendvx.server.node;

import java.util.Optional;
import org.opendvx.core.clean.CleanerStatus;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.pool.Pool;

/** An open store: a pool and the datastore on it. */
public interface Store extends AutoCloseable {
  /** The pool. */
  Pool pool();

  /** The datastore. */
  Datastore datastore();

  /** What the cleaner did; empty without one. */
  default Optional<CleanerStatus> cleaning() {
    return Optional.empty();
  }

  /** 16 secret bytes for authenticating file handles, the same for the pool's whole life. */
  byte[] handleKey();

  /** A checkpoint, then everything is closed. */
  @Override
  void close();
}
