package org.opendvx.core.datastore;

import java.util.Map;
import java.util.Optional;
import org.opendvx.core.pool.RecordStore;

/** The roots of a pool as the register knows them. */
public final class StoredRoots {
  private StoredRoots() {}

  /**
   * The incarnation of each root, also of one that is only being opened for the first time: it is
   * in the register before anything else of it, and before it reads what the cleaner did.
   */
  public static Map<String, Long> incarnations(RecordStore records) {
    return Incarnation.all(records);
  }

  /** A root's checkpoint; empty when it has none yet. */
  public static Optional<Checkpoint> checkpoint(RecordStore records, String root) {
    return records
        .get(RootStore.key(root))
        .map(found -> new Checkpoint(RootRecord.decode(found.value())));
  }

  /** A checkpoint in the register. */
  public static final class Checkpoint {
    private final RootRecord root;

    Checkpoint(RootRecord root) {
      this.root = root;
    }

    /** Rises by at least one with each of a root. */
    public long number() {
      return root.checkpoint();
    }

    /** The last journal record that is in it. */
    public long lsn() {
      return root.lsn();
    }

    RootRecord root() {
      return root;
    }
  }
}
