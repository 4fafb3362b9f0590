package org.opendvx.core.datastore;

import java.util.Optional;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.pool.CheckedRecord;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.RecordStore;

/** A host's root record in the register. Confined to one thread at a time. */
final class RootStore {
  private final CheckedRecord record;

  RootStore(RecordStore records, String host) {
    this.record = new CheckedRecord(records, key(host), "Another process serves the same host");
  }

  static String key(String host) {
    return String.join("/", "hosts", host, "root");
  }

  /** The record, empty when the pool was never formatted. */
  Optional<RootRecord> read() {
    return record.read().map(RootRecord::decode);
  }

  /**
   * Puts a new record in place of the one read or written last.
   *
   * @throws DvxException CONFLICT when somebody else wrote one
   */
  void swing(Epoch epoch, RootRecord root) {
    record.write(epoch, root.encode());
  }
}
