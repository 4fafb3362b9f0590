package org.opendvx.core.log;

import java.nio.ByteBuffer;

/**
 * Where chunks of files live: fingerprinted, deduplicated, compressed, sealed, put in slots of the
 * open container, read back by address.
 *
 * <p>Thread-safe; a {@link WriteBatch} is confined to one thread.
 *
 * <p><b>Order.</b> A batch's new chunks become known to the dedupe index only in {@link
 * WriteBatch#committed}, after the journal has given their record its place: otherwise another
 * write could refer to a chunk whose record follows its own. A container is put in the pool only
 * when the journal records of all its chunks are durable.
 */
public interface ChunkLog {

  /** Bytes of a chunk: 4 KiB. */
  int CHUNK = 4096;

  /** Starts the chunks of one write. Must end with committed or abandoned. */
  WriteBatch begin();

  /**
   * Copies a chunk out if it can be had without touching a drive.
   *
   * @param target receives 4,096 bytes at {@code targetOffset}
   * @return false when the chunk is not in memory
   */
  boolean readCached(long address, int offset, int length, ByteBuffer target, int targetOffset);

  /**
   * Reads whole chunks, from memory or the pool; blocks. Neighbouring slots are read together.
   *
   * @param addresses non-zero chunk addresses between {@code from} and {@code to}
   * @param sink gets each chunk once, in any order, on the calling thread
   * @throws org.opendvx.core.error.DvxException CORRUPT when a chunk cannot be read or rebuilt
   */
  void read(long[] addresses, int from, int to, ChunkSink sink);

  /** Receives chunks. */
  @FunctionalInterface
  interface ChunkSink {
    /**
     * One chunk.
     *
     * @param index its index in the array of addresses, {@code from} to {@code to - 1}
     * @param chunk its 4,096 bytes; shared with the cache, must not be changed
     */
    void chunk(int index, byte[] chunk);
  }

  /** The chunks of one write. */
  interface WriteBatch {
    /**
     * Takes a chunk. All-zero chunks should not come here: they are holes.
     *
     * @param bytes holds 4,096 bytes from {@code offset}; may be reused after the call
     * @return its address, new or found by dedupe
     * @throws org.opendvx.core.error.DvxException UNAVAILABLE when too many containers wait to be
     *     put (the caller should wait for {@link ChunkLog#awaitRoom}) or the pool failed
     */
    long add(byte[] bytes, int offset);

    /** Bytes that {@link #encode} will write. */
    int encodedLength();

    /** Writes the new chunks (address, fingerprint, sealed slot) for the journal. */
    void encode(ByteBuffer record);

    /**
     * The journal took the record. To be called before the lock is released under which it was
     * appended and which keeps checkpoints out: {@link ChunkLog#trimFloor} knows only what was
     * committed.
     *
     * @param lsn its sequence
     */
    void committed(long lsn);

    /** The write did not happen; its slots stay as dead ones. */
    void abandoned();
  }

  /** Whether a write may start without waiting for containers to be put. */
  boolean hasRoom();

  /**
   * Whether the pool refuses containers at present, so that waiting for room would be in vain until
   * it is well again.
   */
  boolean refused();

  /**
   * Blocks until there is room.
   *
   * @return false when the limit passed first
   * @throws org.opendvx.core.error.DvxException what the pool says while it refuses containers
   */
  boolean awaitRoom(long limitNanos) throws InterruptedException;

  /**
   * Takes back chunks from a journal record during recovery, in journal order.
   *
   * @param record positioned at what {@link WriteBatch#encode} wrote; consumed
   */
  void replay(long lsn, ByteBuffer record);

  /** Ends recovery: what was rebuilt is closed and goes its way to the pool. */
  void recovered();

  /**
   * The lowest sequence that the journal must keep because a container that holds its chunks is not
   * in the pool yet; {@code Long.MAX_VALUE} when there is none.
   */
  long trimFloor();

  /** Closes open containers whose first record is below a sequence, so that the floor can rise. */
  void closeOlderThan(long lsn);

  /** Tells that everything up to a sequence is durable in the journal. */
  void durable(long lsn);

  /** Counters for reports and metrics. */
  LogStatistics statistics();
}
