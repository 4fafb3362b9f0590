package org.opendvx.server.node;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.cache.FlashCache;
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

  /** The cache on flash, null without one. */
  default @Nullable FlashCache flash() {
    return null;
  }

  /** The host among others that this store belongs to, null when it is one host's alone. */
  default @Nullable SharedHost shared() {
    return null;
  }

  /** What does not work although the store serves, for people. */
  default List<String> warnings() {
    return List.of();
  }

  /** A checkpoint, then everything is closed. */
  @Override
  void close();
}
