package org.opendvx.core.log;

import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.RecordStore;
import org.opendvx.core.pool.RecordStore.VersionedRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Container ids that are never given twice, whatever crashes: drawn in ranges from the register
 * record {@value #KEY}, which all hosts of a pool share. What is left of a range when the process
 * ends is lost on purpose. Thread-safe.
 */
public final class ContainerIds implements LongSupplier {
  /** The record: 8 bytes, big-endian, the lowest id that was never drawn. */
  public static final String KEY = "ids/containers";

  private static final Logger LOG = LoggerFactory.getLogger(ContainerIds.class);
  private static final int RANGE = 4096;
  private static final int ATTEMPTS = 100;

  /** One bit less than an address has room for, so that addresses compare as signed numbers. */
  private static final long MAX_ID = (1L << 47) - 1;

  private final RecordStore records;
  private final Epoch epoch;

  // Guarded by the monitor; the second range is there before the first one ends.
  private long next;
  private long end;
  private long reserveStart;
  private boolean drawing;

  /** Draws a fresh range; durable before the first id is given. */
  public ContainerIds(RecordStore records, Epoch epoch) {
    this.records = records;
    this.epoch = epoch;
    this.next = draw();
    this.end = next + RANGE;
  }

  /**
   * The next id. Does not touch the pool as a rule.
   *
   * @throws DvxException when the range is used up and the pool gives no other
   */
  @Override
  public synchronized long getAsLong() {
    if (next == end) {
      next = reserveStart != 0 ? reserveStart : draw();
      end = next + RANGE;
      reserveStart = 0;
    }
    if (end - next <= RANGE / 2 && reserveStart == 0 && !drawing) {
      drawing = true;
      Thread.ofVirtual().name("container-ids").start(this::drawReserve);
    }
    return next++;
  }

  /**
   * Drops what is left of the ranges: the next ids are higher than all that were drawn for any host
   * before the call. Blocks.
   */
  public synchronized void drawAnew() {
    next = draw();
    end = next + RANGE;
    reserveStart = 0;
  }

  private void drawReserve() {
    long start = 0;
    try {
      start = draw();
    } catch (DvxException e) {
      LOG.warn("No range of container ids could be drawn ahead: {}", e.getMessage());
    }
    synchronized (this) {
      // A range that came too late, after a higher one was begun, is dropped: ids ascend.
      reserveStart = start > next ? start : 0;
      drawing = false;
    }
  }

  private long draw() {
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      Optional<VersionedRecord> found = records.get(KEY);
      long start = found.map(ContainerIds::decode).orElse(1L);
      if (start < 1 || start > MAX_ID - RANGE) {
        throw DvxException.of(Kind.CORRUPT, "The record of container ids makes no sense")
            .detail("record", KEY)
            .detail("value", start)
            .build();
      }
      byte[] value = ByteBuffer.allocate(Long.BYTES).putLong(start + RANGE).array();
      try {
        records.put(epoch, KEY, found.map(VersionedRecord::version).orElse(0L), value);
        return start;
      } catch (DvxException e) {
        if (e.kind() != Kind.CONFLICT || attempt == ATTEMPTS - 1) {
          throw e;
        }
      }
    }
    throw new IllegalStateException("the last attempt returns or throws");
  }

  private static long decode(VersionedRecord found) {
    return found.value().length == Long.BYTES ? ByteBuffer.wrap(found.value()).getLong() : -1;
  }
}
