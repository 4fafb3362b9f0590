package org.opendvx.coordinator.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The network between an agent and the coordinator, which a test can cut, or make swallow all that
 * is sent. Listens on a port of the kernel's choice. Thread-safe.
 */
public final class TcpProxy implements AutoCloseable {
  private final ServerSocket listener;
  private volatile int target;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private volatile boolean silent;
  private volatile boolean down;

  /** In front of a port of this machine. */
  public TcpProxy(int target) throws IOException {
    this.target = target;
    this.listener = new ServerSocket(0, 16, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().name("proxy").start(this::accept);
  }

  /** {@code host:port} for the agent. */
  public String address() {
    return "127.0.0.1:" + listener.getLocalPort();
  }

  /** Leads to another port, for new connections. */
  public void target(int port) {
    target = port;
  }

  /** From now on nothing arrives, and nobody is told. */
  public void swallow() {
    silent = true;
  }

  /** Whether it was cut or swallows. */
  public boolean broken() {
    return down || silent;
  }

  /** Ends all connections, and refuses new ones. */
  public void cut() {
    down = true;
    open.forEach(TcpProxy::end);
    open.clear();
  }

  /** Works again, for new connections. */
  public void mend() {
    cut();
    silent = false;
    down = false;
  }

  private void accept() {
    while (!listener.isClosed()) {
      try {
        Socket near = listener.accept();
        if (down) {
          near.close();
          continue;
        }
        Socket far = new Socket(InetAddress.getLoopbackAddress(), target);
        near.setTcpNoDelay(true);
        far.setTcpNoDelay(true);
        open.add(near);
        open.add(far);
        Thread.ofVirtual().start(() -> pump(near, far));
        Thread.ofVirtual().start(() -> pump(far, near));
      } catch (IOException e) {
        // Closed, or the coordinator is: the agent tries again.
        open.forEach(TcpProxy::end);
      }
    }
  }

  private void pump(Socket from, Socket to) {
    byte[] bytes = new byte[16 << 10];
    try (from;
        to) {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      for (int n = in.read(bytes); n >= 0; n = in.read(bytes)) {
        if (!silent) {
          out.write(bytes, 0, n);
        }
      }
    } catch (IOException e) {
      // The other direction, or cut(), closed them.
      end(to);
    }
    open.remove(from);
    open.remove(to);
  }

  private static void end(Socket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
    cut();
  }
}
