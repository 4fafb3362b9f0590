package org.opendvx.core.peer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.cache.FlashCache;
import org.opendvx.core.cache.FlashFile;
import org.opendvx.core.cache.FlashSettings;
import org.opendvx.core.cache.FlashStatus;
import org.opendvx.core.cluster.NettyPeers;
import org.opendvx.core.cluster.PeerNetwork;
import org.opendvx.core.cluster.TestIdentities;
import org.opendvx.core.codec.KeyRing;
import org.opendvx.core.datastore.AttributeChange;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.Datastore.Existing;
import org.opendvx.core.datastore.Datastore.NewFile;
import org.opendvx.core.datastore.DatastoreSettings;
import org.opendvx.core.datastore.DvxDatastore;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.journal.JournalSettings;
import org.opendvx.core.log.LogSettings;
import org.opendvx.core.pool.Pool;

/**
 * A host of a test: an engine of its own over a shared pool, flash in a file, calls over TCP with
 * mutual TLS. Files go from host to host by the steps of the hand-over.
 */
public final class PeerHost implements AutoCloseable {
  /** Patient hedging, since test machines are slow. */
  public static final PeerSettings PATIENT =
      new PeerSettings(
          Duration.ofSeconds(5),
          Duration.ofSeconds(5),
          Duration.ofSeconds(20),
          Duration.ofMillis(100),
          64 << 20,
          1L << 30,
          16,
          Duration.ofMinutes(10));

  /** Names that hosts may have. */
  public static final List<String> NAMES = List.of("a", "b", "c");

  /** Bytes of reads and writes of the test. */
  public static final int STEP = 64 << 10;

  /** Flash of a host. */
  public static final int FLASH = 128 << 20;

  private static final KeyRing KEYS = KeyRing.generate();
  private static final int SEGMENT = 1 << 20;

  private static final DatastoreSettings STORE =
      new DatastoreSettings(
          new LogSettings(0, 4 << 20, 4 << 20, 4, 2, Duration.ofSeconds(20)),
          new JournalSettings(
              32L << 20,
              Duration.ofMillis(500),
              Duration.ofSeconds(20),
              Duration.ofMillis(20),
              Duration.ofMillis(200)),
          16 << 20,
          100,
          Duration.ofMinutes(2),
          0.5,
          10_000,
          64,
          Duration.ofSeconds(30),
          Duration.ofSeconds(30),
          Duration.ofHours(24));

  private final String name;
  private final NettyPeers network;
  private final @Nullable FlashCache flash;
  private final PeerTier tier;
  private final DvxDatastore store;
  private final World world;
  private boolean killed;

  /** What hosts share. */
  public static final class World {
    private final Pool pool;
    private final TestIdentities identities;
    private final Path folder;
    private final Map<String, String> alive = new ConcurrentHashMap<>();

    /** A world of hosts of {@link #NAMES}. */
    public World(Pool pool, Path folder, TestIdentities identities) {
      this.pool = pool;
      this.folder = folder;
      this.identities = identities;
    }

    private Map<String, String> others(String name) {
      Map<String, String> others = new ConcurrentHashMap<>(alive);
      others.remove(name);
      return others;
    }

    /** Starts a host with flash that tells the truth. */
    public PeerHost start(String name) {
      return start(name, true, PATIENT, handler -> handler);
    }

    /**
     * Starts a host.
     *
     * @param with changes its answers about chunks
     */
    public PeerHost start(
        String name,
        boolean flash,
        PeerSettings settings,
        UnaryOperator<PeerNetwork.Handler> with) {
      return new PeerHost(this, name, flash, settings, with);
    }
  }

  private PeerHost(
      World world,
      String name,
      boolean withFlash,
      PeerSettings settings,
      UnaryOperator<PeerNetwork.Handler> with) {
    this.world = world;
    this.name = name;
    this.network =
        new NettyPeers(
            world.identities.of(name, NAMES),
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            "127.0.0.1");
    this.flash = withFlash ? flash(world, name) : null;
    DvxDatastore[] late = new DvxDatastore[1];
    PeerNetwork chunks = new SharedNetwork(network).chunks();
    this.tier =
        new PeerTier(
            new PeerTier.Parts(
                changed(chunks, with),
                () -> world.others(name),
                flash,
                () -> late[0] == null ? List.of() : List.of(late[0].chunks()),
                List.of("other name", "esx-" + name),
                settings));
    this.store = DvxDatastore.format(world.pool, KEYS, STORE, name, List.of(tier));
    late[0] = store;
    world.alive.put(name, network.endpoint());
  }

