package org.opendvx.server.torture;

import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.opendvx.server.api.NodeFile;
import org.opendvx.server.bench.rpc.Credentials;
import org.opendvx.server.bench.rpc.Nfs3;
import org.opendvx.server.bench.rpc.NfsException;
import org.opendvx.server.bench.rpc.NfsSession;
import org.opendvx.server.bench.rpc.Target;
import org.opendvx.server.lab.HostLab;

/**
 * Calls over NFS as a hypervisor on a hard mount makes them: again until they are answered, at
 * another host only when the one that was asked is dead. Confined to one thread.
 */
final class HostClient implements AutoCloseable {
  /** Longer than any host is stopped: a call to one that lives is not given up. */
  private static final Duration CALL = Duration.ofSeconds(90);

  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(150);
  private static final long PAUSE_MILLIS = 30;
  private static final Credentials WHO = new Credentials("torture", 0, 0);

  private final HostLab lab;
  private final Random random;
  private final Map<String, NfsSession> sessions = new HashMap<>();
  private final Map<String, NodeFile> reached = new HashMap<>();

  HostClient(HostLab lab, Random random) {
    this.lab = lab;
    this.random = random;
  }

  /** A call at some host. */
  interface Call<T> {
    /** Makes it. */
    T make(NfsSession session) throws IOException;
  }

  /** Makes a call until it is answered. */
  <T> T persist(Call<T> call) throws IOException, InterruptedException {
    long end = System.nanoTime() + PATIENCE_NANOS;
    String host = null;
    while (true) {
      host = chosen(host);
      if (host != null) {
        try {
          return call.make(session(host));
        } catch (NfsException e) {
          if (e.status() != Nfs3.ERR_JUKEBOX || System.nanoTime() - end > 0) {
            throw e;
          }
        } catch (IOException e) {
          drop(host);
          if (System.nanoTime() - end > 0) {
            throw e;
          }
        }
      } else if (System.nanoTime() - end > 0) {
        throw new IOException("no host serves");
      }
      Thread.sleep(PAUSE_MILLIS);
    }
  }

  /** Makes a call at one host, which serves, until it is answered there. */
  <T> T persistAt(String host, Call<T> call) throws IOException, InterruptedException {
    long end = System.nanoTime() + PATIENCE_NANOS;
    while (true) {
      try {
        return call.make(session(host));
      } catch (NfsException e) {
        if (e.status() != Nfs3.ERR_JUKEBOX || System.nanoTime() - end > 0) {
          throw e;
        }
      } catch (IOException e) {
        drop(host);
        if (System.nanoTime() - end > 0) {
          throw e;
        }
      }
      Thread.sleep(PAUSE_MILLIS);
    }
  }

  /** The same host as before while it serves. */
  private @Nullable String chosen(@Nullable String before) {
    List<String> serving = lab.serving().keySet().stream().sorted().toList();
    if (before != null && serving.contains(before)) {
      return before;
    }
    return serving.isEmpty() ? null : serving.get(random.nextInt(serving.size()));
  }

  private NfsSession session(String host) throws IOException {
    NodeFile node = lab.serving().get(host);
    if (node == null) {
      throw new IOException(host + " is dead");
    }
    NfsSession open = sessions.get(host);
    if (open != null && node.equals(reached.get(host))) {
      return open;
    }
    drop(host);
    NfsSession made =
        NfsSession.open(
            new Target(
                node.address(), node.export(), node.nfsPort(), node.mountPort(), WHO, CALL, false));
    sessions.put(host, made);
    reached.put(host, node);
    return made;
  }

  private void drop(String host) throws IOException {
    NfsSession open = sessions.remove(host);
    if (open != null) {
      open.close();
    }
  }

  @Override
  public void close() throws IOException {
    for (String host : List.copyOf(sessions.keySet())) {
      drop(host);
    }
  }
}
