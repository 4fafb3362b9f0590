package org.opendvx.core.cluster;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.opendvx.core.datastore.FileAwayException;
import org.opendvx.core.datastore.FileError;
import org.opendvx.core.datastore.FileException;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.log.Passage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Moves files between roots. The heir drives: it notes its intent in the owner's record, asks the
 * giver to stop the file and for its parcel, journals that, and swings the record; only then it
 * serves the file. The record decides, whoever dies. Thread-safe; methods block.
 */
final class HandOver {
  private static final Logger LOG = LoggerFactory.getLogger(HandOver.class);
  private static final int TRIES = 60;
  private static final long PAUSE_MILLIS = 25;
  private static final long LONGEST_AWAIT_MILLIS = 500;
  private static final int PATIENCE_WITH_OTHERS = 40;
  private static final int LOCKS = 64;
  private static final int AT_A_TIME = 16;

  /** For a block map that is read before its file comes. */
  private static final Duration AHEAD = Duration.ofSeconds(1);

  /**
   * For a giver to make a file durable beforehand; a giver that is gone costs no more than this.
   */
  private static final Duration PREVIEW = Duration.ofSeconds(2);

  private final Roots roots;
  private final OwnerRegister owners;
  private final Membership membership;
  private final Peers peers;
  private final ClusterSettings settings;

  /** Files that were stopped here and whose fate is open. */
  private final Map<Long, Outgoing> outgoing = new ConcurrentHashMap<>();

  /** When files came here, for the sake of {@link ClusterSettings#residence}. */
  private final Map<Long, Long> arrived = new ConcurrentHashMap<>();

  /** Files that come here at this moment. */
  private final Map<Long, CompletableFuture<Boolean>> coming = new ConcurrentHashMap<>();

  /** Those who make a parcel, until it is among the outgoing. */
  private final Passage giving = new Passage();

  private final HandOverTimes times = new HandOverTimes();
  private final ReentrantLock[] locks = new ReentrantLock[LOCKS];

  /** A file that was stopped here. */
  private static final class Outgoing {
    final ServedRoot root;
    final Owner intent;
    final byte[] parcel;

    Outgoing(ServedRoot root, Owner intent, byte[] parcel) {
      this.root = root;
      this.intent = intent;
      this.parcel = parcel;
    }
  }

  private volatile Consumer<String> arrivals = _ -> {};

  HandOver(
      Roots roots,
      OwnerRegister owners,
      Membership membership,
      Peers peers,
      ClusterSettings settings) {
    this.roots = roots;
    this.owners = owners;
    this.membership = membership;
    this.peers = peers;
    this.settings = settings;
    for (int i = 0; i < LOCKS; i++) {
      locks[i] = new ReentrantLock();
    }
  }

  /**
   * Makes a root that is served here the owner of a file.
   *
   * @param forUse whether that is only because the file is used here, which the owner may refuse
   * @throws FileException STALE when there is no such file, BUSY when it cannot be done now
   */
  void take(long file, ServedRoot heir, boolean forUse) {
    ReentrantLock lock = locks[(int) (file % LOCKS)];
    long start = System.nanoTime();
    lock.lock();
    CompletableFuture<Boolean> came = new CompletableFuture<>();
    try {
      prepare(file, heir, forUse);
      coming.put(file, came);
      for (int attempt = 0; attempt < TRIES; attempt++) {
        Owner owner = owners.read(file);
        if (owner.root().equals(heir.name())) {
          return;
        }
        boolean others = owner.moving() && !owner.heir().equals(heir.name());
        if ((!others || attempt % PATIENCE_WITH_OTHERS == PATIENCE_WITH_OTHERS - 1)
            && attempt(file, owner, heir, forUse)) {
          times.add(System.nanoTime() - start);
          return;
        }
        pause();
      }
      throw new FileException(FileError.BUSY, "the file cannot be moved now");
    } finally {
      coming.remove(file);
      came.complete(true);
      lock.unlock();
    }
  }

  /**
   * Waits for what is better than to ask again: until a file that comes here at this moment is
   * here, or could not come; else, and at the most, for a while.
   */
  void await(long file, long pauseMillis) {
    CompletableFuture<Boolean> came = coming.get(file);
    try {
      if (came == null) {
        Thread.sleep(pauseMillis);
      } else {
        boolean _ = came.get(LONGEST_AWAIT_MILLIS, TimeUnit.MILLISECONDS);
      }
    } catch (TimeoutException _) {
      // It is asked for again.
    } catch (ExecutionException e) {
      throw new IllegalStateException("nothing fails it", e);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      throw new FileException(FileError.BUSY, "interrupted");
    }
  }

  /** Tells, before a file is served here, from which host it comes; must be quick. */
  void onArrival(Consumer<String> listener) {
    arrivals = listener;
  }

