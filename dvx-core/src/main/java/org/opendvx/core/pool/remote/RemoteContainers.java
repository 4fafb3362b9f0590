package org.opendvx.core.pool.remote;

import java.util.Arrays;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import org.opendvx.core.erasure.ErasureCode;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.ContainerStore;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.local.CodedContainer;
import org.opendvx.core.pool.wire.Frame;
import org.opendvx.core.pool.wire.Op;
import org.opendvx.core.pool.wire.WireErrors;
import org.opendvx.core.pool.wire.WireIn;
import org.opendvx.core.pool.wire.WireOut;

/** Containers on a data node; parity is computed here. Thread-safe. */
final class RemoteContainers implements ContainerStore {
  private static final int MOST_SHAPES = 16;
  private static final long PAUSE_MILLIS = 50;
  private static final int ENTRY = Long.BYTES + Integer.BYTES;

  private final Lane writes;
  private final Lane reads;
  private final ContainerLengths lengths = new ContainerLengths();
  private final ConcurrentLinkedDeque<Parity> parities = new ConcurrentLinkedDeque<>();
  private volatile Shape shape = new Shape(1, 0);
  private volatile long count;

  /** How new containers are cut. */
  record Shape(int dataShards, int parityShards) {}

  private static final class Parity {
    private byte[] p = new byte[0];
    private byte[] q = new byte[0];

    private void fit(int bytes) {
      if (p.length < bytes) {
        p = new byte[bytes];
        q = new byte[bytes];
      }
    }
  }

  RemoteContainers(Lane writes, Lane reads) {
    this.writes = writes;
    this.reads = reads;
  }

  /** Learns how new containers are cut now. */
  void learnShape(WireIn in) {
    int dataShards = in.u8();
    int parityShards = in.u8();
    if (dataShards >= 1 && dataShards <= ErasureCode.MAX_DATA_SHARDS && parityShards <= 2) {
      shape = new Shape(dataShards, parityShards);
    }
  }

  /** Learns how many containers there are. */
  void learnCount(long containers) {
    count = containers;
  }

  /** Learns the lengths of all containers, so that {@link #length} is answered from memory. */
  void load() {
    forEach(_ -> {});
  }

  @Override
  public void put(Epoch epoch, long containerId, byte[] content, int length) {
    if (length < 1 || length > MAX_LENGTH || length > content.length) {
      throw DvxException.of(Kind.INVALID, "A container has 1 byte to 8 MiB")
          .detail("bytes", length)
          .build();
    }
    Parity parity = parities.poll();
    if (parity == null) {
      parity = new Parity();
    }
    try {
      put(epoch, containerId, content, length, parity);
    } finally {
      parities.push(parity);
    }
    lengths.put(containerId, length);
  }

  private void put(Epoch epoch, long id, byte[] content, int length, Parity parity) {
    long deadline = writes.deadline();
    for (int i = 0; i < MOST_SHAPES; i++) {
      Shape now = shape;
      int shardLength = CodedContainer.shardLength(length, now.dataShards());
      if (now.parityShards() > 0) {
        parity.fit(shardLength);
        new ErasureCode(now.dataShards())
            .encode(content, 0, length, shardLength, parity.p, 0, parity.q, 0);
      }
      Frame reply =
          writes.call(
              Op.CONTAINER_PUT, 0, _ -> body(epoch, id, content, length, now, shardLength, parity));
      if (reply.status() == WireErrors.OK) {
        learnShape(reply.in());
        return;
      }
      if (reply.status() == WireErrors.OTHER_SHAPE) {
        learnShape(reply.in());
        continue;
      }
      DvxException error = WireErrors.decode(reply.status(), reply.in());
      if (error.kind() != Kind.EXISTS) {
        throw error;
      }
      // An earlier attempt, or call, of which no answer came may have put it, or be under way.
      if (settled(id, content, length, error, deadline)) {
        return;
      }
    }
    throw DvxException.of(Kind.UNAVAILABLE, "The drives change faster than a container can be put")
        .remedy("Look after the drives of the data node")
        .detail("container", id)
        .build();
  }

  private static WireOut body(
      Epoch epoch,
      long id,
      byte[] content,
      int length,
      Shape shape,
      int shardLength,
      Parity parity) {
    WireOut body =
        new WireOut()
            .text(epoch.host())
            .i64(epoch.number())
            .i64(id)
            .i32(length)
            .u8(shape.dataShards())
            .u8(shape.parityShards())
            .large(content, 0, length);
    if (shape.parityShards() > 0) {
      body.large(parity.p, 0, shardLength);
    }
    if (shape.parityShards() > 1) {
      body.large(parity.q, 0, shardLength);
    }
    return body;
  }

