package org.opendvx.server.datanode;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.datanode.DataNodeServer;
import org.opendvx.core.pool.datanode.DataNodeSettings;
import org.opendvx.core.pool.datanode.HostCoder;
import org.opendvx.core.pool.local.LocalPool;
import org.opendvx.core.pool.local.LocalPoolConfig;
import org.opendvx.core.pool.wire.NodeTls;
import org.opendvx.server.api.NodeAccess;
import org.opendvx.server.config.DataNodeConfig;
import org.opendvx.server.config.DataNodeSection;
import org.opendvx.server.metrics.PoolMetrics;
import org.opendvx.server.node.DataFolder;
import org.opendvx.server.node.RestFront;
import org.opendvx.server.node.Stack;
import org.opendvx.server.rest.ActivityResource;
import org.opendvx.server.rest.DrivesResource;
import org.opendvx.server.rest.PublicResource;
import org.opendvx.server.rest.RestServer;
import org.opendvx.server.rest.TokensResource;
import org.opendvx.server.security.PrivateFiles;
import org.opendvx.server.service.DriveFolders;
import org.opendvx.server.service.DriveService;
import org.opendvx.server.service.EventLog;
import org.opendvx.server.service.NodeFacts;
import org.opendvx.server.service.PoolWatch;
import org.opendvx.server.service.TaskRegistry;

/** A running data node: its drives, the server on them for hosts, and REST for its people. */
public final class DataNode implements AutoCloseable {
  private static final Duration LOOK_AT_POOL = Duration.ofSeconds(1);

  private final Stack opened;
  private final LocalPool pool;
  private final Address address;
  private final NodeAccess access;
  private final AtomicBoolean closed = new AtomicBoolean();

  private DataNode(Stack opened, LocalPool pool, Address address, NodeAccess access) {
    this.opened = opened;
    this.pool = pool;
    this.address = address;
    this.access = access;
  }

  /**
   * How it is reached.
   *
   * @param address where it listens for hosts
   * @param port for hosts
   * @param certificateSha256 that hosts pin
   * @param rest base address of REST, whose certificate is another one
   */
  public record Address(
      long pid, String address, int port, String certificateSha256, String rest) {}

  /**
   * Starts a data node, which makes its pool at the first start. When it fails, nothing stays open.
   *
   * @param version of the program
   */
  public static DataNode start(DataNodeConfig config, String version, Clock clock) {
    Stack opened = new Stack();
    try {
      return start(config, version, clock, opened);
    } catch (RuntimeException | Error e) {
      opened.close();
      throw e;
    }
  }

  private static DataNode start(DataNodeConfig config, String version, Clock clock, Stack opened) {
    DataFolder folder = opened.push("data folder", DataFolder.open(config.datanode().data()));
    folder.claim();
    RestFront front = RestFront.open(config.rest(), folder, clock);
    NodeTls.Identity identity = JoinedDataNode.identity(folder.root());
    HostCoder coder = new HostCoder();
    DriveFolders folders = folder.driveFolders(config.drives());
    Path note = folder.root().resolve("pool.id");
    LocalPool pool = opened.push("pool", pool(config, note, folders.all(), coder));
    if (!Files.exists(note)) {
      PrivateFiles.write(note, (pool.id() + "\n").getBytes(StandardCharsets.UTF_8));
    }
    DataNodeServer server =
        opened.push(
            "hosts",
            DataNodeServer.start(
                settings(config.datanode()),
                pool,
                coder,
                identity,
                new JoinedHosts(folder.root(), clock)));
    RestServer rest = rest(front, version, clock, pool, folders, opened);
    NodeAccess access = front.access(rest);
    front.announce(access);
    Address address =
        new Address(
            access.pid(),
            server.address().getHostString(),
            server.address().getPort(),
            identity.fingerprint(),
            access.rest());
    return new DataNode(opened, pool, address, access);
  }

  private static DataNodeSettings settings(DataNodeSection section) {
    DataNodeSettings usual = DataNodeSettings.of(section.listen(), section.port());
    return new DataNodeSettings(
        usual.listen(), usual.port(), usual.lease(), usual.silence(), section.maxConnections());
  }

  /** What people and monitoring ask a data node, by the same classes as at a node. */
  private static RestServer rest(
      RestFront front,
      String version,
      Clock clock,
      LocalPool pool,
      DriveFolders folders,
      Stack opened) {
    PoolMetrics metrics = opened.push("metrics", new PoolMetrics(version, pool));
    metrics.drives(pool.care()::status);
    EventLog events = new EventLog(clock);
    front.warnOfExpiry(events, clock.instant());
    opened.push("pool watch", new PoolWatch(pool, events).start(LOOK_AT_POOL));
    TaskRegistry tasks = opened.push("tasks", new TaskRegistry(clock));
    return opened.push(
        "REST",
        front.start(
            metrics.registry(),
            List.of(
                new DrivesResource(new DriveService(pool, null, pool.care(), folders, events)),
                new PublicResource(() -> NodeFacts.state(pool.status().health()), metrics::scrape),
                new ActivityResource(tasks, events),
                new TokensResource(front.tokens(), events))));
  }

  /** Drives that were in use once are never taken for empty ones. */
  private static LocalPool pool(
      DataNodeConfig config, Path note, List<Path> folders, HostCoder coder) {
    LocalPoolConfig drives =
        LocalPoolConfig.of(folders)
            .withDriveCapacity(config.drives().capacity().bytes())
            .withCare(config.drives().care());
    try {
      return LocalPool.open(drives, coder);
    } catch (DvxException e) {
      if (Files.exists(note) || e.kind() != Kind.NOT_FOUND) {
        throw e;
      }
      LocalPool.create(drives);
      return LocalPool.open(drives, coder);
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
    return address;
  }

  /** How its REST is reached. */
  public NodeAccess access() {
    return access;
  }

  /** The pool's state in one sentence. */
  public String summary() {
    return pool.status().summary();
  }

  /** Stops in order: REST, the server for hosts, the pool, the folder. */
  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      opened.close();
    }
  }
}