  /** How long files took to come here. */
  HandOverTimes times() {
    return times;
  }

  /** {@link #take} for a machine's files, several at a time; goes on when one cannot be moved. */
  void takeAll(Collection<Long> files, ServedRoot heir) {
    Semaphore room = new Semaphore(AT_A_TIME);
    List<CompletableFuture<Boolean>> moves = new ArrayList<>();
    for (long file : files) {
      room.acquireUninterruptibly();
      moves.add(
          Tasks.start(
              () -> {
                try {
                  take(file, heir, false);
                  return true;
                } finally {
                  room.release();
                }
              }));
    }
    RuntimeException last = null;
    for (CompletableFuture<Boolean> move : moves) {
      try {
        boolean _ = move.join();
      } catch (CompletionException e) {
        Throwable cause = e.getCause();
        if (cause instanceof FileException told && told.error() == FileError.STALE) {
          LOG.debug("A file was removed before it was moved", told);
        } else {
          last = cause instanceof RuntimeException failure ? failure : e;
        }
      }
    }
    if (last != null) {
      throw last;
    }
  }

  /**
   * While another host still serves the file: what its users would wait for here. Whatever fails in
   * it fails in the hand-over too, or does not matter.
   */
  private void prepare(long file, ServedRoot heir, boolean forUse) {
    try {
      Owner owner = owners.read(file);
      if (owner.root().equals(heir.name()) || roots.local(owner.root()) != null) {
        return;
      }
      if (roots.server(owner.root()).isEmpty()) {
        roots.refresh(owner.root());
      }
      PeerCall preview = new PeerCall.Preview(owner.root(), file, forUse);
      byte[] parcel =
          Peers.await(peers.call(roots.server(owner.root()), preview), PREVIEW).getBytes();
      heir.requireServed();
      heir.ownership().expect(parcel, AHEAD);
    } catch (RuntimeException e) {
      LOG.debug("Nothing is read ahead for file {}", file, e);
    }
  }

  private boolean attempt(long file, Owner owner, ServedRoot heir, boolean forUse) {
    // What was given away from here is noted before it comes back.
    if (!resolve(file)) {
      return false;
    }
    Owner intent = owner.towards(heir.name());
    if (!intent.equals(owner) && !owners.swing(membership.epoch(), file, owner, intent)) {
      return false;
    }
    byte[] parcel;
    try {
      parcel = ask(file, intent, forUse);
    } catch (RouteException | PeerReply.AwayElsewhere | FileAwayException _) {
      roots.refresh(owner.root());
      return false;
    } catch (FileException e) {
      boolean _ = owners.swing(membership.epoch(), file, intent, intent.renewed());
      if (e.error() == FileError.BUSY && !forUse) {
        return false;
      }
      throw e;
    }
    if (roots.local(intent.root()) == null) {
      arrivals.accept(roots.server(intent.root()));
    }
    long asked = System.nanoTime();
    boolean[] done = new boolean[1];
    heir.move(() -> done[0] = inherit(file, intent, heir, parcel));
    LOG.debug(
        "File {} was inherited {} us after its parcel came: {}",
        file,
        (System.nanoTime() - asked) / 1000,
        done[0]);
    tell(file, intent);
    return done[0];
  }

  private byte[] ask(long file, Owner intent, boolean forUse) {
    ServedRoot giver = roots.local(intent.root());
    if (giver != null) {
      return give(giver, file, intent, forUse);
    }
    PeerCall stop = new PeerCall.Stop(intent.root(), file, intent.epoch(), intent.heir(), forUse);
    Duration limit = settings.call();
    return Peers.await(peers.call(roots.server(intent.root()), stop), limit).getBytes();
  }

  private boolean inherit(long file, Owner intent, ServedRoot heir, byte[] parcel) {
    Owner next = intent.inherited();
    heir.ownership().take(file, parcel, next.epoch());
    try {
      // In the life of the engine that journalled it: after that life this fails.
      if (!owners.swing(Lease.epoch(membership.host(), heir.life()), file, intent, next)) {
        heir.ownership().given(file, owners.read(file).epoch());
        return false;
      }
    } catch (DvxException e) {
      Thread _ =
          Thread.ofVirtual()
              .name("inheritance-" + file)
              .start(() -> settleLater(file, intent, heir));
      throw e;
    }
    arrived.put(file, System.nanoTime());
    heir.ownership().resume(file);
    return true;
  }

