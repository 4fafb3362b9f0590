package org.opendvx.core.journal;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * Records on their way to the store. Places in it are given out under the journal's lock; they are
 * filled outside of it, so that large records do not hold each other up. Everything without a note
 * is guarded by the journal's lock.
 */
final class Batch {
  private final byte[] bytes;
  private final long firstLsn;
  private long lastLsn;
  private int position = JournalFormat.BATCH_HEADER;
  private List<DurableCallback> waiters = new ArrayList<>();

  /** Places given out and not filled yet; any thread. */
  private final AtomicInteger unfilled = new AtomicInteger();

  /** The thread that waits for them, if one does. */
  private volatile boolean awaited;

  Batch(byte[] bytes, long firstLsn) {
    this.bytes = bytes;
    this.firstLsn = firstLsn;
    this.lastLsn = firstLsn - 1;
  }

  boolean fits(int frameLength) {
    return bytes.length - position >= frameLength;
  }

  /** Gives out the place of the next record. */
  int reserve(int frameLength) {
    int at = position;
    position += frameLength;
    lastLsn++;
    unfilled.incrementAndGet();
    return at;
  }

  /** The filler of a place is done. Called without the lock. */
  void filled(Thread writer) {
    if (unfilled.decrementAndGet() == 0 && awaited) {
      LockSupport.unpark(writer);
    }
  }

  /** Waits, on the writer thread and without the lock, until every place is filled. */
  void awaitFilled() {
    awaited = true;
    while (unfilled.get() != 0) {
      LockSupport.park(this);
    }
  }

  void addWaiter(DurableCallback waiter) {
    waiters.add(waiter);
  }

  List<DurableCallback> takeWaiters() {
    List<DurableCallback> taken = waiters;
    waiters = new ArrayList<>();
    return taken;
  }

  ByteBuffer content() {
    return ByteBuffer.wrap(bytes, 0, position);
  }

  byte[] bytes() {
    return bytes;
  }

  /** Bytes of records in it, headers included. */
  int length() {
    return position - JournalFormat.BATCH_HEADER;
  }

  int records() {
    return (int) (lastLsn - firstLsn + 1);
  }

  long firstLsn() {
    return firstLsn;
  }

  long lastLsn() {
    return lastLsn;
  }
}
