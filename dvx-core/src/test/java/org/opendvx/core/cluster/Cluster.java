package org.opendvx.core.cluster;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.clean.Cleaner;
import org.opendvx.core.clean.SteppedCleaner;
import org.opendvx.core.cluster.ClusterHost.Cleaning;
import org.opendvx.core.codec.KeyRing;
import org.opendvx.core.datastore.AttributeChange;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.Datastore.Existing;
import org.opendvx.core.datastore.Datastore.NewFile;
import org.opendvx.core.datastore.DatastoreSettings;
import org.opendvx.core.datastore.FileError;
import org.opendvx.core.datastore.FileException;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.datastore.PoolRing;
import org.opendvx.core.journal.JournalSettings;
import org.opendvx.core.log.LogSettings;
import org.opendvx.core.pool.Pool;
import org.opendvx.core.testing.InMemoryPool;

/** Hosts of one process over one pool, which a test kills, stops and cuts off. */
final class Cluster implements AutoCloseable {
  static final KeyRing KEYS = KeyRing.generate();
  static final Duration LIMIT = Duration.ofMinutes(1);

  static final DatastoreSettings STORE =
      new DatastoreSettings(
          new LogSettings(4 << 20, 2 << 20, 1 << 20, 4, 2, Duration.ofSeconds(4)),
          new JournalSettings(
              32L << 20,
              Duration.ofMillis(500),
              Duration.ofSeconds(5),
              Duration.ofMillis(20),
              Duration.ofMillis(200)),
          4 << 20,
          100,
          Duration.ofSeconds(2),
          0.5,
          10_000,
          64,
          Duration.ofSeconds(5),
          Duration.ofSeconds(10),
          Duration.ofHours(24));

  /** Short leases, so that a test sees many of them end. */
  static final ClusterSettings SETTINGS =
      new ClusterSettings(
          Duration.ofMillis(1500),
          Duration.ofMillis(300),
          Duration.ofMillis(200),
          Duration.ofMillis(100),
          Duration.ofSeconds(2),
          Duration.ofSeconds(25),
          Duration.ofMillis(700),
          Duration.ofSeconds(10),
          Duration.ofMillis(500),
          Duration.ofMillis(200),
          0,
          false,
          false);

  /** Hosts that clean when they are told to. */
  static final Cleaning NOT_BY_ITSELF =
      new Cleaning((store, all) -> new Cleaner(store, all, SteppedCleaner.GREEDY), false);

  final SimNetwork network;
  final Pool pool;

  /** What the clocks of hosts show beyond the real one. */
  private final Map<String, AtomicLong> ahead = new ConcurrentHashMap<>();

  private final HostPool.Journals journals = new HostPool.Journals();
  private final ClusterSettings settings;
  private final Function<String, Cleaning> cleaning;
  private final Function<Pool, PoolRing> keys;
  private final Map<String, Running> hosts = new ConcurrentHashMap<>();

  /** A host's process. */
  record Running(ClusterHost host, HostGate gate) {}

  Cluster(long seed) {
    this(seed, SETTINGS);
  }

  Cluster(long seed, ClusterSettings settings) {
    this(seed, settings, new InMemoryPool());
  }

  Cluster(long seed, ClusterSettings settings, Pool pool) {
    this(seed, settings, pool, _ -> NOT_BY_ITSELF);
  }

  Cluster(long seed, ClusterSettings settings, Pool pool, Function<String, Cleaning> cleaning) {
    this(seed, settings, pool, cleaning, KEYS, _ -> PoolRing.of(KEYS));
  }

  /**
   * Hosts with rings of their own.
   *
   * @param first what the pool is made with
   * @param keys what a host's process reads from the pool when it starts
   */
  Cluster(
      long seed,
      ClusterSettings settings,
      Pool pool,
      Function<String, Cleaning> cleaning,
      KeyRing first,
      Function<Pool, PoolRing> keys) {
    this.cleaning = cleaning;
    this.keys = keys;
    this.network = new SimNetwork(seed);
    this.settings = settings;
    this.pool = pool;
    ClusterHost.format(pool, first, STORE);
  }

  ClusterHost start(String name) {
    HostGate gate = new HostGate();
    ClusterHost host =
        ClusterHost.join(
            new ClusterHost.Parts(
                new HostPool(pool, gate, journals),
                keys.apply(pool),
                STORE,
                List.of(),
                settings,
                () -> System.nanoTime() + ahead(name).get(),
                network.of(name, gate),
                cleaning.apply(name)),
            name);
    hosts.put(name, new Running(host, gate));
    return host;
  }

