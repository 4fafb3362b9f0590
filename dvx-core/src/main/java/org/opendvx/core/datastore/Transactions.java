package org.opendvx.core.datastore;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.journal.Journal;
import org.opendvx.core.journal.RecordTail;
import org.opendvx.core.log.ChunkLog.WriteBatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings changes into the journal and into memory, in the same order. Thread-safe.
 *
 * <p>Should memory fail to follow the journal, nothing is changed any more: the process must be
 * started again, and replay gets it right.
 */
final class Transactions {
  /** Kind of all records of this package in the journal. */
  static final int RECORD_KIND = 1;

  private static final Logger LOG = LoggerFactory.getLogger(Transactions.class);
  private static final int SCRATCH = 1 << 10;

  private final State state;
  private final Journal journal;
  private final Room room;
  private final Locks locks;
  private final WallClock clock;
  private final Failures failures;
  private final ThreadLocal<ByteBuffer> scratch =
      ThreadLocal.withInitial(() -> ByteBuffer.allocate(SCRATCH));
  private volatile @Nullable DvxException broken;

  Transactions(
      State state, Journal journal, Room room, Locks locks, WallClock clock, Failures failures) {
    this.room = room;
    this.state = state;
    this.journal = journal;
    this.locks = locks;
    this.clock = clock;
    this.failures = failures;
  }

  Locks locks() {
    return locks;
  }

  WallClock clock() {
    return clock;
  }

  /** Starts a transaction. */
  Transaction begin(Caller caller) {
    return new Transaction(this, caller);
  }

  /**
   * Appends a record and applies its changes; the caller holds all locks. When it fails nothing has
   * changed, and the chunks are abandoned. It fails with BUSY beyond the operation's {@link
   * Expiry}.
   */
  long commit(List<Change> changes, @Nullable WriteBatch chunks) {
    long lsn;
    boolean appended = false;
    try {
      checkUsable();
      Expiry.check();
      int length = ChangeCodec.length(changes);
      ByteBuffer record = buffer(length);
      ChangeCodec.encode(record, changes);
      record.flip();
      RecordTail tail = chunks == null ? RecordTail.NONE : new Chunks(chunks);
      if ((long) length + tail.length() + SCRATCH > Journal.MAX_RECORD) {
        throw new FileException(FileError.INVALID, "too much for one step; do it in smaller ones");
      }
      room.require((long) length + tail.length());
      lsn = journal.append(RECORD_KIND, record, tail);
      appended = true;
    } finally {
      if (!appended && chunks != null) {
        chunks.abandoned();
      }
    }
    try {
      if (chunks != null) {
        chunks.committed(lsn);
      }
      Boolean _ =
          Attempts.patiently(
              () -> {
                state.apply(changes);
                return true;
              });
    } catch (RuntimeException | Error e) {
      broken = breakDown(e);
      throw e;
    }
    return lsn;
  }

  private void checkUsable() {
    DvxException failure = broken;
    if (failure != null) {
      throw failure;
    }
  }

  private static DvxException breakDown(Throwable e) {
    DvxException failure =
        DvxException.of(Kind.INTERNAL, "The datastore does not accept changes any more")
            .causedBy(e)
            .remedy("Restart the node: it recovers from its journal. Please report this")
            .build();
    LOG.error("Memory could not follow the journal. {}", failure.render(), e);
    return failure;
  }

  private ByteBuffer buffer(int length) {
    return length <= SCRATCH ? scratch.get().clear() : ByteBuffer.allocate(length);
  }

  /** A future that gives a value once a record is durable. */
  <T> CompletableFuture<T> durable(long lsn, T value) {
    if (lsn <= journal.durableLsn()) {
      return CompletableFuture.completedFuture(value);
    }
    CompletableFuture<T> future = new CompletableFuture<>();
    journal.onDurable(
        lsn,
        failure -> {
          if (failure == null) {
            future.complete(value);
          } else {
            future.completeExceptionally(failures.translate(failure));
          }
        });
    return future;
  }

  /** New chunks as the tail of a record. */
  private record Chunks(WriteBatch batch) implements RecordTail {
    @Override
    public int length() {
      return batch.encodedLength();
    }

    @Override
    public void write(ByteBuffer target) {
      batch.encode(target);
    }
  }
}
