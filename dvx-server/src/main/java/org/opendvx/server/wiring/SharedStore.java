package org.opendvx.server.wiring;

import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.cache.FlashCache;
import org.opendvx.core.clean.Cleaner;
import org.opendvx.core.clean.CleanerSettings;
import org.opendvx.core.clean.CleanerStatus;
import org.opendvx.core.clean.ResealStatus;
import org.opendvx.core.clean.RoundReport;
import org.opendvx.core.cluster.BootClock;
import org.opendvx.core.cluster.ClusterHost;
import org.opendvx.core.cluster.ClusterSettings;
import org.opendvx.core.cluster.NettyPeers;
import org.opendvx.core.cluster.PeerBook;
import org.opendvx.core.cluster.PeerTls;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.DatastoreSettings;
import org.opendvx.core.datastore.DvxDatastore;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.datastore.PoolRing;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.peer.PeerSettings;
import org.opendvx.core.peer.PeerTier;
import org.opendvx.core.peer.SharedNetwork;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.remote.RemotePool;
import org.opendvx.core.pool.wire.NodeTls;
import org.opendvx.server.config.CleanerSection;
import org.opendvx.server.config.HostSection;
import org.opendvx.server.config.MemorySection;
import org.opendvx.server.config.NodeConfig;
import org.opendvx.server.config.PoolSection;
import org.opendvx.server.datanode.JoinedDataNode;
import org.opendvx.server.node.DataFolder;
import org.opendvx.server.node.SharedHost;
import org.opendvx.server.node.Store;
import org.opendvx.server.security.PrivateFiles;

/** The datastore that this host shows with others, over the pool of a data node. */
final class SharedStore implements Store {
  private static final Duration START_LIMIT = Duration.ofMinutes(2);
  private static final Duration FORMAT_LEASE = Duration.ofSeconds(30);
  private static final Epoch FORMAT = new Epoch("agent-format", 1);
  private static final String FORMAT_LOCK = "format";

  /** What another host replays at the most when it takes a root over. */
  private static final Duration CHECKPOINTS = Duration.ofSeconds(3);

  private final RemotePool pool;
  private final PoolRing keys;
  private final FlashTier flash;
  private final SharedHost shared;

  private SharedStore(RemotePool pool, PoolRing keys, FlashTier flash, SharedHost shared) {
    this.pool = pool;
    this.keys = keys;
    this.flash = flash;
    this.shared = shared;
  }

  /** Joins the hosts of the data node's pool; the first one makes the datastore. */
  static SharedStore open(NodeConfig config, DataFolder folder) {
    if (config.pool().kind() != PoolSection.Kind.REMOTE) {
      throw DvxException.of(Kind.INVALID, "This node cannot be one of several hosts")
          .cause("Its pool is on drives of its own")
          .remedy("Set pool.kind: remote and join a data node, or run: dvx serve")
          .build();
    }
    Path note = folder.root().resolve("pool.id");
    boolean fresh = !Files.exists(note);
    JoinedDataNode joined = JoinedDataNode.read(folder.root());
    RemotePool pool =
        RemotePool.open(
            joined.settings().withCallLimit(config.pool().timeout()), joined.identity());
    PoolRing keys = null;
    FlashTier flash = null;
    boolean done = false;
    try {
      if (!fresh) {
        RemoteStore.checkPool(note, pool);
      }
      DatastoreSettings settings = settings(config.memory());
      keys = prepare(config, folder, pool, fresh, settings);
      flash = FlashTier.open(config.flash(), pool.id());
      if (fresh) {
        PrivateFiles.write(note, (pool.id() + "\n").getBytes(StandardCharsets.UTF_8));
      }
      SharedHost shared = join(config, joined.identity(), pool, keys, settings, flash);
      done = true;
      return new SharedStore(pool, keys, flash, shared);
    } finally {
      if (!done) {
        if (flash != null) {
          flash.close();
        }
        if (keys != null) {
          keys.close();
        }
        pool.close();
      }
    }
  }

