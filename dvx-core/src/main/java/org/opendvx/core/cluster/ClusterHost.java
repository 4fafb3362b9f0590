package org.opendvx.core.cluster;

import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.clean.Cleaner;
import org.opendvx.core.clean.CleanerStatus;
import org.opendvx.core.clean.Referrers;
import org.opendvx.core.clean.ResealStatus;
import org.opendvx.core.clean.RoundReport;
import org.opendvx.core.codec.KeyRing;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.DatastoreSettings;
import org.opendvx.core.datastore.DvxDatastore;
import org.opendvx.core.datastore.FileChunks;
import org.opendvx.core.datastore.FileException;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.datastore.PoolRing;
import org.opendvx.core.datastore.Reclaim;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.log.SlotSource;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.Pool;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A host among others over one pool: its lease, the roots that it serves, and the datastore that it
 * shows. See docs/hosts.md.
 */
public final class ClusterHost implements AutoCloseable {
  /** The root of directories, link counts and the catalogue. */
  public static final String NAMESPACE = "namespace";

  private static final Logger LOG = LoggerFactory.getLogger(ClusterHost.class);
  private static final long RETRY_MILLIS = 200;
  private static final long SOON_MILLIS = 50;
  private static final long SPACE_SECONDS = 3;
  private static final Duration END = Duration.ofSeconds(30);
  private static final Duration SHUT_OUT = Duration.ofSeconds(30);

  private final Pool pool;
  private final Membership membership;
  private final OwnerRegister owners;
  private final Roots roots;
  private final Peers peers;
  private final HandOver handOver;
  private final Router router;
  private final SpaceFigures space;
  private final ClusterDatastore datastore;
  private final ClusterSettings settings;
  private final PeerNetwork network;
  private final PoolCleaning cleaning;
  private final FrontBar bar = new FrontBar();
  private final Thread renewer;
  private final Thread keeper;
  private volatile boolean ending;

  /**
   * What a host is made of.
   *
   * @param pool stays the caller's
   * @param keys the pool's, which other hosts may change; stay the caller's
   * @param store sizes of each root's engine
   * @param sources nearer places for chunks; stay the caller's
   * @param network is closed with the host
   * @param cleaning of the pool, while this host serves the namespace
   */
  public record Parts(
      Pool pool,
      PoolRing keys,
      DatastoreSettings store,
      List<SlotSource> sources,
      ClusterSettings settings,
      LeaseClock clock,
      PeerNetwork network,
      Cleaning cleaning) {}

  /**
   * How a host cleans the pool.
   *
   * @param background whether it does so by itself, and not only when it is told to
   */
  public record Cleaning(CleanerMaker maker, boolean background) {}

  /** Makes cleaners. */
  @FunctionalInterface
  public interface CleanerMaker {
    /** A cleaner that is not started yet. */
    Cleaner make(Reclaim store, Referrers referrers);
  }

  private ClusterHost(Parts parts, String host) {
    this.settings = parts.settings();
    this.network = parts.network();
    this.pool = parts.pool();
    AtomicLong losses = new AtomicLong();
    this.membership =
        new Membership(parts.pool(), host, network.endpoint(), parts.clock(), settings);
    this.owners = new OwnerRegister(parts.pool().records(), NAMESPACE);
    this.roots =
        new Roots(
            parts.pool(),
            parts.keys(),
            parts.store(),
            parts.sources(),
            membership,
            owners,
            settings,
            losses);
    LeaseClock clock = parts.clock();
    this.peers = new Peers(network, membership, settings.call());
    this.handOver = new HandOver(roots, owners, membership, peers, settings);
    this.router =
        new Router(
            membership,
            roots,
            owners,
            handOver,
            peers,
            new PeerClocks(peers, membership, clock, settings),
            settings,
            NAMESPACE);
    this.space = new SpaceFigures(parts.pool(), membership, roots, NAMESPACE);
    this.datastore =
        new ClusterDatastore(
            router, roots, bar, space, new SecureRandom().nextLong(), losses, this::created);
    BarrierCut cuts = new BarrierCut(roots, owners, peers, clock, settings);
    NamespaceRunner runner = new NamespaceRunner(handOver, cuts, datastore);
    router.runner(runner);
    CleaningPart part = new CleaningPart(handOver);
    this.cleaning =
        new PoolCleaning(
            NAMESPACE,
            parts.keys(),
            parts.cleaning(),
            roots,
            peers,
            root -> new AllRoots(root, roots, peers, membership, part, cuts, pool.records()));
    roots.onServed(cleaning::served);
    network.serve(new PeerService(membership, roots, handOver, runner, clock, part, cleaning));
    this.renewer = Thread.ofPlatform().daemon().name("lease-" + host).unstarted(this::renew);
    this.keeper = Thread.ofPlatform().daemon().name("roots-" + host).unstarted(this::keep);
  }

