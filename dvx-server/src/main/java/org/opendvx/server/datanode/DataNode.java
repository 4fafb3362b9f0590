package org.opendvx.server.datanode;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.Pool;
import org.opendvx.core.pool.datanode.DataNodeServer;
import org.opendvx.core.pool.datanode.DataNodeSettings;
import org.opendvx.core.pool.datanode.HostCoder;
import org.opendvx.core.pool.local.LocalPool;
import org.opendvx.core.pool.local.LocalPoolConfig;
import org.opendvx.core.pool.wire.NodeTls;
import org.opendvx.server.config.DataNodeConfig;
import org.opendvx.server.config.DataNodeSection;
import org.opendvx.server.node.DataFolder;
import org.opendvx.server.security.PrivateFiles;

/** A running data node: its drives and the server on them. */
public final class DataNode implements AutoCloseable {
  private final DataFolder folder;
  private final LocalPool pool;
  private final DataNodeServer server;
  private final String fingerprint;

  private DataNode(DataFolder folder, LocalPool pool, DataNodeServer server, String fingerprint) {
    this.folder = folder;
    this.pool = pool;
    this.server = server;
    this.fingerprint = fingerprint;
  }

  /** How it is reached. */
  public record Address(long pid, String address, int port, String certificateSha256) {}

  /** Starts a data node, which makes its pool at the first start. */
  public static DataNode start(DataNodeConfig config) {
    DataNodeSection section = config.datanode();
    DataFolder folder = DataFolder.open(section.data());
    LocalPool pool = null;
    boolean done = false;
    try {
      folder.claim();
      NodeTls.Identity identity = JoinedDataNode.identity(folder.root());
      HostCoder coder = new HostCoder();
      pool = pool(config, folder, coder);
      DataNodeSettings usual = DataNodeSettings.of(section.listen(), section.port());
      DataNodeServer server =
          DataNodeServer.start(
              new DataNodeSettings(
                  usual.listen(),
                  usual.port(),
                  usual.lease(),
                  usual.silence(),
                  section.maxConnections()),
              pool,
              coder,
              identity,
              new JoinedHosts(folder.root(), Clock.systemUTC()));
      done = true;
      return new DataNode(folder, pool, server, identity.fingerprint());
    } finally {
      if (!done) {
        if (pool != null) {
          pool.close();
        }
        folder.close();
      }
    }
  }

  /** Drives that were in use once are never taken for empty ones. */
  private static LocalPool pool(DataNodeConfig config, DataFolder folder, HostCoder coder) {
    List<Path> folders =
        config.drives().folders().isEmpty() ? folder.defaultDrives() : config.drives().folders();
    LocalPoolConfig drives =
        LocalPoolConfig.of(folders)
            .withDriveCapacity(config.drives().capacity().bytes())
            .withCare(config.drives().care());
    Path note = folder.root().resolve("pool.id");
    try {
      LocalPool pool = LocalPool.open(drives, coder);
      note(note, pool);
      return pool;
    } catch (DvxException e) {
      if (Files.exists(note) || e.kind() != Kind.NOT_FOUND) {
        throw e;
      }
      LocalPool.create(drives);
      LocalPool pool = LocalPool.open(drives, coder);
      note(note, pool);
      return pool;
    }
  }

  private static void note(Path note, Pool pool) {
    if (!Files.exists(note)) {
      PrivateFiles.write(note, (pool.id() + "\n").getBytes(StandardCharsets.UTF_8));
    }
  }

  /** Makes a token with which a host can join the data node of a folder, running or not. */
  public static String newToken(Path data, Duration time) {
    PrivateFiles.createFolder(data);
    return new JoinedHosts(data, Clock.systemUTC()).newToken(time);
  }

  /** Shuts a host out of the data node of a folder, running or not; false when it is not known. */
  public static boolean remove(Path data, String host) {
    return new JoinedHosts(data, Clock.systemUTC()).remove(host);
  }

  /** SHA-256 of the certificate of a folder's data node, which is made when there is none. */
  public static String fingerprint(Path data) {
    PrivateFiles.createFolder(data);
    return JoinedDataNode.identity(data).fingerprint();
  }

  /** How it is reached. */
  public Address address() {
    return new Address(
        ProcessHandle.current().pid(),
        server.address().getHostString(),
        server.address().getPort(),
        fingerprint);
  }

  /** The pool's state in one sentence. */
  public String summary() {
    return pool.status().summary();
  }

  @Override
  public void close() {
    try (folder;
        pool;
        server) {
      // Closed in the order: server, pool, folder.
    }
  }
}
