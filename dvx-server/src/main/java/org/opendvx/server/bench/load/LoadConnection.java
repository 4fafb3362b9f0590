package org.opendvx.server.bench.load;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Comparator;
import org.jspecify.annotations.Nullable;
import org.opendvx.server.bench.rpc.RecordAssembler;
import org.opendvx.server.bench.rpc.RpcCaller;
import org.opendvx.server.bench.rpc.RpcException;
import org.opendvx.server.bench.rpc.Xdr;

/**
 * One TCP connection with its open calls. Replies of one read are handled together and the calls
 * that take their place leave in one write. Used by the event loop's thread alone.
 */
final class LoadConnection {
  private static final int FLUSH_AT = 256 << 10;
  private static final int SMALLEST_BUFFER = 256 << 10;
  private static final int SLOT_BITS = 12;

  private final RemoteFiles files;
  private final CallCodec codec;
  private final Workload work;
  private final Slot[] slots;
  private final ArrayDeque<Slot> idle = new ArrayDeque<>();
  private final ByteBuffer out;
  private final ByteBuffer in;
  private final RecordAssembler records;
  private int sent;
  private int taken;
  private int sequence;
  private @Nullable SocketChannel channel;
  private @Nullable SelectionKey key;
  private boolean connected;
  private long connectBegan;
  private long connectedAt;

  /** Prepares a connection; {@link #connect} opens it. */
  LoadConnection(
      RemoteFiles files, CallCodec codec, Workload work, int queueDepth, int largestTransfer) {
    this.files = files;
    this.codec = codec;
    this.work = work;
    this.slots = new Slot[queueDepth];
    Arrays.setAll(slots, Slot::new);
    idle.addAll(Arrays.asList(slots));
    int call = largestTransfer + CallCodec.CALL_ROOM;
    int reply = largestTransfer + CallCodec.REPLY_ROOM;
    this.out = ByteBuffer.allocateDirect(Math.max(SMALLEST_BUFFER, queueDepth * call));
    this.in = ByteBuffer.allocateDirect(Math.max(SMALLEST_BUFFER, 4 * reply));
    this.records = new RecordAssembler(reply);
    // Transaction ids of other runs may still be in the server's memory of recent requests.
    this.sequence = (int) (System.nanoTime() >>> 10);
  }

  boolean isConnected() {
    return connected;
  }

  boolean isConnecting() {
    return channel != null && !connected;
  }

  /** When the present attempt to connect began, on the nanosecond clock. */
  long connectBegan() {
    return connectBegan;
  }

  /** When the present connection was made, on the nanosecond clock. */
  long connectedAt() {
    return connectedAt;
  }

  /** Begins to connect. */
  void connect(Selector selector, long now) throws IOException {
    SocketChannel opened = SocketChannel.open();
    channel = opened;
    connectBegan = now;
    opened.configureBlocking(false);
    opened.setOption(StandardSocketOptions.TCP_NODELAY, true);
    if (files.reservedPort()) {
      RpcCaller.bindReserved((InetSocketAddress local) -> opened.bind(local));
    }
    boolean done = opened.connect(files.address());
    key = opened.register(selector, done ? SelectionKey.OP_READ : SelectionKey.OP_CONNECT, this);
    if (done) {
      established(now);
    }
  }

  private void established(long now) throws IOException {
    connected = true;
    connectedAt = now;
    out.clear();
    in.clear();
    sent = 0;
    taken = 0;
    records.reset();
    if (key != null) {
      key.interestOps(SelectionKey.OP_READ);
    }
    Slot[] open =
        Arrays.stream(slots)
            .filter(slot -> slot.busy && slot.retryAt == 0)
            .sorted(Comparator.comparingLong(slot -> slot.sentAt))
            .toArray(Slot[]::new);
    for (Slot slot : open) {
      slot.lastSentAt = now;
      codec.encode(slot, out);
    }
    pump(now);
  }

