package org.opendvx.core.pool.remote;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.datanode.DataNodeServer;
import org.opendvx.core.pool.datanode.DataNodeSettings;
import org.opendvx.core.pool.datanode.Doorkeeper;
import org.opendvx.core.pool.datanode.HostCoder;
import org.opendvx.core.pool.local.LocalPool;
import org.opendvx.core.pool.local.LocalPoolConfig;
import org.opendvx.core.pool.wire.NodeTls;

/** A data node in this process, and clients of it. */
public final class TestDataNode implements AutoCloseable {
  static final String TOKEN = "once";
  private static final String LOOPBACK = "127.0.0.1";

  private final LocalPoolConfig config;
  private final Door door = new Door();
  private final List<RemotePool> clients = new ArrayList<>();
  private LocalPool pool;
  private DataNodeServer server;

  /** Knows a few hosts; takes one token once. */
  static final class Door implements Doorkeeper {
    private final Map<String, String> hosts = new ConcurrentHashMap<>();
    private boolean used;

    @Override
    public Optional<String> hostOf(String fingerprint) {
      return Optional.ofNullable(hosts.get(fingerprint));
    }

    @Override
    public synchronized void join(String fingerprint, String host, String token) {
      if (used || !token.equals(TOKEN)) {
        throw DvxException.of(Kind.DENIED, "The token is not good").build();
      }
      used = true;
      hosts.put(fingerprint, host);
    }

    @Override
    public boolean remove(String host) {
      return hosts.values().removeIf(host::equals);
    }

    void know(String fingerprint, String host) {
      hosts.put(fingerprint, host);
    }
  }

  private TestDataNode(LocalPoolConfig config) {
    this.config = config;
    HostCoder coder = new HostCoder();
    pool = LocalPool.open(config, coder);
    server = serve(coder, 0);
    door.know(TestIdentity.of("host-a").fingerprint(), "host-a");
  }

  /** A new pool on so many drives, served. */
  public static TestDataNode start(Path folder, int drives) {
    LocalPoolConfig config = config(folder, drives);
    LocalPool.create(config);
    return new TestDataNode(config);
  }

  static LocalPoolConfig config(Path folder, int drives) {
    return LocalPoolConfig.of(
            IntStream.range(0, drives).mapToObj(i -> folder.resolve("drive" + i)).toList())
        .withJournal(1 << 20, 4)
        .withTimes(Duration.ofSeconds(20), Duration.ofMillis(50));
  }

  static DataNodeServer serve(
      LocalPool pool, HostCoder coder, NodeTls.Identity identity, Doorkeeper door, int port) {
    return DataNodeServer.start(DataNodeSettings.of(LOOPBACK, port), pool, coder, identity, door);
  }

  private DataNodeServer serve(HostCoder coder, int port) {
    return serve(pool, coder, TestIdentity.of("datanode"), door, port);
  }

  LocalPool pool() {
    return pool;
  }

  DataNodeServer server() {
    return server;
  }

  Door door() {
    return door;
  }

  RemoteSettings settings() {
    return RemoteSettings.of(
        LOOPBACK, server.address().getPort(), TestIdentity.of("datanode").fingerprint());
  }

  /** A new client that has joined. */
  public RemotePool client() {
    RemotePool client = RemotePool.open(settings(), TestIdentity.of("host-a"));
    clients.add(client);
    return client;
  }

  /** Stops it and starts it on the same port, as a new process would. */
  void restart() {
    int port = server.address().getPort();
    server.close();
    pool.close();
    HostCoder coder = new HostCoder();
    pool = LocalPool.open(config, coder);
    server = serve(coder, port);
  }

  @Override
  public void close() {
    clients.forEach(RemotePool::close);
    server.close();
    pool.close();
  }
}
