package org.opendvx.core.nfs.portmap;

import java.io.IOException;
import java.net.BindException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Asks the portmapper of this machine (version 2, over UDP). Registration is taken only from a
 * privileged port. Blocks, for at most {@value #TRIES} times {@value #WAIT_MILLIS} ms a call.
 */
final class PortmapClient implements AutoCloseable {
  static final int SET = 1;
  static final int UNSET = 2;
  static final int GETPORT = 3;

  private static final int TRIES = 3;
  private static final int WAIT_MILLIS = 500;
  private static final int VERSION = 2;
  private static final int LOWEST_PRIVILEGED = 600;
  private static final int HIGHEST_PRIVILEGED = 1023;
  private static final int BIND_TRIES = 64;
  private static final int REPLY_HEADER = 24;

  private final DatagramSocket socket;
  private int xid = ThreadLocalRandom.current().nextInt();

  /** Opens a socket on a privileged port. */
  PortmapClient(InetSocketAddress portmapper) throws IOException {
    socket = privileged();
    socket.connect(portmapper);
    socket.setSoTimeout(WAIT_MILLIS);
  }

  /** Calls a procedure that takes a mapping and returns a number. */
  int call(int procedure, PortMapping mapping) throws IOException {
    xid++;
    ByteBuffer call = ByteBuffer.allocate(56);
    call.putInt(xid).putInt(0).putInt(2);
    call.putInt(PortmapProgram.NUMBER).putInt(VERSION).putInt(procedure);
    call.putLong(0).putLong(0); // no credential, no verifier
    call.putInt(mapping.program()).putInt(mapping.version());
    call.putInt(mapping.protocol().number()).putInt(mapping.port());
    for (int i = 0; i < TRIES; i++) {
      socket.send(new DatagramPacket(call.array(), call.position()));
      ByteBuffer reply = receive();
      if (reply.remaining() >= REPLY_HEADER + 4) {
        if (reply.getInt(8) != 0 || reply.getInt(20) != 0) {
          throw new IOException("the portmapper refused the call");
        }
        return reply.getInt(REPLY_HEADER);
      }
    }
    throw new SocketTimeoutException("the portmapper does not answer");
  }

  @Override
  public void close() {
    socket.close();
  }

  /** The reply to the last call; empty when none came in time. */
  private ByteBuffer receive() throws IOException {
    byte[] bytes = new byte[512];
    try {
      for (int i = 0; i < TRIES; i++) {
        DatagramPacket packet = new DatagramPacket(bytes, bytes.length);
        socket.receive(packet);
        ByteBuffer reply = ByteBuffer.wrap(bytes, 0, packet.getLength());
        if (reply.remaining() >= 4 && reply.getInt(0) == xid) {
          return reply;
        }
      }
    } catch (SocketTimeoutException e) {
      // Datagrams get lost; the caller tries again.
    }
    return ByteBuffer.allocate(0);
  }

  private static DatagramSocket privileged() throws IOException {
    InetAddress loopback = InetAddress.getByAddress(new byte[] {127, 0, 0, 1});
    IOException last = new BindException("no privileged port is free");
    for (int i = 0; i < BIND_TRIES; i++) {
      int port = ThreadLocalRandom.current().nextInt(LOWEST_PRIVILEGED, HIGHEST_PRIVILEGED + 1);
      try {
        return new DatagramSocket(port, loopback);
      } catch (IOException e) {
        last = e;
      }
    }
    throw last;
  }
}