  /** Handles what the selector found; returns how many calls were answered. */
  int ready(SelectionKey found) throws IOException {
    SocketChannel open = opened();
    if (found.isConnectable()) {
      open.finishConnect();
      established(System.nanoTime());
      return 0;
    }
    int answered = 0;
    if (found.isReadable()) {
      int count = open.read(in);
      if (count < 0) {
        throw new EOFException("the server closed the connection");
      }
      answered = takeReplies(System.nanoTime());
    }
    pump(System.nanoTime());
    return answered;
  }

  private int takeReplies(long now) throws RpcException {
    int answered = 0;
    in.flip().position(taken);
    ByteBuffer record;
    while ((record = records.next(in)) != null) {
      int xid = Xdr.getInt(record);
      Slot slot = slots[Math.min(xid & ((1 << SLOT_BITS) - 1), slots.length - 1)];
      if (!slot.busy || slot.xid != xid) {
        continue;
      }
      answered++;
      if (codec.accept(slot, record, now)) {
        slot.busy = false;
        idle.push(slot);
      } else {
        slot.retryAt = now + LoadLoop.PATIENCE_NANOS;
      }
    }
    makeRoom();
    return answered;
  }

  /** Moves the begun record to the buffer's start only when the room behind it runs short. */
  private void makeRoom() {
    if (!in.hasRemaining()) {
      in.clear();
      taken = 0;
    } else if (in.capacity() - in.limit() < in.capacity() / 3) {
      in.compact();
      taken = 0;
    } else {
      taken = in.position();
      in.position(in.limit()).limit(in.capacity());
    }
  }

  /** Fills idle slots and sends what can be sent. */
  void pump(long now) throws IOException {
    if (!connected) {
      return;
    }
    long clock = now;
    while (!idle.isEmpty() && work.next(idle.element())) {
      Slot slot = idle.remove();
      slot.busy = true;
      slot.sentAt = clock;
      send(slot, clock);
      if (out.position() - sent >= FLUSH_AT) {
        flush();
        clock = System.nanoTime();
      }
    }
    flush();
  }

  private void send(Slot slot, long now) {
    slot.xid = sequence++ << SLOT_BITS | slot.index;
    slot.lastSentAt = now;
    slot.retryAt = 0;
    if (slot.operation == Operation.WRITE) {
      work.beforeWrite(slot);
    }
    if (out.remaining() < codec.sizeOf(slot)) {
      out.flip().position(sent);
      out.compact();
      sent = 0;
    }
    codec.encode(slot, out);
  }

  private void flush() throws IOException {
    if (out.position() == sent) {
      return;
    }
    int end = out.position();
    out.flip().position(sent);
    opened().write(out);
    sent = out.position();
    out.limit(out.capacity()).position(end);
    boolean all = sent == end;
    if (all) {
      out.clear();
      sent = 0;
    }
    SelectionKey registered = key;
    if (registered != null) {
      int wanted = SelectionKey.OP_READ | (all ? 0 : SelectionKey.OP_WRITE);
      if (registered.interestOps() != wanted) {
        registered.interestOps(wanted);
      }
    }
  }

  /** Sends anew what the server asked to be sent later. */
  void retryDelayed(long now) throws IOException {
    for (Slot slot : slots) {
      if (slot.busy && slot.retryAt != 0 && now - slot.retryAt >= 0) {
        slot.repeat = true;
        send(slot, now);
      }
    }
    flush();
  }

  /** Whether a call has waited longer than {@code limitNanos}. */
  boolean isOverdue(long now, long limitNanos) {
    for (Slot slot : slots) {
      if (slot.busy && slot.retryAt == 0 && now - slot.lastSentAt > limitNanos) {
        return true;
      }
    }
    return false;
  }

  /** Calls that are open. */
  int openCalls() {
    return slots.length - idle.size();
  }

  /** Closes the socket; the open calls stay, to be sent again. */
  void disconnect() throws IOException {
    connected = false;
    SocketChannel open = channel;
    channel = null;
    key = null;
    if (open != null) {
      open.close();
    }
  }

  private SocketChannel opened() throws IOException {
    SocketChannel open = channel;
    if (open == null) {
      throw new EOFException("the connection is closed");
    }
    return open;
  }
}