  /** Whether a pool holds a datastore of hosts. */
  public static boolean formatted(Pool pool) {
    return Serving.find(pool.records(), NAMESPACE).isPresent();
  }

  /**
   * Makes the datastore of hosts in an empty pool, or ends what a process began that died over it.
   * One at a time.
   *
   * @throws DvxException EXISTS when there is one already
   */
  public static void format(Pool pool, KeyRing keys, DatastoreSettings settings) {
    if (formatted(pool)) {
      throw DvxException.of(Kind.EXISTS, "The pool holds a datastore of hosts already").build();
    }
    if (pool.records().get(DvxDatastore.rootRecord(NAMESPACE)).isEmpty()) {
      DvxDatastore.format(pool, keys, settings, NAMESPACE).close();
    }
    Epoch epoch = new Epoch("agent-format", 1);
    if (new Serving(NAMESPACE, "", "", 0, 0).by(pool.records(), epoch, "", 0).isEmpty()) {
      throw DvxException.of(Kind.CONFLICT, "Somebody else formats this pool").build();
    }
  }

  /** Joins the hosts of a pool; returns at once, the roots are opened by and by. */
  public static ClusterHost join(Parts parts, String host) {
    if (host.equals(NAMESPACE) || host.startsWith("agent-") || !host.matches("[a-z0-9-]{1,48}")) {
      throw DvxException.of(Kind.INVALID, "Not a name of a host")
          .cause(
              "A host name is 1 to 48 characters of a-z, 0-9 and -, does not begin with agent-, and"
                  + " is not "
                  + NAMESPACE)
          .remedy("Give it another node.name")
          .detail("name", host)
          .build();
    }
    ClusterHost joined = new ClusterHost(parts, host);
    joined.renewer.start();
    joined.keeper.start();
    return joined;
  }

  /** The datastore as this host shows it. */
  public Datastore datastore() {
    return datastore;
  }

  /** What keeps late changes out after this host was declared dead. */
  public FrontBar bar() {
    return bar;
  }

  /** Whether this host may answer now. */
  public boolean holdsLease() {
    return membership.held();
  }

  /** The roots that this host serves. */
  public List<String> served() {
    return roots.all().stream().map(ServedRoot::name).sorted().toList();
  }

  /** A root that is served here, null when it is not. */
  @Nullable ServedRoot root(String name) {
    return roots.local(name);
  }

  /** Operations that went to another host. */
  public long forwarded() {
    return router.forwarded();
  }

  /**
   * Makes this host the owner of files, for a machine that runs here or is about to. Blocks.
   *
   * @throws FileException when one cannot be moved now; those before it were
   */
  public void moveHere(Collection<FileKey> files) {
    for (FileKey file : files) {
      move(file.file(), false);
    }
  }

  /**
   * Makes a host the owner of files, as {@link #moveHere} does for this one. Blocks.
   *
   * @throws DvxException UNAVAILABLE when it does not answer
   */
  public void moveTo(String host, Collection<FileKey> files) {
    List<Long> ids = files.stream().filter(key -> !key.frozen()).map(FileKey::file).toList();
    try {
      ServedRoot local = roots.local(host);
      if (local != null) {
        handOver.takeAll(ids, local);
        return;
      }
      String server = roots.server(host);
      if (server.isEmpty()) {
        throw RouteException.notRun("nobody serves its files");
      }
      Object _ =
          Peers.await(
              peers.call(server, new PeerCall.Take(host, ids), settings.route()), settings.route());
    } catch (RouteException | PeerReply.AwayElsewhere | FileException e) {
      throw DvxException.of(Kind.UNAVAILABLE, "The files cannot be moved to " + host + " now")
          .cause(String.valueOf(e.getMessage()))
          .remedy("Look whether the host runs (dvx host list), and try again")
          .causedBy(e)
          .build();
    }
  }

