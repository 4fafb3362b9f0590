package org.opendvx.core.pool.local;

import java.nio.ByteBuffer;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.JournalStore;

/** What the holder of a journal has of it, until it closes it. */
final class HeldJournal implements JournalStore {
  private final LocalJournal journal;
  private final Runnable onClose;
  private volatile boolean closed;

  /**
   * A hold on a journal.
   *
   * @param onClose called once
   */
  HeldJournal(LocalJournal journal, Runnable onClose) {
    this.journal = journal;
    this.onClose = onClose;
  }

  @Override
  public void append(Epoch epoch, long firstSequence, long lastSequence, ByteBuffer batch) {
    open().append(epoch, firstSequence, lastSequence, batch);
  }

  @Override
  public long replay(long fromSequence, BatchVisitor visitor) {
    return open().replay(fromSequence, visitor);
  }

  @Override
  public void trim(Epoch epoch, long sequence) {
    open().trim(epoch, sequence);
  }

  @Override
  public long capacityBytes() {
    return journal.capacityBytes();
  }

  @Override
  public long usedBytes() {
    return journal.usedBytes();
  }

  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      onClose.run();
    }
  }

  private LocalJournal open() {
    if (closed) {
      throw new IllegalStateException("the journal is closed");
    }
    return journal;
  }
}