  private static PeerNetwork changed(PeerNetwork under, UnaryOperator<PeerNetwork.Handler> with) {
    return new PeerNetwork() {
      @Override
      public String endpoint() {
        return under.endpoint();
      }

      @Override
      public void serve(Handler handler) {
        under.serve(with.apply(handler));
      }

      @Override
      public CompletableFuture<byte[]> call(
          String host, String endpoint, byte[] request, Duration limit) {
        return under.call(host, endpoint, request, limit);
      }

      @Override
      public void close() {
        under.close();
      }
    };
  }

  private static FlashCache flash(World world, String name) {
    Path file = world.folder.resolve(name + ".flash");
    try {
      Files.write(file, new byte[0]);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    FlashCache cache =
        new FlashCache(
            world.pool.id(),
            new FlashSettings(
                List.of(new FlashSettings.Device("flash", () -> FlashFile.open(file, FLASH))),
                4 << 20,
                SEGMENT,
                Duration.ofMillis(50)));
    await(
        "flash serves",
        () -> cache.status().devices().getFirst().state() == FlashStatus.State.ACTIVE);
    return cache;
  }

  /** Its name. */
  public String name() {
    return name;
  }

  /** The hypervisor host beside it. */
  public String beside() {
    return "esx-" + name;
  }

  /** What its reads ask before the pool. */
  public PeerTier tier() {
    return tier;
  }

  /** Its engine. */
  public DvxDatastore store() {
    return store;
  }

  /** Its flash. */
  public FlashCache flash() {
    return java.util.Objects.requireNonNull(flash);
  }

  /** A new file with content. */
  public FileKey write(String file, byte[] content) {
    FileKey key =
        get(store.create(
                Caller.SYSTEM,
                FileKey.ROOT,
                file.getBytes(StandardCharsets.UTF_8),
                NewFile.regular(AttributeChange.mode(0644)),
                new Existing.Refuse()))
            .key();
    write(key, 0, content);
    return key;
  }

  /** Writes. */
  public void write(FileKey file, long offset, byte[] content) {
    for (int at = 0; at < content.length; at += STEP) {
      int length = Math.min(STEP, content.length - at);
      Object _ =
          get(
              store.write(
                  Caller.SYSTEM,
                  file,
                  offset + at,
                  ByteBuffer.wrap(content, at, length).slice(),
                  true));
    }
  }

  /** Reads. */
  public byte[] read(FileKey file, long offset, int length) {
    byte[] bytes = new byte[length];
    for (int at = 0; at < length; at += STEP) {
      ByteBuffer target = ByteBuffer.wrap(bytes, at, Math.min(STEP, length - at)).slice();
      Object _ = get(store.read(Caller.SYSTEM, file, offset + at, target));
    }
    return bytes;
  }

  /** Hands a file over to another host. */
  public void give(FileKey file, PeerHost heir, long epoch) {
    byte[] parcel = store.ownership().stop(file.file());
    heir.store.ownership().take(file.file(), parcel, epoch);
    heir.store.ownership().resume(file.file());
    store.ownership().given(file.file(), epoch);
  }

  /** Chunk addresses of a file that it has. */
  public long[] addresses(FileKey file, int blocks) {
    long[] addresses = new long[blocks];
    int count = get(store.chunks().addresses(file.file(), 0, addresses));
    return java.util.Arrays.copyOf(addresses, count);
  }

  /** Waits until it knows that a peer has all chunks of a file. */
  public void learn(FileKey file, int blocks) {
    long[] addresses = addresses(file, blocks);
    await(
        name + " knows who has the file",
        () -> {
          tier.refresh();
          return java.util.Arrays.stream(addresses).allMatch(tier::likely);
        });
  }

  /** Dies for the others: does not answer any more. */
  public void kill() {
    killed = true;
    world.alive.remove(name);
    network.close();
  }

  /** Does not answer any more, but the others do not know yet. */
  public void killUnnoticed() {
    killed = true;
    network.close();
  }

  /** The others notice. */
  public void notice() {
    world.alive.remove(name);
  }

  /** The result of an operation. */
  public static <T> T get(CompletableFuture<T> future) {
    return future.orTimeout(60, TimeUnit.SECONDS).join();
  }

  /** Waits. */
  public static void await(String what, BooleanSupplier holds) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!holds.getAsBoolean()) {
      if (System.nanoTime() - deadline > 0) {
        throw new AssertionError("not after a minute: " + what);
      }
      try {
        Thread.sleep(10);
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @Override
  public void close() {
    world.alive.remove(name);
    store.close();
    tier.close();
    if (flash != null) {
      flash.close();
    }
    if (!killed) {
      network.close();
    }
  }
}
