package org.opendvx.core.pool;

import java.nio.ByteBuffer;

/**
 * The mirrored write-ahead log of one host: batches of opaque bytes, durable on three drives (or as
 * many as there are) when {@link #append} returns.
 *
 * <p>Sequences order the batches; they rise strictly but need not be adjacent. One thread appends
 * at a time; trim may run beside it.
 */
public interface JournalStore extends AutoCloseable {

  /** Largest batch in bytes: 8 MiB. */
  int MAX_BATCH = 8 << 20;

  /**
   * Appends a batch and returns when it is durable on every mirror.
   *
   * <p>When this fails the batch may or may not be found by a later replay; the same batch (same
   * sequence, same bytes) may be appended again once the pool is available.
   *
   * @param firstSequence sequence of the first record in the batch, above that of every earlier one
   * @param lastSequence sequence of its last record
   * @param batch bytes between position and limit, at most {@link #MAX_BATCH}; consumed
   * @throws org.opendvx.core.error.DvxException NO_SPACE when the preallocated room is used up
   *     (trim makes room), UNAVAILABLE when too few drives are left, CONFLICT when fenced
   */
  void append(Epoch epoch, long firstSequence, long lastSequence, ByteBuffer batch);

  /**
   * Visits, in order, every durable batch that holds a sequence of at least {@code fromSequence}. A
   * torn batch at the very end is left out and will be overwritten. Called once, before the first
   * append.
   *
   * @return the sequence of the last record replayed, or {@code fromSequence - 1} when there is
   *     none
   * @throws org.opendvx.core.error.DvxException CORRUPT when a batch inside the log is missing on
   *     all believed mirrors; nothing has been changed then
   */
  long replay(long fromSequence, BatchVisitor visitor);

  /** Gives up every batch whose last sequence is below {@code sequence}. */
  void trim(Epoch epoch, long sequence);

  /** Bytes that live batches may occupy in all, preallocated. */
  long capacityBytes();

  /** Bytes of that room in use, counted in whole segments. */
  long usedBytes();

  @Override
  void close();

  /** Receives replayed batches. */
  @FunctionalInterface
  interface BatchVisitor {
    /**
     * One batch.
     *
     * @param batch the bytes appended, valid during the call only
     */
    void batch(long firstSequence, long lastSequence, ByteBuffer batch);
  }
}
