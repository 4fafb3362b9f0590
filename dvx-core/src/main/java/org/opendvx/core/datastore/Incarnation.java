package org.opendvx.core.datastore;

import java.nio.ByteBuffer;
import java.util.Optional;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.Pool;
import org.opendvx.core.pool.RecordStore.VersionedRecord;

/** The number of a host's life: one higher at every open, durable before it is used. */
final class Incarnation {
  private Incarnation() {}

  /** Starts a new life of a host and fences its earlier ones. */
  static Epoch next(Pool pool, String host) {
    String key = "hosts/" + host + "/incarnation";
    Optional<VersionedRecord> found = pool.records().get(key);
    long number = found.map(record -> ByteBuffer.wrap(record.value()).getLong()).orElse(0L) + 1;
    if (number < 1 || number > Integer.MAX_VALUE) {
      throw DvxException.of(Kind.CORRUPT, "The record of this host's starts makes no sense")
          .detail("record", key)
          .detail("value", number)
          .build();
    }
    Epoch epoch = new Epoch(host, number);
    byte[] value = ByteBuffer.allocate(Long.BYTES).putLong(number).array();
    long version = found.map(VersionedRecord::version).orElse(0L);
    long _ = pool.records().put(epoch, key, version, value);
    long inForce = pool.fence(host, number);
    if (inForce > number) {
      throw DvxException.of(Kind.CONFLICT, "This host was fenced while it started")
          .cause("Another host has taken its files over")
          .remedy("Start it again")
          .detail("epoch", number)
          .detail("fenced at", inForce)
          .build();
    }
    return epoch;
  }
}
