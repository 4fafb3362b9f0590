package org.opendvx.server.demo.nfs;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;
import org.opendvx.server.bench.rpc.Credentials;
import org.opendvx.server.bench.rpc.Nfs3;
import org.opendvx.server.bench.rpc.NfsException;
import org.opendvx.server.bench.rpc.RecordAssembler;
import org.opendvx.server.bench.rpc.RpcMessage;
import org.opendvx.server.bench.rpc.Xdr;

/**
 * Many small reads and writes over one connection, as many open at a time as asked for. One thread
 * calls, another one of its own takes the answers. Every wait has a limit. A server that asks for
 * patience (NFS3ERR_JUKEBOX) gets the call again.
 */
public final class NfsPipeline implements Closeable {
  private static final int SLOT_BITS = 12;
  private static final int CALL_ROOM = 512;
  private static final int FLUSH_AT = 96 << 10;
  private static final int LARGEST = 64 << 10;
  private static final long PATIENCE_NANOS = 50_000_000L;
  private static final long POLL_MILLIS = 20;

  private final Socket socket;
  private final OutputStream sink;
  private final byte[] credentials;
  private final long limitNanos;
  private final int depth;
  private final AtomicReferenceArray<@Nullable Open> slots;
  private final BlockingQueue<Integer> idle;
  private final ConcurrentLinkedQueue<Open> delayed = new ConcurrentLinkedQueue<>();
  private final ByteBuffer out = ByteBuffer.allocate(FLUSH_AT + LARGEST + CALL_ROOM);
  private final Thread receiver;
  private int sequence = (int) (System.nanoTime() >>> 10);
  private volatile @Nullable IOException failure;
  private volatile long verifier;
  private volatile boolean verified;

  /** Puts the bytes of a WRITE. */
  @FunctionalInterface
  public interface Content {
    /** Puts exactly the call's length; called again when the call is repeated. */
    void put(ByteBuffer target);
  }

  /** Takes the bytes of a READ, on the pipeline's own thread. */
  @FunctionalInterface
  public interface Receiver {
    /** Gets a buffer whose bytes from {@code at} on are the call's length of data. */
    void take(ByteBuffer data, int at);
  }

  /** What is asked for. */
  private sealed interface Call {
    byte[] handle();
  }

  @SuppressWarnings("ArrayRecordComponent") // carried, never compared
  private record Write(byte[] handle, long offset, int length, Content content) implements Call {}

  @SuppressWarnings("ArrayRecordComponent") // carried, never compared
  private record Read(byte[] handle, long offset, int length, Receiver taker) implements Call {}

  @SuppressWarnings("ArrayRecordComponent") // carried, never compared
  private record Commit(byte[] handle) implements Call {}

  private record Open(int xid, int slot, Call call, long retryAt) {}

  private NfsPipeline(Socket socket, Credentials who, int depth, Duration limit)
      throws IOException {
    this.socket = socket;
    this.sink = socket.getOutputStream();
    this.credentials = who.encoded();
    this.limitNanos = limit.toNanos();
    this.depth = depth;
    this.slots = new AtomicReferenceArray<>(depth);
    this.idle = new ArrayBlockingQueue<>(depth);
    for (int i = 0; i < depth; i++) {
      idle.add(i);
    }
    InputStream source = socket.getInputStream();
    this.receiver = Thread.ofPlatform().daemon().name("nfs-answers").unstarted(() -> take(source));
  }

  /**
   * Connects.
   *
   * @param depth calls open at a time, 1 to 4096
   * @param limit the longest time without any answer
   */
  public static NfsPipeline open(
      InetSocketAddress address, Credentials who, int depth, Duration limit) throws IOException {
    Socket socket = new Socket();
    try {
      socket.setTcpNoDelay(true);
      socket.connect(address, Math.toIntExact(limit.toMillis()));
      NfsPipeline pipeline = new NfsPipeline(socket, who, depth, limit);
      pipeline.receiver.start();
      return pipeline;
    } catch (IOException | RuntimeException e) {
      socket.close();
      throw e;
    }
  }

  /**
   * Sends an UNSTABLE write; it is acknowledged some time later, at {@link #drain} at the latest.
   */
  public void write(byte[] handle, long offset, int length, Content content)
      throws IOException, InterruptedException {
    submit(new Write(handle, offset, checked(length), content));
  }

  /** Sends a read; its data is taken some time later, at {@link #drain} at the latest. */
  public void read(byte[] handle, long offset, int length, Receiver taker)
      throws IOException, InterruptedException {
    submit(new Read(handle, offset, checked(length), taker));
  }

  /**
   * Makes durable what was acknowledged before; with {@link #drain} before and after, all of it.
   */
  public void commit(byte[] handle) throws IOException, InterruptedException {
    submit(new Commit(handle));
  }

  /** Waits until every call is answered. */
  public void drain() throws IOException, InterruptedException {
    flush();
    long progress = System.nanoTime();
    int before = idle.size();
    while (idle.size() < depth) {
      check();
      repeatDelayed();
      Thread.sleep(1);
      if (idle.size() != before) {
        before = idle.size();
        progress = System.nanoTime();
      }
      refuseSilence(progress);
    }
    check();
  }