  /** Where files are served, as the register says now. Blocks. */
  public List<HostStatus.Place> where(Collection<FileKey> files) {
    List<HostStatus.Place> places = new ArrayList<>();
    for (FileKey file : files) {
      String root = owners.read(file.file()).root();
      roots.refresh(root);
      places.add(new HostStatus.Place(file.file(), root, roots.server(root)));
    }
    return places;
  }

  /** Tells, before a file is served here, from which host it comes; must be quick. */
  public void onArrival(Consumer<String> listener) {
    handOver.onArrival(listener);
  }

  /** All hosts as of the last look at them. */
  public List<HostStatus.Seen> hosts() {
    return membership.leases().values().stream()
        .sorted(Comparator.comparing(Lease::host))
        .map(
            lease ->
                new HostStatus.Seen(
                    lease.host(),
                    lease.status().name(),
                    lease.life(),
                    lease.endpoint(),
                    roots.servedBy(lease.host())))
        .toList();
  }

  /**
   * Shuts another host out, which the pool takes no lease of any more: waits until its lease is
   * over, and fences what it may have under way. Blocks. Its roots are served by others then.
   *
   * @throws DvxException TIMEOUT when it still renews its lease
   */
  public void shutOut(String host) {
    if (host.equals(membership.host())) {
      throw DvxException.of(Kind.INVALID, "A host does not shut itself out")
          .remedy("Ask another host to do it")
          .build();
    }
    boolean over = false;
    try {
      over = await(() -> !membership.holds(host), SHUT_OUT);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
    if (!over) {
      throw DvxException.of(Kind.TIMEOUT, "The host still renews its lease")
          .cause("It reaches the pool, or this host does not")
          .remedy("Look at the data node's log, and try again")
          .detail("host", host)
          .build();
    }
    Lease lease = membership.leases().get(host);
    if (lease != null) {
      long _ = pool.fence(Lease.epoch(host, 0).host(), lease.life() + 1);
    }
  }

  /** Endpoint by name of the other hosts that hold their leases; from memory. */
  public Map<String, String> peers() {
    Map<String, String> peers = new HashMap<>();
    for (Lease lease : membership.leases().values()) {
      if (lease.status() == Lease.Status.HELD && !lease.host().equals(membership.host())) {
        peers.put(lease.host(), lease.endpoint());
      }
    }
    return peers;
  }

  /** Chunks of the files of the roots that this host serves now, its own first. */
  public List<FileChunks> chunks() {
    return roots.all().stream()
        .filter(ServedRoot::serves)
        .sorted(Comparator.comparing(root -> !root.name().equals(membership.host())))
        .map(root -> root.store().chunks())
        .toList();
  }

  /** This host now. */
  public HostStatus status() {
    return new HostStatus(
        membership.held(),
        membership.remaining(),
        membership.life(),
        served(),
        bar.closed(),
        router.local(),
        router.forwarded(),
        roots.reads(),
        network.traffic(),
        handOver.times().figures());
  }

  /** What the cleaner did, if this host cleans the pool; else who does. */
  public CleanerStatus cleaning() {
    return cleaning.status();
  }

  /**
   * Gives back all space that is worth it, on the caller's thread.
   *
   * @param told of each round
   * @throws DvxException UNAVAILABLE when another host cleans the pool, or a round could not be
   *     finished
   */
  public void clean(Consumer<RoundReport> told) {
    cleaning.sweep(told);
  }

  /** How far sealing anew has come, if this host cleans the pool; else what is known here. */
  public ResealStatus sealing() {
    return cleaning.sealing();
  }

  /**
   * Makes a new data key. The cleaner lets all hosts know it, then all seal under it, then the
   * cleaner seals everything else anew.
   *
   * @return its id
   * @throws DvxException UNAVAILABLE when another host cleans the pool; others as the register
   *     gives them
   */
  public int renewDataKey() {
    return cleaning.renewDataKey();
  }

  private void move(long file, boolean forUse) {
    ServedRoot own = roots.own();
    if (own != null) {
      handOver.take(file, own, forUse);
    }
  }

  private void created(FileKey file) {
    if (settings.ownCreated()) {
      moveLater(file.file(), false);
    }
  }

  private void moveLater(long file, boolean forUse) {
    Tasks.EXECUTOR.execute(
        () -> {
          try {
            move(file, forUse);
          } catch (FileException | RouteException | DvxException e) {
            // It stays where it is, which is no error: it may move when it is used more.
            LOG.debug("File {} stays where it is: {}", file, e.getMessage());
          }
        });
  }

  private void renew() {
    while (!ending) {
      try {
        if (membership.lost()) {
          roots.loseAll();
          rejoin();
        } else {
          // A renewal that took as long as the lease is soon followed by the next one.
          Thread.sleep(membership.held() ? settings.renewal().toMillis() : SOON_MILLIS);
          membership.renew();
        }
      } catch (DvxException e) {
        LOG.warn("The lease of {} is not held: {}", membership.host(), e.getMessage());
        rest();
      } catch (RuntimeException e) {
        // Without this thread the host would never come back.
        LOG.error("The lease of {} is not held", membership.host(), e);
        rest();
      } catch (InterruptedException _) {
        return;
      }
    }
  }

  private void rejoin() throws InterruptedException {
    boolean barred = bar.closed();
    if (settings.confirmMachines()) {
      // Before the new life begins: nothing may slip through first.
      bar.close();
    }
    membership.join();
    if (settings.confirmMachines() && !barred && !membership.wasDeclaredDead()) {
      bar.confirmAll();
    }
  }

  private void keep() {
    long looks = 0;
    long every = Math.max(1, TimeUnit.SECONDS.toNanos(1) / settings.tick().toNanos());
    while (!ending) {
      try {
        Thread.sleep(settings.tick());
        if (membership.held()) {
          Map<String, Lease> leases = membership.watch();
          roots.look(leases);
        }
        looks++;
        if (looks % every == 0) {
          everySecond();
        }
        if (looks % (SPACE_SECONDS * every) == 1) {
          space.refresh();
        }
      } catch (DvxException e) {
        LOG.warn("{} cannot look at the other hosts: {}", membership.host(), e.getMessage());
      } catch (RuntimeException e) {
        LOG.error("{} cannot look at the other hosts", membership.host(), e);
      } catch (InterruptedException _) {
        return;
      }
    }
  }

  private void everySecond() {
    if (settings.forwards() > 0) {
      router.usedMoreThan(settings.forwards()).forEach(file -> moveLater(file, true));
    }
  }

  private static void rest() {
    try {
      Thread.sleep(RETRY_MILLIS);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  /** Waits for something, as a test or a start does; false when the limit passed first. */
  public static boolean await(BooleanSupplier condition, Duration limit)
      throws InterruptedException {
    long end = System.nanoTime() + limit.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > end) {
        return false;
      }
      Thread.sleep(20);
    }
    return true;
  }

  /** Leaves in good order: others have this host's roots at once. */
  @Override
  public void close() {
    ending = true;
    stop(keeper);
    roots.leave();
    stop(renewer);
    try {
      membership.release();
    } catch (DvxException e) {
      LOG.warn("The lease of {} could not be released: {}", membership.host(), e.getMessage());
    }
    network.close();
  }

  /** Ends as if the process had died: nothing is written or answered any more. */
  public void abandon() {
    ending = true;
    membership.abandon();
    network.close();
    keeper.interrupt();
    renewer.interrupt();
    roots.abandon();
  }

  private void stop(Thread thread) {
    thread.interrupt();
    try {
      if (!thread.join(END)) {
        LOG.warn("A thread of {} does not end", membership.host());
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
