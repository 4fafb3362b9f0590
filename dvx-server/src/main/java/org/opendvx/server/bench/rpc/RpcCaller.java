package org.opendvx.server.bench.rpc;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One call at a time over one TCP connection: for set-up, checks and probes. Every call ends within
 * its time limit. Not thread-safe.
 */
public final class RpcCaller implements Closeable {
  private static final int RECORD_LIMIT = 4 << 20;
  private static final int ARGUMENT_ROOM = 64 << 10;
  private static final int HIGHEST_RESERVED_PORT = 1023;
  private static final int LOWEST_RESERVED_PORT = 600;

  private final Socket socket;
  private final byte[] credentials;
  private final long limitNanos;
  private final RecordAssembler records = new RecordAssembler(RECORD_LIMIT);
  private final ByteBuffer in = ByteBuffer.allocate(RECORD_LIMIT + 4).flip();
  private int xid = (int) System.nanoTime();

  private RpcCaller(Socket socket, byte[] credentials, Duration limit) {
    this.socket = socket;
    this.credentials = credentials;
    this.limitNanos = limit.toNanos();
  }

  /**
   * Connects within {@code limit}, which then holds for each call.
   *
   * @param reservedPort whether to call from a port below 1024, which some servers insist on
   */
  public static RpcCaller connect(
      InetSocketAddress address, Credentials who, Duration limit, boolean reservedPort)
      throws IOException {
    Socket socket = new Socket();
    try {
      if (reservedPort) {
        bindReserved(socket::bind);
      }
      socket.setTcpNoDelay(true);
      socket.connect(address, Math.toIntExact(limit.toMillis()));
      return new RpcCaller(socket, who.encoded(), limit);
    } catch (IOException | RuntimeException e) {
      socket.close();
      throw e;
    }
  }

  /** Something that can be bound to a local address. */
  @FunctionalInterface
  public interface Bindable {
    /** Binds, or throws {@link BindException} when the port is taken. */
    void bind(InetSocketAddress local) throws IOException;
  }

  /** Binds to a free port below 1024, which needs the privilege to do so. */
  public static void bindReserved(Bindable socket) throws IOException {
    for (int port = HIGHEST_RESERVED_PORT; port >= LOWEST_RESERVED_PORT; port--) {
      try {
        socket.bind(new InetSocketAddress(port));
        return;
      } catch (BindException e) {
        if (port == LOWEST_RESERVED_PORT) {
          throw e;
        }
      }
    }
  }

  /**
   * Makes one call and returns the results, valid until the next call.
   *
   * @param arguments writes the arguments, at most 64 KiB, or a block of data up to 4 MiB
   */
  public ByteBuffer call(int program, int version, int procedure, Consumer<ByteBuffer> arguments)
      throws IOException {
    return call(program, version, procedure, ARGUMENT_ROOM, arguments);
  }

  /** Like the other one, with room for {@code argumentBytes} of arguments. */
  public ByteBuffer call(
      int program, int version, int procedure, int argumentBytes, Consumer<ByteBuffer> arguments)
      throws IOException {
    int id = ++xid;
    ByteBuffer out =
        ByteBuffer.allocate(RpcMessage.CALL_HEADER + credentials.length + argumentBytes);
    int mark = RpcMessage.beginCall(out, id, program, version, procedure, credentials);
    arguments.accept(out);
    RpcMessage.endCall(out, mark);
    long deadline = System.nanoTime() + limitNanos;
    socket.getOutputStream().write(out.array(), 0, out.position());
    while (true) {
      ByteBuffer record = receive(deadline);
      if (Xdr.getInt(record) == id) {
        RpcMessage.readReplyHead(record);
        return record;
      }
    }
  }

  private ByteBuffer receive(long deadline) throws IOException {
    while (true) {
      @Nullable ByteBuffer record = records.next(in);
      if (record != null) {
        return record;
      }
      long left = (deadline - System.nanoTime()) / 1_000_000;
      if (left <= 0) {
        throw new SocketTimeoutException("no reply within the time limit");
      }
      in.compact();
      socket.setSoTimeout((int) Math.min(left, Integer.MAX_VALUE));
      int count = socket.getInputStream().read(in.array(), in.position(), in.remaining());
      if (count < 0) {
        in.flip();
        throw new EOFException("the server closed the connection");
      }
      in.position(in.position() + count).flip();
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
