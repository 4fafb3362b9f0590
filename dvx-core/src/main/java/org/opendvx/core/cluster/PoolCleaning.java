package org.opendvx.core.cluster;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.clean.Cleaner;
import org.opendvx.core.clean.CleanerStatus;
import org.opendvx.core.clean.ResealStatus;
import org.opendvx.core.clean.RoundReport;
import org.opendvx.core.cluster.ClusterHost.Cleaning;
import org.opendvx.core.codec.KeyRing;
import org.opendvx.core.datastore.PoolRing;
import org.opendvx.core.datastore.SpaceMaker;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Cleans the pool while this host serves the namespace, in the name of that root's incarnation, so
 * that whoever serves it next fences it; and brings those who wait for room to the host that
 * cleans. Thread-safe.
 */
final class PoolCleaning implements SpaceMaker {
  private static final Logger LOG = LoggerFactory.getLogger(PoolCleaning.class);
  private static final Duration ON_THE_WAY = Duration.ofSeconds(5);
  private static final long PAUSE_MILLIS = 1000;

  private final String namespace;
  private final PoolRing keys;
  private final Cleaning choice;
  private final Roots roots;
  private final Peers peers;
  private final Function<ServedRoot, AllRoots> referrers;

  private record Running(AllRoots referrers, Cleaner cleaner) {}

  private volatile @Nullable Running running;

  /**
   * Nothing is cleaned yet.
   *
   * @param keys as this host knows them
   * @param referrers all roots, for the engine of the namespace's
   */
  PoolCleaning(
      String namespace,
      PoolRing keys,
      Cleaning choice,
      Roots roots,
      Peers peers,
      Function<ServedRoot, AllRoots> referrers) {
    this.namespace = namespace;
    this.keys = keys;
    this.choice = choice;
    this.roots = roots;
    this.peers = peers;
    this.referrers = referrers;
  }

  /** A root is served here from now on. */
  void served(ServedRoot root) {
    if (choice.background()) {
      root.store().reclaim().spaceMaker(this);
    }
    if (root.name().equals(namespace)) {
      AllRoots all = referrers.apply(root);
      Running begun = new Running(all, choice.maker().make(root.store().reclaim(), all));
      running = begun;
      if (choice.background()) {
        begun.cleaner().start();
      }
      // Last: it is run at once when the root is lost already.
      root.beside(() -> end(begun));
    }
  }

  private void end(Running over) {
    over.referrers().end();
    synchronized (this) {
      if (over.equals(running)) {
        running = null;
      }
    }
    over.cleaner().close();
  }

  /** What the cleaner did, or who has it. */
  CleanerStatus status() {
    Running here = running;
    if (here != null) {
      return here.cleaner().status();
    }
    String host = roots.server(namespace);
    return CleanerStatus.elsewhere(
        host.isEmpty()
            ? "no host serves the directories now"
            : "host " + host + " cleans the pool, which serves the directories: ask it");
  }

  /** {@link Cleaner#sweep}. */
  void sweep(Consumer<RoundReport> told) {
    here().cleaner().sweep(told);
  }

  private Running here() {
    Running here = running;
    if (here == null) {
      throw DvxException.of(Kind.UNAVAILABLE, "This host does not clean the pool")
          .cause("That is done by the host that serves the directories")
          .remedy("Run it there: dvx host list shows who serves the root " + namespace)
          .detail("host", roots.server(namespace))
          .build();
    }
    return here;
  }

  /** How far sealing anew has come; elsewhere, what is known of the ring here. */
  ResealStatus sealing() {
    Running here = running;
    if (here != null) {
      return here.cleaner().resealing();
    }
    KeyRing known = keys.ring();
    boolean active = known.holdsOldKeys() || known.announces();
    String host = roots.server(namespace);
    String where =
        host.isEmpty()
            ? "No host serves the directories now"
            : "Host " + host + " knows how far it is: ask it";
    return ResealStatus.elsewhere(
        known.currentDataKeyId(), known.dataKeyIds(), active, active ? where : null);
  }

  /** Makes a new data key if this host cleans: {@link ClusterHost#renewDataKey}. */
  int renewDataKey() {
    return here().cleaner().renewDataKey();
  }

  @Override
  public Outcome makeRoom(long bytes, long limitNanos) throws InterruptedException {
    Optional<Outcome> here = makeRoomHere(bytes, limitNanos);
    if (here.isPresent()) {
      return here.get();
    }
    Duration within = Duration.ofNanos(limitNanos).plus(ON_THE_WAY);
    try {
      PeerCall.Room wish = new PeerCall.Room(namespace, bytes, limitNanos);
      return outcome(Peers.await(peers.call(roots.server(namespace), wish, within), within));
    } catch (RouteException | DvxException e) {
      LOG.debug("Nobody makes room now", e);
      TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
      return Outcome.WORKING;
    }
  }

  /** An outcome's number in a message. */
  static int code(Outcome outcome) {
    return switch (outcome) {
      case MADE -> 1;
      case NOTHING -> 2;
      case WORKING -> 3;
    };
  }

  private static Outcome outcome(Wire.In in) {
    return switch (in.get()) {
      case 1 -> Outcome.MADE;
      case 2 -> Outcome.NOTHING;
      default -> Outcome.WORKING;
    };
  }

  /** The same if this host cleans; empty when another one does. */
  Optional<Outcome> makeRoomHere(long bytes, long limitNanos) throws InterruptedException {
    Running here = running;
    if (here == null) {
      return Optional.empty();
    }
    return Optional.of(
        choice.background() ? here.cleaner().makeRoom(bytes, limitNanos) : Outcome.NOTHING);
  }
}
