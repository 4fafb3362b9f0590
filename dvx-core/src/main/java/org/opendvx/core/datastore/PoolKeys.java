package org.opendvx.core.datastore;

import java.util.Arrays;
import org.opendvx.core.codec.KeyEncryptionKey;
import org.opendvx.core.codec.KeyRing;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.RecordStore;
import org.opendvx.core.pool.RecordStore.VersionedRecord;

/** The wrapped key ring of a pool. */
public final class PoolKeys {
  /** Key of the record that holds it. */
  public static final String RECORD = "keyring";

  private PoolKeys() {}

  /**
   * Wraps the ring under another key, by one change of one record: at every moment one of the two
   * keys opens it, and from the return on the old one does not. No data changes.
   *
   * @throws DvxException DENIED when the present key is not the one; nothing was changed then.
   *     UNAVAILABLE when drives failed: then either of the two keys opens it
   */
  public static void rewrap(
      RecordStore records, Epoch epoch, KeyEncryptionKey present, KeyEncryptionKey next) {
    VersionedRecord stored =
        records
            .get(RECORD)
            .orElseThrow(
                () ->
                    DvxException.of(Kind.NOT_FOUND, "The pool has no key ring")
                        .remedy("Start the node once: that makes one")
                        .build());
    byte[] fresh;
    try (KeyRing ring = KeyRing.unwrap(stored.value(), present)) {
      fresh = ring.wrap(next);
    }
    // What cannot be opened again must never be stored.
    KeyRing.unwrap(fresh, next).close();
    long _ = records.put(epoch, RECORD, stored.version(), fresh);
    if (!Arrays.equals(fresh, records.get(RECORD).orElseThrow().value())) {
      throw DvxException.of(Kind.CONFLICT, "The key ring was changed by somebody else meanwhile")
          .remedy("Try again")
          .build();
    }
  }
}
