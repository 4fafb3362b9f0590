package org.opendvx.core.datastore;

import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.RecordStore;
import org.opendvx.core.pool.RecordStore.VersionedRecord;

/** A host's root record in the register. Confined to one thread at a time. */
final class RootStore {
  private final RecordStore records;
  private final String key;
  private long version;

  /** What was written by a call that failed: it may be there or not. */
  private byte @Nullable [] doubtful;

  RootStore(RecordStore records, String host) {
    this.records = records;
    this.key = String.join("/", "hosts", host, "root");
  }

  /** The record, empty when the pool was never formatted. */
  Optional<RootRecord> read() {
    Optional<VersionedRecord> found = records.get(key);
    version = found.map(VersionedRecord::version).orElse(0L);
    return found.map(record -> RootRecord.decode(record.value()));
  }

  /**
   * Puts a new record in place of the one read or written last.
   *
   * @throws DvxException CONFLICT when somebody else wrote one
   */
  void swing(Epoch epoch, RootRecord root) {
    byte[] bytes = root.encode();
    resolveDoubt();
    try {
      version = records.put(epoch, key, version, bytes);
    } catch (DvxException e) {
      doubtful = bytes;
      throw e;
    }
  }

  /** Finds out what became of a write whose outcome was unknown. */
  private void resolveDoubt() {
    byte[] written = doubtful;
    if (written == null) {
      return;
    }
    VersionedRecord found = records.get(key).orElse(null);
    long there = found == null ? 0 : found.version();
    if (there == version + 1 && found != null && Arrays.equals(found.value(), written)) {
      version = there;
    } else if (there != version) {
      throw DvxException.of(Kind.CONFLICT, "Somebody else wrote this host's root record")
          .cause("Another process serves the same host")
          .remedy("Stop the other process; this one must be started again")
          .detail("record", key)
          .build();
    }
    doubtful = null;
  }
}