  /** Whether a container holds these bytes; false when there is none, so that it may be put. */
  private boolean settled(long id, byte[] content, int length, DvxException exists, long deadline) {
    int found = askLength(id);
    if (found < 0) {
      if (System.nanoTime() - deadline > 0) {
        throw exists;
      }
      pause();
      return false;
    }
    byte[] stored = new byte[found];
    read(id, 0, found, stored, 0);
    if (found != length || !Arrays.equals(stored, 0, found, content, 0, length)) {
      throw exists;
    }
    return true;
  }

  private static void pause() {
    try {
      TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void read(long containerId, int offset, int length, byte[] target, int targetOffset) {
    Objects.checkFromIndexSize(targetOffset, length, target.length);
    Frame reply =
        good(
            reads.call(
                Op.CONTAINER_READ, 0, _ -> new WireOut().i64(containerId).i32(offset).i32(length)),
            containerId);
    if (reply.length() != length) {
      throw DvxException.of(Kind.INTERNAL, "The data node answers with other bytes than asked")
          .build();
    }
    System.arraycopy(reply.body(), 0, target, targetOffset, length);
    reply.release();
  }

  @Override
  public OptionalInt length(long containerId) {
    int known = lengths.get(containerId);
    if (known < 0) {
      // Another host may have put it.
      int asked = lengths.ask();
      try {
        known = askLength(containerId);
        if (known >= 0) {
          lengths.told(asked, containerId, known);
        }
      } finally {
        lengths.answered();
      }
    }
    return known < 0 ? OptionalInt.empty() : OptionalInt.of(known);
  }

  private int askLength(long containerId) {
    return good(
            reads.call(Op.CONTAINER_LENGTH, 0, _ -> new WireOut().i64(containerId)), containerId)
        .in()
        .i32();
  }

  @Override
  public void forget(long containerId) {
    lengths.remove(containerId);
  }

  @Override
  public void forgetAll() {
    lengths.clear();
  }

  @Override
  public void delete(Epoch epoch, long containerId) {
    good(
        writes.call(
            Op.CONTAINER_DELETE,
            0,
            _ -> new WireOut().text(epoch.host()).i64(epoch.number()).i64(containerId)),
        containerId);
    lengths.remove(containerId);
  }

  @Override
  public void forEach(LongConsumer visitor) {
    long[] ids;
    int asked = lengths.ask();
    try {
      ids = listed(asked).sorted();
      // Another host may have deleted some. What was put meanwhile is asked for when it is wanted.
      lengths.retain(ids);
    } finally {
      lengths.answered();
    }
    for (long id : ids) {
      visitor.accept(id);
    }
  }

  private IdList listed(int asked) {
    long deadline = reads.deadline();
    while (true) {
      Link link = reads.connected(deadline);
      IdList ids = new IdList(lengths, asked);
      try {
        Frame end = reads.once(link, Op.CONTAINER_LIST, 0, new WireOut(), ids::add, deadline);
        ids.add(good(end, 0));
        return ids;
      } catch (LinkLostException _) {
        // From the beginning, over a new connection.
      }
    }
  }

  /** Ids as they come, from one thread. */
  private static final class IdList {
    private final ContainerLengths lengths;
    private final int asked;
    private long[] ids = new long[64];
    private int count;

    IdList(ContainerLengths lengths, int asked) {
      this.lengths = lengths;
      this.asked = asked;
    }

    void add(Frame page) {
      WireIn in = page.in();
      while (in.left() >= ENTRY) {
        long id = in.i64();
        lengths.told(asked, id, in.i32());
        if (count == ids.length) {
          ids = Arrays.copyOf(ids, count * 2);
        }
        ids[count++] = id;
      }
    }

    long[] sorted() {
      long[] all = Arrays.copyOf(ids, count);
      Arrays.sort(all);
      return all;
    }
  }

  @Override
  public long count() {
    return Math.max(count, lengths.size());
  }

  private Frame good(Frame reply, long containerId) {
    if (reply.status() != WireErrors.OK) {
      DvxException error = WireErrors.decode(reply.status(), reply.in());
      if (error.kind() == Kind.NOT_FOUND) {
        lengths.remove(containerId);
      }
      throw error;
    }
    return reply;
  }
}
