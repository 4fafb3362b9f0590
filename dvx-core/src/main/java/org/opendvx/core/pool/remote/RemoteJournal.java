package org.opendvx.core.pool.remote;

import java.nio.ByteBuffer;
import java.util.function.Supplier;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.JournalStore;
import org.opendvx.core.pool.wire.Frame;
import org.opendvx.core.pool.wire.Op;
import org.opendvx.core.pool.wire.WireErrors;
import org.opendvx.core.pool.wire.WireIn;
import org.opendvx.core.pool.wire.WireOut;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A host's journal on a data node. After a break the batch under way is sent again, and the data
 * node knows by its sequence whether it has it; a data node that was started anew is first asked
 * where the journal ends.
 */
final class RemoteJournal implements JournalStore {
  private static final Logger LOG = LoggerFactory.getLogger(RemoteJournal.class);
  private static final int RESUME = 1;
  private static final int MOST_RESUMED = 8;

  private final Lane lane;
  private final String host;
  private final long epoch;
  private final Runnable onClose;
  private final long capacity;
  private volatile long used;
  private volatile long lastDurable = -1;
  private volatile boolean closed;

  /**
   * Takes hold of a journal.
   *
   * @param epoch what this process fenced the host at, 0 if it did not
   */
  RemoteJournal(Lane lane, String host, long epoch, Runnable onClose) {
    this.lane = lane;
    this.host = host;
    this.epoch = epoch;
    this.onClose = onClose;
    // When the reply is lost the session holds it already: then it is taken up.
    Frame reply = null;
    long deadline = lane.deadline();
    int flags = 0;
    while (reply == null) {
      try {
        reply = lane.once(lane.connected(deadline), Op.JOURNAL_OPEN, flags, name(), null, deadline);
      } catch (LinkLostException _) {
        flags = RESUME;
      }
    }
    WireIn in = good(reply).in();
    this.capacity = in.i64();
    this.used = in.i64();
  }

  private WireOut name() {
    return new WireOut().text(host).i64(epoch);
  }

  @Override
  public void append(Epoch by, long firstSequence, long lastSequence, ByteBuffer batch) {
    requireOpen();
    int length = batch.remaining();
    if (length < 1 || length > MAX_BATCH) {
      throw DvxException.of(Kind.INVALID, "A batch has 1 byte to 8 MiB")
          .detail("bytes", length)
          .build();
    }
    byte[] array;
    int offset;
    if (batch.hasArray()) {
      array = batch.array();
      offset = batch.arrayOffset() + batch.position();
    } else {
      array = new byte[length];
      batch.duplicate().get(array);
      offset = 0;
    }
    Frame reply =
        held(
            Op.JOURNAL_APPEND,
            () ->
                new WireOut()
                    .text(by.host())
                    .i64(by.number())
                    .i64(firstSequence)
                    .i64(lastSequence)
                    .text(host)
                    .large(array, offset, length));
    batch.position(batch.limit());
    used = reply.in().i64();
    lastDurable = lastSequence;
  }

  @Override
  public long replay(long fromSequence, BatchVisitor visitor) {
    requireOpen();
    long seen = fromSequence - 1;
    while (true) {
      Link link = lane.connected(lane.deadline());
      ReplayStream stream =
          new ReplayStream(link, new WireOut().text(host).i64(seen + 1), lane.limit());
      try {
        Frame end = stream.run(visitor);
        if (end.status() == WireErrors.NOT_HELD) {
          resume();
          continue;
        }
        WireIn in = good(end).in();
        long last = Math.max(seen, Math.max(stream.lastSeen(), in.i64()));
        used = in.i64();
        lastDurable = last;
        return last;
      } catch (LinkLostException _) {
        // What was visited is durable: the rest follows it.
        seen = Math.max(seen, stream.lastSeen());
      }
    }
  }

  @Override
  public void trim(Epoch by, long sequence) {
    requireOpen();
    Frame reply =
        held(
            Op.JOURNAL_TRIM,
            () -> new WireOut().text(by.host()).i64(by.number()).i64(sequence).text(host));
    used = reply.in().i64();
  }

  @Override
  public long capacityBytes() {
    return capacity;
  }

  @Override
  public long usedBytes() {
    return used;
  }

  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    onClose.run();
    Link link = lane.current();
    if (link == null) {
      // The data node lets it go when the session has ended.
      return;
    }
    try {
      var _ = lane.once(link, Op.JOURNAL_CLOSE, 0, name(), null, lane.deadline());
    } catch (LinkLostException | DvxException e) {
      LOG.info("The journal of {} is let go when the session ends: {}", host, e.getMessage());
    }
  }

  /** Asks under the hold, which is taken up again after the data node was started anew. */
  private Frame held(Op op, Supplier<WireOut> body) {
    for (int i = 0; i < MOST_RESUMED; i++) {
      Frame reply = lane.call(op, 0, _ -> body.get());
      if (reply.status() != WireErrors.NOT_HELD) {
        return good(reply);
      }
      resume();
      Frame end =
          lane.call(Op.JOURNAL_REPLAY, RESUME, _ -> new WireOut().text(host).i64(lastDurable + 1));
      if (end.status() != WireErrors.NOT_HELD) {
        good(end);
      }
    }
    throw DvxException.of(Kind.UNAVAILABLE, "The journal cannot be taken hold of again")
        .cause("The data node forgets it each time")
        .remedy("Look after the data node")
        .detail("host", host)
        .build();
  }

  private void resume() {
    good(lane.call(Op.JOURNAL_OPEN, RESUME, _ -> name()));
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the journal is closed");
    }
  }

  private static Frame good(Frame reply) {
    if (reply.status() != WireErrors.OK) {
      throw WireErrors.decode(reply.status(), reply.in());
    }
    return reply;
  }
}
