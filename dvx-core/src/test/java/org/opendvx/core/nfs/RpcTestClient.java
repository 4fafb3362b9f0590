package org.opendvx.core.nfs;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import org.opendvx.core.nfs.xdr.Xdr;
import org.opendvx.core.nfs.xdr.XdrReader;

/** A plain, blocking RPC client over one TCP connection. */
final class RpcTestClient implements AutoCloseable {
  private static final int TIMEOUT_MILLIS = 20_000;
  private static final int LAST_FRAGMENT = 1 << 31;

  private final Socket socket = new Socket();
  private final DataInputStream in;
  private final OutputStream out;
  private int uid;
  private int gid;
  private int xid = ThreadLocalRandom.current().nextInt();

  /** A reply: its header's accept state, -1 when it was denied, and what follows. */
  record Reply(int xid, int state, XdrReader body) {}

  RpcTestClient(int port) throws IOException {
    socket.setSoTimeout(TIMEOUT_MILLIS);
    socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), TIMEOUT_MILLIS);
    socket.setTcpNoDelay(true);
    in = new DataInputStream(socket.getInputStream());
    out = socket.getOutputStream();
  }

  /** Acts as another user from now on. */
  RpcTestClient as(int newUid, int newGid) {
    uid = newUid;
    gid = newGid;
    return this;
  }

  int nextXid() {
    return ++xid;
  }

  /** One call and its reply. */
  Reply call(int program, int version, int procedure, Consumer<ByteBuf> arguments)
      throws IOException {
    int id = nextXid();
    send(message(id, program, version, procedure, arguments));
    Reply reply = receive();
    if (reply.xid() != id) {
      throw new IOException("reply to another call");
    }
    return reply;
  }

  /** A whole call message without a record mark. */
  ByteBuf message(int id, int program, int version, int procedure, Consumer<ByteBuf> arguments) {
    ByteBuf message = Unpooled.buffer();
    message.writeInt(id).writeInt(0).writeInt(2);
    message.writeInt(program).writeInt(version).writeInt(procedure);
    ByteBuf credential = Unpooled.buffer();
    credential.writeInt(0);
    Xdr.writeOpaque(credential, new byte[] {'t', 'e', 's', 't', 's'});
    credential.writeInt(uid).writeInt(gid).writeInt(1).writeInt(gid);
    message.writeInt(1).writeInt(credential.readableBytes()).writeBytes(credential);
    message.writeLong(0);
    arguments.accept(message);
    return message;
  }

  /** Sends a message as one record of one fragment. */
  void send(ByteBuf message) throws IOException {
    byte[] bytes = new byte[message.readableBytes()];
    message.readBytes(bytes);
    sendRaw(Unpooled.buffer().writeInt(LAST_FRAGMENT | bytes.length).writeBytes(bytes));
  }

  /** Sends bytes as they are. */
  void sendRaw(ByteBuf bytes) throws IOException {
    bytes.readBytes(out, bytes.readableBytes());
    out.flush();
  }

  /** The next reply. */
  Reply receive() throws IOException {
    ByteBuf record = Unpooled.buffer();
    int mark;
    do {
      mark = in.readInt();
      byte[] fragment = new byte[mark & ~LAST_FRAGMENT];
      in.readFully(fragment);
      record.writeBytes(fragment);
    } while (mark >= 0);
    XdrReader body = XdrReader.over(record);
    int id = body.readInt();
    if (body.readInt() != 1) {
      throw new IOException("not a reply");
    }
    if (body.readInt() != 0) {
      return new Reply(id, -1, body);
    }
    body.readLong();
    return new Reply(id, body.readInt(), body);
  }

  /** Whether the server closes the connection, rather than sending something. */
  boolean isClosedByServer() throws IOException {
    try {
      return in.read() < 0;
    } catch (SocketException e) {
      return true; // reset
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
