package org.opendvx.server.demo.engine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.opendvx.rhv.sim.HostMount;
import org.opendvx.server.bench.rpc.Nfs3;
import org.opendvx.server.bench.rpc.NfsException;
import org.opendvx.server.bench.rpc.NfsSession;

/**
 * A host's mount of the storage domain: every operation is NFS calls, made as vdsm. It removes the
 * files that it made, no others. One call at a time.
 */
final class NfsMount implements HostMount, AutoCloseable {
  private final NfsSession session;
  private final Map<String, Set<String>> made = new HashMap<>();

  /** Over a session on the domain's export. */
  NfsMount(NfsSession session) {
    this.session = session;
  }

  private interface Work<T> {
    T run() throws IOException;
  }

  private static <T> T nfs(Work<T> work) {
    try {
      return work.run();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String parent(String path) {
    return path.substring(0, path.lastIndexOf('/'));
  }

  private static String name(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  private byte[] file(String path) throws IOException {
    return session
        .lookup(session.directory(parent(path)), name(path))
        .orElseThrow(() -> new IOException("no file " + path))
        .handle();
  }

  @Override
  public boolean exists(String path) {
    return nfs(
        () -> {
          try {
            return session.lookup(session.directory(parent(path)), name(path)).isPresent();
          } catch (NfsException e) {
            if (e.status() == Nfs3.ERR_NOENT) {
              return false;
            }
            throw e;
          }
        });
  }

  @Override
  public void makeFolders(String path) {
    nfs(() -> folders(path));
  }

  private byte[] folders(String path) throws IOException {
    byte[] at = session.root();
    for (String each : path.split("/", -1)) {
      if (!each.isEmpty()) {
        var found = session.lookup(at, each);
        at = found.isPresent() ? found.get().handle() : session.makeDirectory(at, each).handle();
      }
    }
    return at;
  }

  @Override
  public void makeFile(String path, long size) {
    nfs(
        () -> {
          byte[] file = session.create(folders(parent(path)), name(path)).handle();
          session.resize(file, size);
          made.computeIfAbsent(parent(path), _ -> new LinkedHashSet<>()).add(name(path));
          return size;
        });
  }

  @Override
  public void write(String path, long offset, byte[] content) {
    nfs(() -> session.write(file(path), offset, content));
  }

  @Override
  public void removeFolder(String path) {
    nfs(
        () -> {
          byte[] folder = session.directory(path);
          Set<String> names = made.remove(path);
          if (names != null) {
            for (String each : names) {
              session.remove(folder, each);
            }
          }
          session.removeDirectory(session.directory(parent(path)), name(path));
          return true;
        });
  }

  @Override
  public void close() throws IOException {
    session.close();
  }
}