  /** What a host's clock shows beyond the real one; may only grow. */
  AtomicLong ahead(String name) {
    return ahead.computeIfAbsent(name, _ -> new AtomicLong());
  }

  ClusterHost host(String name) {
    return running(name).host();
  }

  /** The gate of a host's process, null when there is none. */
  @Nullable HostGate gate(String name) {
    Running running = hosts.get(name);
    return running == null ? null : running.gate();
  }

  private Running running(String name) {
    return Objects.requireNonNull(hosts.get(name), "host " + name + " does not run");
  }

  Datastore at(String name) {
    return host(name).datastore();
  }

  List<String> names() {
    return List.copyOf(hosts.keySet());
  }

  /** The process dies. */
  void kill(String name) {
    Running running = running(name);
    hosts.remove(name);
    running.gate().kill();
    running.host().abandon();
  }

  /** SIGSTOP and SIGCONT: nothing comes in or goes out meanwhile. */
  void pause(String name, boolean now) {
    running(name).gate().pause(now);
  }

  /** Waits until hosts serve their own roots, and one the namespace. */
  void awaitServing(String... names) throws InterruptedException {
    boolean served =
        ClusterHost.await(
            () -> {
              boolean namespace = false;
              for (String name : names) {
                List<String> roots = host(name).served();
                namespace |= roots.contains(ClusterHost.NAMESPACE);
                if (!roots.contains(name)) {
                  return false;
                }
              }
              return namespace || names.length < hosts.size();
            },
            LIMIT);
    if (!served) {
      throw new AssertionError("not all roots are served: " + List.of(names));
    }
  }

  /** The host that serves a root. */
  String serverOf(String root) throws InterruptedException {
    String[] found = new String[1];
    boolean served =
        ClusterHost.await(
            () -> {
              for (Map.Entry<String, Running> each : Map.copyOf(hosts).entrySet()) {
                if (each.getValue().host().served().contains(root)) {
                  found[0] = each.getKey();
                  return true;
                }
              }
              return false;
            },
            LIMIT);
    if (!served) {
      throw new AssertionError("nobody serves " + root);
    }
    return found[0];
  }

  static <T> T outcome(CompletableFuture<T> future) {
    try {
      return future.orTimeout(LIMIT.toSeconds(), TimeUnit.SECONDS).join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof FileException refused) {
        throw refused;
      }
      throw e;
    }
  }

  /** Runs something again while the datastore says BUSY. */
  static <T> T patiently(java.util.function.Supplier<CompletableFuture<T>> operation) {
    long end = System.nanoTime() + LIMIT.toNanos();
    while (true) {
      try {
        return outcome(operation.get());
      } catch (FileException e) {
        if (e.error() != FileError.BUSY || System.nanoTime() > end) {
          throw e;
        }
      }
    }
  }

  static FileKey file(Datastore store, FileKey directory, String name) {
    return patiently(
            () ->
                store.create(
                    Caller.SYSTEM,
                    directory,
                    bytes(name),
                    NewFile.regular(AttributeChange.mode(0644)),
                    new Existing.Use()))
        .key();
  }

  static void write(Datastore store, FileKey file, long offset, byte[] content) {
    Object _ =
        patiently(() -> store.write(Caller.SYSTEM, file, offset, ByteBuffer.wrap(content), true));
  }

  static byte[] read(Datastore store, FileKey file, long offset, int length) {
    byte[] target = new byte[length];
    int count =
        patiently(() -> store.read(Caller.SYSTEM, file, offset, ByteBuffer.wrap(target))).count();
    return java.util.Arrays.copyOf(target, count);
  }

  static FileKey lookup(Datastore store, FileKey directory, String name) {
    return patiently(() -> store.lookup(Caller.SYSTEM, directory, bytes(name))).key();
  }

  static byte[] bytes(String text) {
    return text.getBytes(java.nio.charset.StandardCharsets.UTF_8);
  }

  /** A block that tells which write it is. */
  static byte[] block(long number) {
    byte[] block = new byte[4096];
    ByteBuffer buffer = ByteBuffer.wrap(block);
    while (buffer.hasRemaining()) {
      buffer.putLong(number * 0x9E3779B97F4A7C15L + buffer.position());
    }
    buffer.putLong(0, number);
    return block;
  }

  @Override
  public void close() {
    network.mend();
    for (String name : names()) {
      running(name).gate().pause(false);
    }
    for (String name : names()) {
      host(name).close();
    }
  }
}
