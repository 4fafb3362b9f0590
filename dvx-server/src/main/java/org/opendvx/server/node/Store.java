package org.opendvx.server.node;

import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.cache.FlashCache;
import org.opendvx.core.clean.CleanerStatus;
import org.opendvx.core.clean.ResealStatus;
import org.opendvx.core.clean.RoundReport;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.Reclaim;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.Pool;
import org.opendvx.core.pool.local.DriveCare;

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

  /**
   * Gives back all space that is worth it, on the caller's thread.
   *
   * @param told of each round
   * @throws DvxException UNSUPPORTED without a cleaner
   */
  default void clean(Consumer<RoundReport> told) {
    throw DvxException.of(Kind.UNSUPPORTED, "This node has no cleaner")
        .cause("Its pool is that of a data node, which several hosts may use")
        .remedy("Nothing: no data is at risk, but space does not come back")
        .build();
  }

  /** How far sealing anew has come; empty where the data key cannot be changed. */
  default Optional<ResealStatus> sealing() {
    return Optional.empty();
  }

  /**
   * Makes a new data key; the cleaner seals everything anew under it.
   *
   * @return its id
   * @throws DvxException UNSUPPORTED where the data key cannot be changed
   */
  default int renewDataKey() {
    throw DvxException.of(Kind.UNSUPPORTED, "This node cannot change the data key")
        .cause("It is alone over a data node's pool, where it has no cleaner")
        .remedy("Nothing was changed; dvx host, over the same kind of pool, can")
        .build();
  }

  /** The care of the drives; null where they are not those of this machine. */
  default @Nullable DriveCare care() {
    return null;
  }

  /** For walking everything that is stored; null where other hosts refer to it too. */
  default @Nullable Reclaim reclaim() {
    return null;
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