  /** Finds out whether a file was inherited, when the register did not say so. */
  private void settleLater(long file, Owner intent, ServedRoot heir) {
    try {
      do {
        Thread.sleep(PAUSE_MILLIS);
      } while (roots.local(heir.name()) == heir && !settled(file, intent, heir));
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean settled(long file, Owner intent, ServedRoot heir) {
    try {
      Owner owner = owners.read(file);
      if (owner.equals(intent)) {
        // The giver ends the intent soon, so that a late swing fails.
        return false;
      }
      if (owner.root().equals(heir.name())) {
        heir.ownership().resume(file);
      } else {
        heir.ownership().given(file, owner.epoch());
      }
      return true;
    } catch (DvxException | FileException e) {
      LOG.debug("Whether file {} was inherited is not known yet: {}", file, e.getMessage());
      return false;
    }
  }

  private void tell(long file, Owner intent) {
    if (roots.local(intent.root()) != null) {
      resolve(file);
    } else {
      // When this is lost the giver finds out by itself.
      var _ = peers.call(roots.server(intent.root()), new PeerCall.Given(intent.root(), file));
    }
  }

  /**
   * Stops a file and gives its parcel.
   *
   * @param intent the owner's record as the heir wrote it
   */
  byte[] give(ServedRoot giver, long file, Owner intent, boolean forUse) {
    requireResident(file, forUse);
    if (!owners.read(file).equals(intent)) {
      throw RouteException.notRun("the owner's record says otherwise");
    }
    Outgoing before = outgoing.get(file);
    if (before != null) {
      if (before.root == giver && before.intent.equals(intent)) {
        return before.parcel;
      }
      throw new FileException(FileError.BUSY, "the file is on its way elsewhere");
    }
    byte[] parcel;
    int ticket = giving.enter();
    try {
      parcel = giver.stop(file);
      outgoing.put(file, new Outgoing(giver, intent, parcel));
    } finally {
      giving.leave(ticket);
    }
    Thread _ = Thread.ofVirtual().name("hand-over-" + file).start(() -> resolveLater(file));
    return parcel;
  }

  /** What the parcel of a file would be now. */
  byte[] preview(ServedRoot giver, long file, boolean forUse) {
    requireResident(file, forUse);
    giver.requireServed();
    return giver.ownership().preview(file);
  }

  private void requireResident(long file, boolean forUse) {
    Long since = arrived.get(file);
    if (forUse && since != null && System.nanoTime() - since < settings.residence().toNanos()) {
      throw new FileException(FileError.BUSY, "the file came here only now");
    }
  }

  /**
   * Waits until it is decided of each file, of which a parcel was made at a root before the call,
   * who owns it: such a parcel is not taken any more then, or was.
   *
   * @throws DvxException TIMEOUT when that takes longer
   */
  void awaitParcels(ServedRoot giver, Duration limit) throws InterruptedException {
    long end = System.nanoTime() + limit.toNanos();
    boolean done = giving.await(limit.toNanos());
    List<Map.Entry<Long, Outgoing>> before =
        outgoing.entrySet().stream()
            .filter(each -> each.getValue().root == giver)
            .map(each -> Map.entry(each.getKey(), each.getValue()))
            .toList();
    for (Map.Entry<Long, Outgoing> each : before) {
      while (done && outgoing.get(each.getKey()) == each.getValue()) {
        Thread.sleep(PAUSE_MILLIS);
        done = System.nanoTime() - end < 0;
      }
    }
    if (!done) {
      throw DvxException.of(Kind.TIMEOUT, "Cleaning waits for files that move to another host")
          .cause("It is not decided for more than " + limit.toSeconds() + " s who owns them")
          .remedy("Nothing: it is tried again")
          .build();
    }
  }

  private void resolveLater(long file) {
    try {
      TimeUnit.NANOSECONDS.sleep(settings.stopped().toNanos());
      while (!resolve(file)) {
        Thread.sleep(PAUSE_MILLIS);
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  /** Finds out what became of a file that was stopped here; false when that failed. */
  boolean resolve(long file) {
    Outgoing stopped = outgoing.get(file);
    if (stopped == null) {
      return true;
    }
    synchronized (stopped) {
      if (outgoing.get(file) != stopped) {
        return true;
      }
      if (roots.local(stopped.root.name()) != stopped.root) {
        outgoing.remove(file, stopped);
        return true;
      }
      try {
        return decide(file, stopped);
      } catch (DvxException | FileException e) {
        LOG.debug("The owner of file {} is not known yet: {}", file, e.getMessage());
        return false;
      }
    }
  }

  private boolean decide(long file, Outgoing stopped) {
    Owner owner = owners.read(file);
    if (!owner.root().equals(stopped.root.name())) {
      stopped.root.ownership().given(file, owner.epoch());
      arrived.remove(file);
    } else if (owner.moving()) {
      if (!owners.swing(membership.epoch(), file, owner, owner.renewed())) {
        return false;
      }
      stopped.root.ownership().resume(file);
    } else {
      stopped.root.ownership().resume(file);
    }
    outgoing.remove(file, stopped);
    return true;
  }

  private static void pause() {
    try {
      Thread.sleep(PAUSE_MILLIS);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      throw new FileException(FileError.BUSY, "interrupted");
    }
  }
}
