package org.opendvx.core.journal;

import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.JournalStore;

/**
 * The one thread that writes batches. A batch that fails is written again, the same bytes under the
 * same sequences, until it is durable or the host is fenced; nothing is ever left out.
 */
final class JournalWriter implements Runnable {
  private final Journal journal;
  private final JournalStore store;
  private final Epoch epoch;
  private final int incarnation;
  private final long retryNanos;

  JournalWriter(
      Journal journal, JournalStore store, Epoch epoch, int incarnation, long retryNanos) {
    this.journal = journal;
    this.store = store;
    this.epoch = epoch;
    this.incarnation = incarnation;
    this.retryNanos = retryNanos;
  }

  @Override
  public void run() {
    Batch batch = journal.nextBatch();
    while (batch != null) {
      batch.awaitFilled();
      JournalFormat.batchHeader(batch.bytes(), incarnation, batch.records(), batch.firstLsn());
      if (!write(batch)) {
        return;
      }
      journal.written(batch, store.usedBytes());
      batch = journal.nextBatch();
    }
  }

  /** Whether the batch became durable; false when this journal writes nothing more. */
  private boolean write(Batch batch) {
    while (true) {
      DvxException failure = attempt(batch);
      if (failure == null) {
        return true;
      }
      if (!journal.troubled(failure)) {
        return false;
      }
      LockSupport.parkNanos(this, retryNanos);
    }
  }

  private @Nullable DvxException attempt(Batch batch) {
    try {
      store.append(epoch, batch.firstLsn(), batch.lastLsn(), batch.content());
      return null;
    } catch (DvxException e) {
      return e;
    } catch (RuntimeException e) {
      return DvxException.of(Kind.INTERNAL, "The journal could not be written").causedBy(e).build();
    }
  }
}
