package org.opendvx.core.cluster;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.cluster.Lease.Status;
import org.opendvx.core.datastore.DatastoreSettings;
import org.opendvx.core.datastore.DvxDatastore;
import org.opendvx.core.datastore.PoolRing;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.log.SlotSource;
import org.opendvx.core.pool.Pool;
import org.opendvx.core.pool.RecordStore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The roots that this host serves, and who serves the others. A root whose server's lease is over
 * is claimed by compare-and-set of its record, and then opened: that fences its former server and
 * replays its journal. Thread-safe; {@link #look} is called by one thread.
 */
final class Roots {
  private static final Logger LOG = LoggerFactory.getLogger(Roots.class);

  private final Pool pool;
  private final PoolRing keys;
  private final DatastoreSettings storeSettings;
  private final Membership membership;
  private final OwnerRegister owners;
  private final ClusterSettings settings;
  private final AtomicLong losses;

  private final List<SlotSource> sources;
  private final Map<String, ServedRoot> served = new ConcurrentHashMap<>();
  private final Set<String> busy = ConcurrentHashMap.newKeySet();
  private volatile Map<String, Serving> servers = Map.of();
  private HostStatus.Reads readsBefore = HostStatus.Reads.NONE;
  private volatile boolean leaving;
  private volatile Consumer<ServedRoot> onServed = _ -> {};

  /**
   * The roots.
   *
   * @param sources nearer places for chunks, shared by all engines
   * @param losses counts how often a root was lost here with what was not durable
   */
  Roots(
      Pool pool,
      PoolRing keys,
      DatastoreSettings storeSettings,
      List<SlotSource> sources,
      Membership membership,
      OwnerRegister owners,
      ClusterSettings settings,
      AtomicLong losses) {
    this.pool = pool;
    this.keys = keys;
    this.storeSettings = storeSettings;
    this.sources = List.copyOf(sources);
    this.membership = membership;
    this.owners = owners;
    this.settings = settings;
    this.losses = losses;
  }

  /** Tells of each root that is served here from now on; must be quick. */
  void onServed(Consumer<ServedRoot> listener) {
    onServed = listener;
  }

  /** The root if it is served here. */
  @Nullable ServedRoot local(String root) {
    return served.get(root);
  }

  /** This host's own root, when it is served. */
  @Nullable ServedRoot own() {
    return served.get(membership.host());
  }

  List<ServedRoot> all() {
    return List.copyOf(served.values());
  }

  /** The host that serves a root as far as is known; empty when none does. */
  String server(String root) {
    Serving serving = servers.get(root);
    return serving == null ? "" : serving.host();
  }

  /** Whether a root is served by a host in a life, as far as is known. */
  boolean servedBy(String root, String host, long life) {
    Serving serving = servers.get(root);
    return serving == null || (serving.host().equals(host) && serving.life() == life);
  }

  /** Where chunks were found, by all engines that this host ever ran. */
  HostStatus.Reads reads() {
    HostStatus.Reads sum;
    synchronized (this) {
      sum = readsBefore;
    }
    for (ServedRoot root : all()) {
      sum = sum.plus(root.store().logStatistics());
    }
    return sum;
  }

  private synchronized void noteReads(ServedRoot ended) {
    readsBefore = readsBefore.plus(ended.store().logStatistics());
  }

  /** The roots that a host serves as far as is known. */
  List<String> servedBy(String host) {
    return servers.values().stream()
        .filter(serving -> serving.host().equals(host))
        .map(Serving::root)
        .sorted()
        .toList();
  }

  /** Reads anew who serves a root. */
  void refresh(String root) {
    Optional<Serving> now = Serving.find(pool.records(), root);
    now.ifPresent(this::remember);
  }

  private synchronized void remember(Serving serving) {
    Serving known = servers.get(serving.root());
    if (known == null || known.version() < serving.version()) {
      Map<String, Serving> next = new HashMap<>(servers);
      next.put(serving.root(), serving);
      servers = Map.copyOf(next);
    }
  }

  /** Looks at all roots: opens, claims and hands back what is due. Blocks for the register. */
  void look(Map<String, Lease> leases) {
    if (leaving) {
      return;
    }
    RecordStore records = pool.records();
    String me = membership.host();
    List<Serving> all = new ArrayList<>(Serving.all(records));
    if (all.stream().noneMatch(serving -> serving.root().equals(me))) {
      all.add(new Serving(me, me, "", 0, 0));
    }
    for (Serving serving : all) {
      remember(serving);
      if (!busy.contains(serving.root())) {
        look(serving, leases);
      }
    }
  }

  private void look(Serving serving, Map<String, Lease> leases) {
    String me = membership.host();
    long life = membership.life();
    boolean homeIsUp = up(leases.get(serving.home()));
    if (serving.host().equals(me) && serving.life() == life) {
      ServedRoot here = served.get(serving.root());
      if (here == null) {
        inBackground(serving.root(), () -> open(serving, serving));
      } else if (homeIsUp && !serving.home().equals(me)) {
        inBackground(serving.root(), () -> handBack(here, serving));
      }
      return;
    }
    Lease server = leases.get(serving.host());
    boolean servedElsewhere = server != null && server.livesIn(serving.life());
    if (!servedElsewhere && (serving.home().equals(me) || !homeIsUp)) {
      inBackground(serving.root(), () -> claim(serving));
    }
  }

  private static boolean up(@Nullable Lease lease) {
    return lease != null && lease.status() == Status.HELD;
  }

  private void inBackground(String root, Runnable work) {
    if (!busy.add(root)) {
      return;
    }
    Thread _ =
        Thread.ofVirtual()
            .name("root-" + root)
            .start(
                () -> {
                  try {
                    work.run();
                  } catch (DvxException e) {
                    LOG.warn("Root {} cannot be served yet: {}", root, e.getMessage());
                  } catch (RuntimeException e) {
                    LOG.error("Root {} cannot be served yet", root, e);
                  } finally {
                    busy.remove(root);
                  }
                });
  }

  private void claim(Serving orphan) {
    // A host that cannot open the ring leaves the root to another one.
    keys.checkOpens(pool.records());
    Optional<Serving> mine =
        orphan.by(pool.records(), membership.epoch(), membership.host(), membership.life());
    mine.ifPresent(
        now -> {
          remember(now);
          open(now, orphan);
        });
  }

  private void open(Serving mine, Serving before) {
    long start = System.nanoTime();
    if (!before.host().isEmpty() && !before.host().equals(membership.host())) {
      // Nothing that its former server has under way changes the register any more.
      long _ = pool.fence(Lease.epoch(before.host(), 0).host(), before.life() + 1);
    }
    if (leaving || !membership.held() || membership.life() != mine.life()) {
      return;
    }
    String root = mine.root();
    boolean fresh = pool.records().get(DvxDatastore.rootRecord(root)).isEmpty();
    DvxDatastore store =
        fresh
            ? DvxDatastore.format(pool, keys, storeSettings, root, sources)
            : DvxDatastore.open(pool, keys, storeSettings, root, sources);
    ServedRoot opened = new ServedRoot(root, store, membership, settings, this::lose);
    boolean done = false;
    try {
      reconcile(opened);
      done = membership.life() == mine.life() && !membership.lost() && !leaving;
    } finally {
      if (!done) {
        opened.halt();
      }
    }
    if (done) {
      ServedRoot replaced = served.put(root, opened);
      if (replaced != null) {
        end(replaced);
      }
      onServed.accept(opened);
      LOG.info(
          "{} serves root {} after {} ms",
          membership.host(),
          root,
          (System.nanoTime() - start) / 1_000_000);
    }
  }

  /**
   * Brings a root that was opened in line with the register: what it gave away, or had taken
   * without becoming the owner, is not its own; and no hand-over from it or to it that was begun
   * before can end any more.
   */
  private void reconcile(ServedRoot root) {
    List<Runnable> corrections = new ArrayList<>();
    owners.forEach(
        (file, owner) -> {
          if (owner.moving() && owner.heir().equals(root.name())) {
            corrections.add(() -> forgo(root, file, owner));
          } else if (!owner.root().equals(root.name())) {
            corrections.add(() -> notOwned(root, file, owner));
          } else if (owner.moving()) {
            corrections.add(() -> keep(root, file, owner));
          }
        });
    corrections.forEach(Runnable::run);
  }

  private static void notOwned(ServedRoot root, long file, Owner owner) {
    if (root.ownership().holds(file)) {
      root.ownership().given(file, owner.epoch());
    }
  }

  /** Ends a hand-over to the root, unless it became the owner meanwhile. */
  private void forgo(ServedRoot root, long file, Owner owner) {
    Owner now = owner;
    while (now.moving() && now.heir().equals(root.name())) {
      Owner renewed = now.renewed();
      now = owners.swing(membership.epoch(), file, now, renewed) ? renewed : owners.read(file);
    }
    if (!now.root().equals(root.name())) {
      notOwned(root, file, now);
    }
  }

  private void keep(ServedRoot root, long file, Owner owner) {
    Owner now = owner;
    while (now.root().equals(root.name()) && now.moving()) {
      if (owners.swing(membership.epoch(), file, now, now.renewed())) {
        return;
      }
      now = owners.read(file);
    }
    if (!now.root().equals(root.name())) {
      notOwned(root, file, now);
    }
  }

  private void handBack(ServedRoot root, Serving serving) {
    if (served.remove(root.name(), root)) {
      noteReads(root);
      root.close();
      Optional<Serving> free = serving.by(pool.records(), membership.epoch(), "", 0);
      free.ifPresent(this::remember);
      LOG.info("{} gives root {} back to {}", membership.host(), root.name(), serving.home());
    }
  }

  /**
   * An engine serves its root no more; what was not durable is lost. One that was opened for the
   * root since then is left alone.
   */
  void lose(ServedRoot lost) {
    if (served.remove(lost.name(), lost)) {
      end(lost);
    }
  }

  private void end(ServedRoot lost) {
    long _ = losses.incrementAndGet();
    noteReads(lost);
    lost.halt();
  }

  /** This host's life is over. */
  void loseAll() {
    all().forEach(this::lose);
  }

  /** Closes all roots in good order, so that others can have them at once. Blocks. */
  void leave() {
    leaving = true;
    for (ServedRoot root : all()) {
      served.remove(root.name(), root);
      root.close();
      try {
        Serving.find(pool.records(), root.name())
            .filter(s -> s.host().equals(membership.host()) && s.life() == membership.life())
            .flatMap(s -> s.by(pool.records(), membership.epoch(), "", 0))
            .ifPresent(this::remember);
      } catch (DvxException e) {
        LOG.warn("Root {} could not be released: {}", root.name(), e.getMessage());
      }
    }
  }

  /** Ends at once. */
  void abandon() {
    leaving = true;
    loseAll();
  }
}
