package org.opendvx.core.cluster;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Passes TCP connections on. From {@link #swallow} on, those that there are carry nothing any more
 * and are not closed, as behind a firewall that forgot them; new ones are passed on.
 */
final class SwallowingProxy implements AutoCloseable {
  private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
  private final int target;
  private final List<Pair> pairs = new CopyOnWriteArrayList<>();

  /** The two sides of a connection. */
  private static final class Pair {
    private final Socket near;
    private final Socket far;
    private volatile boolean swallows;

    Pair(Socket near, Socket far) {
      this.near = near;
      this.far = far;
    }

    private void pass(Socket from, Socket to) {
      byte[] buffer = new byte[1 << 16];
      try (InputStream in = from.getInputStream();
          OutputStream out = to.getOutputStream()) {
        for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
          if (!swallows) {
            out.write(buffer, 0, count);
            out.flush();
          }
        }
      } catch (IOException _) {
        // The connection is over, which its other side learns by the sockets being closed.
      }
    }
  }

  SwallowingProxy(String endpoint) throws IOException {
    target = Integer.parseInt(endpoint.substring(endpoint.lastIndexOf(':') + 1));
    Thread _ = Thread.ofVirtual().name("proxy").start(this::accept);
  }

  private void accept() {
    try {
      while (true) {
        Socket near = listener.accept();
        Pair pair = new Pair(near, new Socket(InetAddress.getLoopbackAddress(), target));
        pairs.add(pair);
        Thread _ = Thread.ofVirtual().start(() -> pair.pass(pair.near, pair.far));
        Thread _ = Thread.ofVirtual().start(() -> pair.pass(pair.far, pair.near));
      }
    } catch (IOException _) {
      // It was closed.
    }
  }

  String endpoint() {
    return "127.0.0.1:" + listener.getLocalPort();
  }

  int connections() {
    return pairs.size();
  }

  void swallow() {
    pairs.forEach(pair -> pair.swallows = true);
  }

  @Override
  public void close() throws IOException {
    listener.close();
    for (Pair pair : pairs) {
      pair.near.close();
      pair.far.close();
    }
  }
}