  private static DatastoreSettings settings(MemorySection memory) {
    return LocalStore.settings(memory).withCheckpoints(CHECKPOINTS);
  }

  /** Keys and datastore are made by one host at a time. */
  private static PoolRing prepare(
      NodeConfig config,
      DataFolder folder,
      RemotePool pool,
      boolean fresh,
      DatastoreSettings settings) {
    if (ClusterHost.formatted(pool)) {
      return ring(config, folder, pool, fresh);
    }
    String name = config.node().name();
    lock(pool, name);
    try {
      PoolRing keys = ring(config, folder, pool, fresh);
      boolean done = false;
      try {
        if (!ClusterHost.formatted(pool)) {
          requireUnused(pool);
          ClusterHost.format(pool, keys.ring(), settings);
        }
        done = true;
        return keys;
      } finally {
        if (!done) {
          keys.close();
        }
      }
    } finally {
      pool.leases().release(FORMAT, FORMAT_LOCK, name);
    }
  }

  /** Any host may make a new data key: the ring is looked at again, with the key read anew. */
  private static PoolRing ring(
      NodeConfig config, DataFolder folder, RemotePool pool, boolean fresh) {
    NodeKeys nodeKeys = new NodeKeys(config.keys(), folder);
    RemoteStore.checkFormat(config, pool);
    if (pool.records().get(NodeKeys.RECORD).isEmpty()) {
      nodeKeys.create(pool.records(), fresh).close();
    }
    return PoolRing.read(pool.records(), nodeKeys.lock());
  }

  private static void lock(RemotePool pool, String name) {
    long end = System.nanoTime() + START_LIMIT.toNanos();
    while (true) {
      try {
        var _ = pool.leases().take(FORMAT, FORMAT_LOCK, name, FORMAT_LEASE);
        return;
      } catch (DvxException e) {
        if (e.kind() != Kind.CONFLICT || System.nanoTime() - end > 0) {
          throw e;
        }
        pause();
      }
    }
  }

  private static void requireUnused(RemotePool pool) {
    for (String key : pool.records().keys("hosts/")) {
      String[] parts = key.split("/", -1);
      boolean root = parts.length > 1 && key.equals(DvxDatastore.rootRecord(parts[1]));
      if (root && !parts[1].equals(ClusterHost.NAMESPACE)) {
        throw DvxException.of(Kind.CONFLICT, "The pool holds the datastore of a single host")
            .cause("It was made by dvx serve, and is not converted")
            .remedy("Use dvx serve there, or another data node for several hosts")
            .detail("record", key)
            .build();
      }
    }
  }

  private static SharedHost join(
      NodeConfig config,
      NodeTls.Identity identity,
      RemotePool pool,
      PoolRing keys,
      DatastoreSettings settings,
      FlashTier flash) {
    HostSection section = config.host();
    String name = config.node().name();
    PeerBook book = new PeerBook(pool.records(), keys.ring());
    book.note(new PeerBook.Peer(name, identity.fingerprint(), section.hypervisors()));
    ClusterSettings times = ClusterSettings.DEFAULT.withConfirmation(section.confirms());
    NettyPeers network =
        new NettyPeers(
            PeerTls.of(identity, book),
            new InetSocketAddress(section.listen(), section.port()),
            section.reachable());
    AtomicReference<@Nullable ClusterHost> joined = new AtomicReference<>();
    SharedNetwork lines = new SharedNetwork(network);
    PeerTier tier =
        new PeerTier(
            new PeerTier.Parts(
                lines.chunks(),
                () -> from(joined, ClusterHost::peers, Map.of()),
                flash.cache(),
                () -> from(joined, ClusterHost::chunks, List.of()),
                section.hypervisors(),
                PeerSettings.DEFAULT));
    ClusterHost host = null;
    boolean done = false;
    try {
      host =
          ClusterHost.join(
              new ClusterHost.Parts(
                  pool,
                  keys,
                  settings,
                  List.of(tier),
                  times,
                  new BootClock(),
                  lines.files(),
                  cleaning(config.cleaner())),
              name);
      joined.set(host);
      host.onArrival(tier::arrivedFrom);
      await(host, name);
      done = true;
      return new SharedHost(name, host, book, pool::removeHost, tier);
    } finally {
      if (!done) {
        if (host != null) {
          host.close();
        } else {
          network.close();
        }
        tier.close();
      }
    }
  }

