package org.opendvx.core.datastore;

import java.nio.ByteBuffer;
import java.util.Optional;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.RecordStore;
import org.opendvx.core.pool.RecordStore.VersionedRecord;

/**
 * Numbers that are never given twice, drawn from a record of the register in ranges: what is left
 * of a range when the process ends is lost. Thread-safe.
 */
final class IdRange {
  private static final int TRIES = 100;

  private final RecordStore records;
  private final Epoch epoch;
  private final String key;
  private final long first;
  private final long size;
  private long next;
  private long end;

  /**
   * Numbers from a record.
   *
   * @param key the record's; its value is the lowest number not drawn yet
   * @param first lowest number of all
   * @param size numbers drawn at once
   */
  IdRange(RecordStore records, Epoch epoch, String key, long first, long size) {
    this.records = records;
    this.epoch = epoch;
    this.key = key;
    this.first = first;
    this.size = size;
  }

  /**
   * A number. Draws a new range when needed, which waits for the register.
   *
   * @throws NotYet when that is needed where nothing may wait
   */
  synchronized long next() {
    if (next == end) {
      if (!Attempts.mayWait()) {
        throw new Exhausted(this);
      }
      draw();
    }
    return next++;
  }

  /** Draws a range if none is left. */
  synchronized void ensure() {
    if (next == end) {
      draw();
    }
  }

  private void draw() {
    for (int i = 0; i < TRIES; i++) {
      Optional<VersionedRecord> record = records.get(key);
      long from = record.map(r -> ByteBuffer.wrap(r.value()).getLong()).orElse(first);
      byte[] value = ByteBuffer.allocate(Long.BYTES).putLong(from + size).array();
      try {
        long _ = records.put(epoch, key, record.map(VersionedRecord::version).orElse(0L), value);
        next = from;
        end = from + size;
        return;
      } catch (DvxException e) {
        if (e.kind() != Kind.CONFLICT || i == TRIES - 1) {
          throw e;
        }
      }
    }
  }

  /** A new range must be drawn first. */
  private static final class Exhausted extends NotYet {
    private static final long serialVersionUID = 1L;

    private final transient IdRange range;

    Exhausted(IdRange range) {
      super("a range of ids must be drawn");
      this.range = range;
    }

    @Override
    void await() {
      range.ensure();
    }
  }
}
