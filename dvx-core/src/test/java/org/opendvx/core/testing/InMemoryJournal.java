package org.opendvx.core.testing;

import java.nio.ByteBuffer;
import java.util.List;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.JournalStore;
import org.opendvx.core.testing.PoolFaults.Operation;
import org.opendvx.core.testing.PoolMutation.JournalAppend;
import org.opendvx.core.testing.PoolMutation.JournalTrim;

/** One host's journal in an {@link InMemoryPool}. */
final class InMemoryJournal implements JournalStore {
  private static final int FRAME = 64;

  private final InMemoryPool pool;
  private final String host;
  private boolean replayed;
  private boolean appended;
  private boolean closed;

  InMemoryJournal(InMemoryPool pool, String host) {
    this.pool = pool;
    this.host = host;
  }

  @Override
  public void append(Epoch epoch, long firstSequence, long lastSequence, ByteBuffer batch) {
    if (batch.remaining() > MAX_BATCH || lastSequence < firstSequence) {
      throw InMemoryPool.failure(Kind.INVALID, "Not a batch");
    }
    byte[] bytes = new byte[batch.remaining()];
    batch.get(bytes);
    JournalAppend append = new JournalAppend(host, firstSequence, lastSequence, bytes);
    pool.mutate(
        epoch,
        Operation.JOURNAL_APPEND,
        firstSequence,
        host,
        () -> {
          checkOpen();
          appended = true;
          List<JournalAppend> batches = pool.state().journal(host);
          JournalAppend tail = batches.isEmpty() ? null : batches.getLast();
          if (tail != null && tail.sameAs(append)) {
            return append;
          }
          if (tail != null && tail.last() >= firstSequence) {
            throw InMemoryPool.failure(
                Kind.INVALID, "Sequence " + firstSequence + " follows " + tail.last());
          }
          if (usedBytes() + bytes.length + FRAME > pool.journalCapacity()) {
            throw InMemoryPool.failure(Kind.NO_SPACE, "The journal is full");
          }
          pool.commit(append);
          return append;
        });
  }

  @Override
  public long replay(long fromSequence, BatchVisitor visitor) {
    List<JournalAppend> batches;
    synchronized (pool) {
      pool.checkAlive();
      checkOpen();
      if (replayed || appended) {
        throw InMemoryPool.failure(Kind.INVALID, "replay is called once, before the first append");
      }
      replayed = true;
      batches = List.copyOf(pool.state().journal(host));
    }
    long last = fromSequence - 1;
    for (JournalAppend batch : batches) {
      if (batch.last() >= fromSequence) {
        visitor.batch(
            batch.first(), batch.last(), ByteBuffer.wrap(batch.bytes().clone()).asReadOnlyBuffer());
        last = batch.last();
      }
    }
    return last;
  }

  @Override
  public void trim(Epoch epoch, long sequence) {
    pool.mutate(
        epoch,
        Operation.JOURNAL_TRIM,
        sequence,
        host,
        () -> {
          checkOpen();
          pool.commit(new JournalTrim(host, sequence));
          return sequence;
        });
  }

  @Override
  public long capacityBytes() {
    return pool.journalCapacity();
  }

  @Override
  public long usedBytes() {
    synchronized (pool) {
      return pool.state().journal(host).stream().mapToLong(b -> b.bytes().length + FRAME).sum();
    }
  }

  @Override
  public void close() {
    synchronized (pool) {
      if (!closed) {
        closed = true;
        pool.releaseJournal(host);
      }
    }
  }

  private void checkOpen() {
    if (closed) {
      throw InMemoryPool.failure(Kind.INVALID, "The journal is closed");
    }
  }
}
