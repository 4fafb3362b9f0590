package org.opendvx.core.pool.remote;

import java.nio.ByteBuffer;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.JournalStore;
import org.opendvx.core.pool.wire.Frame;
import org.opendvx.core.pool.wire.Op;
import org.opendvx.core.pool.wire.WireIn;
import org.opendvx.core.pool.wire.WireOut;

/**
 * Batches of a replay as they come over one connection, which is not read further while many wait
 * to be visited.
 */
final class ReplayStream {
  private static final long MOST_WAITING_BYTES = 32L << 20;

  private final Link link;
  private final long limitNanos;
  private final LinkedBlockingQueue<Item> items = new LinkedBlockingQueue<>();
  private final AtomicLong waiting = new AtomicLong();
  private long lastSeen = Long.MIN_VALUE;

  private sealed interface Item {}

  private record Part(Frame frame) implements Item {}

  private record End(Frame frame) implements Item {}

  private record Lost() implements Item {}

  /** Asks for batches at once. */
  ReplayStream(Link link, WireOut request, long limitNanos) {
    this.link = link;
    this.limitNanos = limitNanos;
    Link.Pending call =
        link.ask(
            Op.JOURNAL_REPLAY, 0, TimeUnit.NANOSECONDS.toMillis(limitNanos), request, this::part);
    var _ =
        call.reply()
            .whenComplete(
                (reply, failure) -> items.add(failure == null ? new End(reply) : new Lost()));
  }

  private void part(Frame frame) {
    items.add(new Part(frame));
    if (waiting.addAndGet(frame.length()) > MOST_WAITING_BYTES) {
      link.reading(false);
    }
  }

  /**
   * Visits the batches.
   *
   * @return the reply at the end
   */
  Frame run(JournalStore.BatchVisitor visitor) throws LinkLostException {
    boolean done = false;
    try {
      while (true) {
        switch (next()) {
          case Part(Frame frame) -> visit(frame, visitor);
          case End(Frame frame) -> {
            done = true;
            return frame;
          }
          case Lost() -> throw new LinkLostException("the connection ended during a replay");
        }
      }
    } finally {
      if (!done) {
        // Whatever else comes of this replay is of no use.
        link.close();
      }
    }
  }

  private void visit(Frame frame, JournalStore.BatchVisitor visitor) {
    WireIn in = frame.in();
    long first = in.i64();
    long last = in.i64();
    int length = in.left();
    ByteBuffer batch = ByteBuffer.wrap(in.array(), in.skip(length), length).slice();
    visitor.batch(first, last, batch.asReadOnlyBuffer());
    lastSeen = last;
    frame.release();
    if (waiting.addAndGet(-frame.length()) <= MOST_WAITING_BYTES) {
      link.reading(true);
    }
  }

  private Item next() {
    try {
      Item item = items.poll(limitNanos, TimeUnit.NANOSECONDS);
      if (item != null) {
        return item;
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
    throw DvxException.of(Kind.TIMEOUT, "The data node does not go on with a replay")
        .remedy("Look after the data node and its drives")
        .build();
  }

  /** Sequence of the last record visited. */
  long lastSeen() {
    return lastSeen;
  }
}
