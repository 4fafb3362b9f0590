package org.opendvx.core.pool;

import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.RecordStore.VersionedRecord;

/**
 * A record that nobody else may change: each write takes the place of the one read or written last,
 * or is refused. Confined to one thread at a time.
 */
public final class CheckedRecord {
  private final RecordStore records;
  private final String key;
  private final String intruder;
  private long version;

  /** What was written by a call that failed: it may be there or not. */
  private byte @Nullable [] doubtful;

  /**
   * A record that was neither read nor written yet.
   *
   * @param intruder what somebody else who writes it does, for the message: a whole sentence
   */
  public CheckedRecord(RecordStore records, String key, String intruder) {
    this.records = records;
    this.key = key;
    this.intruder = intruder;
  }

  /** The bytes, empty when there is no such record. */
  public Optional<byte[]> read() {
    Optional<VersionedRecord> found = records.get(key);
    version = found.map(VersionedRecord::version).orElse(0L);
    doubtful = null;
    return found.map(VersionedRecord::value);
  }

  /**
   * Puts new bytes in place of those read or written last; durable on return. After a failure the
   * next call finds out what became of it.
   *
   * @throws DvxException CONFLICT when somebody else wrote some
   */
  public void write(Epoch epoch, byte[] bytes) {
    resolveDoubt();
    boolean done = false;
    try {
      version = records.put(epoch, key, version, bytes);
      done = true;
    } finally {
      if (!done) {
        doubtful = bytes;
      }
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
      throw DvxException.of(
              Kind.CONFLICT, "Somebody else wrote a record that is this process's own")
          .cause(intruder)
          .remedy("Stop the other process; this one must be started again")
          .detail("record", key)
          .build();
    }
    doubtful = null;
  }
}