  private static ClusterHost.Cleaning cleaning(CleanerSection section) {
    CleanerSettings settings = CleanerSettings.DEFAULT.withRate(section.rate().bytes());
    return new ClusterHost.Cleaning(
        (store, all) -> new Cleaner(store, all, settings),
        section.mode() == CleanerSection.Mode.ON);
  }

  private static <T> T from(
      AtomicReference<@Nullable ClusterHost> joined, Function<ClusterHost, T> what, T before) {
    ClusterHost host = joined.get();
    return host == null ? before : what.apply(host);
  }

  private static void await(ClusterHost host, String name) {
    boolean served = false;
    try {
      served = ClusterHost.await(() -> host.served().contains(name) && answers(host), START_LIMIT);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
    if (!served) {
      throw DvxException.of(Kind.UNAVAILABLE, "This host cannot join the others")
          .cause(
              "Its files or the directories were not served within "
                  + START_LIMIT.toSeconds()
                  + " s")
          .remedy("Look at the logs of this and the other hosts, and at the data node")
          .detail("served here", host.served())
          .build();
    }
  }

  private static boolean answers(ClusterHost host) {
    try {
      Object _ = host.datastore().attributes(FileKey.ROOT).join();
      return true;
    } catch (CompletionException _) {
      // Nobody serves the directories yet: asked again until the limit.
      return false;
    }
  }

  private static void pause() {
    try {
      Thread.sleep(100);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw DvxException.of(Kind.UNAVAILABLE, "The start was interrupted").causedBy(e).build();
    }
  }

  @Override
  public RemotePool pool() {
    return pool;
  }

  @Override
  public Datastore datastore() {
    return shared.host().datastore();
  }

  @Override
  public SharedHost shared() {
    return shared;
  }

  @Override
  public @Nullable FlashCache flash() {
    return flash.cache();
  }

  @Override
  public List<String> warnings() {
    List<String> warnings = new ArrayList<>(FlashTier.warnings(flash.cache()));
    if (!shared.host().holdsLease()) {
      warnings.add("this host does not hold its lease: it answers nothing until it does");
    }
    if (shared.host().bar().closed()) {
      warnings.add(
          "this host was declared dead: changes of files wait until their machines are confirmed");
    }
    CleanerStatus cleaning = shared.host().cleaning();
    if (cleaning.state() == CleanerStatus.State.FAILING) {
      warnings.add("Space is not given back: " + cleaning.trouble());
    }
    if (cleaning.stuckContainers() > 0) {
      warnings.add(LocalStore.stuck(cleaning.stuckContainers()));
    }
    return warnings;
  }

  @Override
  public void clean(Consumer<RoundReport> told) {
    shared.host().clean(told);
  }

  @Override
  public Optional<CleanerStatus> cleaning() {
    return Optional.of(shared.host().cleaning());
  }

  @Override
  public Optional<ResealStatus> sealing() {
    return Optional.of(shared.host().sealing());
  }

  @Override
  public int renewDataKey() {
    return shared.host().renewDataKey();
  }

  @Override
  public byte[] handleKey() {
    return LocalStore.handleKey(keys.ring());
  }

  @Override
  public void close() {
    try (pool;
        keys;
        flash;
        shared) {
      // Closed in the order: host, flash, keys, pool.
    }
  }
}
