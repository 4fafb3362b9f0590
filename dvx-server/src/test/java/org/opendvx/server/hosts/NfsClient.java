package org.opendvx.server.hosts;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import org.opendvx.server.api.NodeFile;
import org.opendvx.server.bench.rpc.Credentials;
import org.opendvx.server.bench.rpc.Nfs3;
import org.opendvx.server.bench.rpc.NfsException;
import org.opendvx.server.bench.rpc.NfsSession;
import org.opendvx.server.bench.rpc.NfsSession.RemoteFile;
import org.opendvx.server.bench.rpc.RpcCaller;
import org.opendvx.server.bench.rpc.Target;
import org.opendvx.server.bench.rpc.Xdr;

/**
 * A client of one host over TCP. A call that is told to come again (JUKEBOX) does, until the
 * client's patience ends; then, and when the connection breaks, it fails. Confined to one thread.
 */
final class NfsClient implements AutoCloseable {
  private static final Credentials WHO = new Credentials("test", 0, 0);
  private static final int EXCLUSIVE = 2;
  private static final int RENAME = 14;
  private static final long PAUSE_MILLIS = 20;

  private final NfsSession session;
  private final RpcCaller caller;
  private final long patienceNanos;

  private NfsClient(NfsSession session, RpcCaller caller, long patienceNanos) {
    this.session = session;
    this.caller = caller;
    this.patienceNanos = patienceNanos;
  }

  /**
   * Mounts.
   *
   * @param callLimit after which a call without an answer fails
   * @param patience how long a call is repeated that is told to come again
   */
  static NfsClient mount(NodeFile node, Duration callLimit, Duration patience) throws IOException {
    Target target =
        new Target(node.address(), "/dvx", node.nfsPort(), node.mountPort(), WHO, callLimit, false);
    NfsSession session = NfsSession.open(target);
    try {
      return new NfsClient(
          session, RpcCaller.connect(session.address(), WHO, callLimit, false), patience.toNanos());
    } catch (IOException e) {
      session.close();
      throw e;
    }
  }

  /** One call. */
  interface Call<T> {
    /** Makes it. */
    T make() throws IOException;
  }

  private <T> T patiently(Call<T> call) throws IOException {
    long end = System.nanoTime() + patienceNanos;
    while (true) {
      try {
        return call.make();
      } catch (NfsException e) {
        if (e.status() != Nfs3.ERR_JUKEBOX || System.nanoTime() - end > 0) {
          throw e;
        }
        pause();
      }
    }
  }

  private static void pause() throws IOException {
    try {
      Thread.sleep(PAUSE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  byte[] root() {
    return session.root();
  }

  byte[] folder(String name) throws IOException {
    return patiently(() -> session.makeDirectory(session.root(), name)).handle();
  }

  byte[] file(byte[] directory, String name) throws IOException {
    return patiently(() -> session.create(directory, name)).handle();
  }

  Optional<byte[]> lookup(byte[] directory, String name) throws IOException {
    return patiently(() -> session.lookup(directory, name)).map(RemoteFile::handle);
  }

  void write(byte[] file, long offset, byte[] bytes) throws IOException {
    int count = patiently(() -> session.write(file, offset, bytes));
    if (count != bytes.length) {
      throw new IOException("only " + count + " bytes were taken");
    }
  }

  byte[] read(byte[] file, long offset, int length) throws IOException {
    return patiently(() -> session.read(file, offset, length));
  }

  void remove(byte[] directory, String name) throws IOException {
    patiently(
        () -> {
          session.remove(directory, name);
          return true;
        });
  }

  /** CREATE, exclusive: the status. The verifier makes a repeated call the same one. */
  int createExclusively(byte[] directory, String name, long verifier) throws IOException {
    return status(
        Nfs3.CREATE,
        out -> {
          Xdr.putOpaque(out, directory);
          Xdr.putString(out, name);
          out.putInt(EXCLUSIVE).putLong(verifier);
        });
  }

  /** RENAME: the status. */
  int rename(byte[] from, String name, byte[] to, String other) throws IOException {
    return status(
        RENAME,
        out -> {
          Xdr.putOpaque(out, from);
          Xdr.putString(out, name);
          Xdr.putOpaque(out, to);
          Xdr.putString(out, other);
        });
  }

  private int status(int procedure, java.util.function.Consumer<ByteBuffer> arguments)
      throws IOException {
    long end = System.nanoTime() + patienceNanos;
    while (true) {
      int status = Xdr.getInt(caller.call(Nfs3.PROGRAM, Nfs3.VERSION, procedure, arguments));
      if (status != Nfs3.ERR_JUKEBOX || System.nanoTime() - end > 0) {
        return status;
      }
      pause();
    }
  }

  @Override
  public void close() throws IOException {
    try (session) {
      caller.close();
    }
  }
}