  private static int checked(int length) {
    if (length <= 0 || length > LARGEST) {
      throw new IllegalArgumentException("a transfer of " + length + " bytes");
    }
    return length;
  }

  private void submit(Call call) throws IOException, InterruptedException {
    Integer slot = idle.poll();
    if (slot == null) {
      flush();
      long began = System.nanoTime();
      while (slot == null) {
        check();
        repeatDelayed();
        slot = idle.poll(POLL_MILLIS, TimeUnit.MILLISECONDS);
        refuseSilence(began);
      }
    }
    check();
    send(slot, call);
  }

  private void send(int slot, Call call) throws IOException {
    Open open = new Open(sequence++ << SLOT_BITS | slot, slot, call, 0);
    slots.set(slot, open);
    encode(open);
    if (out.position() >= FLUSH_AT) {
      flush();
    }
  }

  private void encode(Open open) {
    int procedure =
        switch (open.call()) {
          case Write _ -> Nfs3.WRITE;
          case Read _ -> Nfs3.READ;
          case Commit _ -> Nfs3.COMMIT;
        };
    int mark =
        RpcMessage.beginCall(out, open.xid(), Nfs3.PROGRAM, Nfs3.VERSION, procedure, credentials);
    Xdr.putOpaque(out, open.call().handle());
    switch (open.call()) {
      case Write write -> {
        out.putLong(write.offset()).putInt(write.length());
        out.putInt(Nfs3.UNSTABLE).putInt(write.length());
        write.content().put(out);
        Xdr.putPadding(out, write.length());
      }
      case Read read -> out.putLong(read.offset()).putInt(read.length());
      case Commit _ -> out.putLong(0).putInt(0);
    }
    RpcMessage.endCall(out, mark);
  }

  private void flush() throws IOException {
    if (out.position() > 0) {
      sink.write(out.array(), 0, out.position());
      out.clear();
    }
  }

  private void repeatDelayed() throws IOException {
    Open next = delayed.peek();
    while (next != null && System.nanoTime() - next.retryAt() >= 0) {
      delayed.remove();
      send(next.slot(), next.call());
      next = delayed.peek();
    }
    flush();
  }

  private void check() throws IOException {
    IOException failed = failure;
    if (failed != null) {
      throw new IOException(failed.getMessage(), failed);
    }
  }

  private void refuseSilence(long since) throws IOException {
    if (System.nanoTime() - since > limitNanos) {
      throw new IOException("the server has not answered for " + limitNanos / 1_000_000_000 + " s");
    }
  }

  private void take(InputStream source) {
    RecordAssembler records = new RecordAssembler(LARGEST + CALL_ROOM);
    ByteBuffer in = ByteBuffer.allocate(4 * (LARGEST + CALL_ROOM)).flip();
    try {
      while (true) {
        ByteBuffer record = records.next(in);
        if (record != null) {
          answered(record);
          continue;
        }
        in.compact();
        int count = source.read(in.array(), in.position(), in.remaining());
        if (count < 0) {
          throw new EOFException("the server closed the connection");
        }
        in.position(in.position() + count).flip();
      }
    } catch (IOException e) {
      failure = e;
    } catch (RuntimeException e) {
      failure = new IOException("an answer was not understood", e);
    }
  }

  private void answered(ByteBuffer in) throws IOException {
    int xid = Xdr.getInt(in);
    int slot = xid & ((1 << SLOT_BITS) - 1);
    Open open = slot < depth ? slots.get(slot) : null;
    if (open == null || open.xid() != xid) {
      throw new IOException("an answer to a call that is not open");
    }
    RpcMessage.readReplyHead(in);
    int status = Xdr.getInt(in);
    if (status == Nfs3.ERR_JUKEBOX) {
      delayed.add(new Open(xid, slot, open.call(), System.nanoTime() + PATIENCE_NANOS));
      return;
    }
    String what = open.call().getClass().getSimpleName().toUpperCase(java.util.Locale.ROOT);
    if (status != Nfs3.OK) {
      throw new NfsException(what, status);
    }
    switch (open.call()) {
      case Write write -> {
        Nfs3.skipChange(in);
        if (Xdr.getInt(in) != write.length()) {
          throw new IOException("a WRITE was cut short");
        }
        Xdr.getInt(in);
        sameVerifier(Xdr.getLong(in));
      }
      case Read read -> {
        Nfs3.skipAttributes(in);
        Xdr.skip(in, 8);
        if (Xdr.getLength(in, read.length()) != read.length()) {
          throw new IOException("a READ at " + read.offset() + " was cut short");
        }
        read.taker().take(in, in.position());
      }
      case Commit _ -> {
        Nfs3.skipChange(in);
        sameVerifier(Xdr.getLong(in));
      }
    }
    slots.set(slot, null);
    idle.add(slot);
  }

  /** Another verifier says that unstable writes may be lost; then nothing that follows is true. */
  private void sameVerifier(long seen) throws IOException {
    if (!verified) {
      verifier = seen;
      verified = true;
    } else if (verifier != seen) {
      throw new IOException("the write verifier changed: the server was started anew");
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
    try {
      receiver.join(Duration.ofSeconds(5));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
