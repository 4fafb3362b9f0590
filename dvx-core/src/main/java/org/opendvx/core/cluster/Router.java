package org.opendvx.core.cluster;

import java.nio.BufferUnderflowException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.Expiry;
import org.opendvx.core.datastore.FileAwayException;
import org.opendvx.core.datastore.FileError;
import org.opendvx.core.datastore.FileException;
import org.opendvx.core.error.DvxException;

/**
 * Brings each operation to the host that serves the file's root: here at once, or to a peer. What
 * was surely not run is brought to the next host that seems right; what may have been run is
 * repeated only where that does no harm, else the client is told to come again. It is told so only
 * when what was sent cannot take effect any more: see {@link Unsettled}. Thread-safe.
 */
final class Router {
  private static final long PAUSE_MILLIS = 5;
  private static final long LONGEST_PAUSE_MILLIS = 80;

  private final Membership membership;
  private final Roots roots;
  private final OwnerRegister owners;
  private final HandOver handOver;
  private final Peers peers;
  private final PeerClocks clocks;
  private final ClusterSettings settings;
  private final String namespace;
  private final LongAdder forwarded = new LongAdder();
  private final LongAdder local = new LongAdder();

  /** How often files of other hosts were asked for through this one, since the last look. */
  private final Map<Long, LongAdder> uses = new ConcurrentHashMap<>();

  private volatile @Nullable NamespaceRunner runner;

  Router(
      Membership membership,
      Roots roots,
      OwnerRegister owners,
      HandOver handOver,
      Peers peers,
      PeerClocks clocks,
      ClusterSettings settings,
      String namespace) {
    this.membership = membership;
    this.roots = roots;
    this.owners = owners;
    this.handOver = handOver;
    this.peers = peers;
    this.clocks = clocks;
    this.settings = settings;
    this.namespace = namespace;
  }

  void runner(NamespaceRunner toUse) {
    runner = toUse;
  }

  /** Operations that went to another host. */
  long forwarded() {
    return forwarded.sum();
  }

  /** Operations that were carried out here. */
  long local() {
    return local.sum();
  }

  /** Files that were asked for more often than that since the last call. */
  java.util.List<Long> usedMoreThan(long limit) {
    Map<Long, LongAdder> all = Map.copyOf(uses);
    uses.clear();
    return all.entrySet().stream()
        .filter(use -> use.getValue().sum() >= limit)
        .map(Map.Entry::getKey)
        .toList();
  }

  /** This host's life now: to be read before anything that an operation depends on. */
  long life() {
    return membership.life();
  }

  /**
   * Runs an operation; fails with {@link FileException} only.
   *
   * @param life of this host in which it came
   */
  <R> CompletableFuture<R> run(FileOp<R> op, long life) {
    ServedRoot local = here(op);
    if (local == null || local.life() != life) {
      FileOp<R> own = op.detached();
      return Tasks.start(Expiry.carried(() -> search(own, life, new Unsettled(roots, clocks))));
    }
    this.local.increment();
    CompletableFuture<R> work = here(local, op, null);
    if (!work.isDone()) {
      return work.exceptionallyCompose(failure -> later(op, local, failure, op.borrows()));
    }
    return work.isCompletedExceptionally()
        ? later(op.detached(), local, work.exceptionNow(), false)
        : work;
  }

  /** What becomes of an operation that failed at a root that is served here. */
  private <R> CompletableFuture<R> later(
      FileOp<R> op, ServedRoot tried, Throwable failure, boolean tooLate) {
    Throwable cause = ServedRoot.cause(failure);
    boolean notRun = cause instanceof FileAwayException || notRun(cause);
    if (!notRun && !(cause instanceof RouteException && op.repeatable())) {
      return CompletableFuture.failedFuture(refusal(cause));
    }
    if (tooLate) {
      return CompletableFuture.failedFuture(refusal(cause));
    }
    return Tasks.start(
        Expiry.carried(
            () -> {
              Unsettled unsettled = new Unsettled(roots, clocks);
              if (!notRun && op.changes()) {
                unsettled.add(tried.name(), membership.host(), tried.life(), clocks.now());
              }
              renew(op, namespace);
              return search(op.detached(), tried.life(), unsettled);
            }));
  }

  private static boolean notRun(@Nullable Throwable cause) {
    return cause instanceof RouteException route && route.fate() == RouteException.Fate.NOT_RUN;
  }

  private static FileException refusal(@Nullable Throwable cause) {
    return cause instanceof FileException e
        ? e
        : new FileException(FileError.BUSY, "no host answers: " + cause, cause);
  }

  private @Nullable ServedRoot here(FileOp<?> op) {
    if (op.names()) {
      return roots.local(namespace);
    }
    Owner owner = owners.remembered(op.key().file());
    return owner == null ? null : roots.local(owner.root());
  }

  private <R> CompletableFuture<R> here(
      ServedRoot root, FileOp<R> op, @Nullable BooleanSupplier over) {
    NamespaceRunner namespaceRunner = runner;
    if (namespaceRunner == null) {
      return CompletableFuture.failedFuture(RouteException.notRun("the host is starting"));
    }
    return namespaceRunner.run(root, op, over);
  }

  /**
   * Looks for a host that answers. Blocks.
   *
   * @param life of this host in which the operation came. What changes something ends with it: its
   *     client may long have gone on elsewhere
   * @param unsettled what may have carried it out before
   */
  private <R> R search(FileOp<R> op, long life, Unsettled unsettled) {
    try {
      R result = look(op, life, unsettled);
      if (op.names() && op.tag() != null) {
        // It is noted there that it was carried out: what comes after it changes nothing.
        unsettled.forget();
      }
      return result;
    } finally {
      unsettled.await();
    }
  }

  private <R> R look(FileOp<R> op, long life, Unsettled unsettled) {
    long start = System.nanoTime();
    long pause = PAUSE_MILLIS;
    while (true) {
      Throwable failure;
      String root = namespace;
      try {
        root = op.names() ? namespace : owners.find(op.key().file()).root();
        return at(root, op, life, unsettled);
      } catch (FileAwayException | PeerReply.AwayElsewhere e) {
        failure = e;
      } catch (RouteException e) {
        if (e.fate() == RouteException.Fate.UNKNOWN && !op.repeatable()) {
          throw refusal(e);
        }
        failure = e;
      } catch (FileException e) {
        if (e.error() != FileError.STALE || !moved(op, root)) {
          throw e;
        }
        failure = e;
      } catch (DvxException e) {
        failure = e;
      }
      if (System.nanoTime() - start > patience(op).toNanos()) {
        throw new FileException(FileError.BUSY, "no host answers: " + failure, failure);
      }
      handOver.await(op.key().file(), pause);
      pause = Math.min(2 * pause, LONGEST_PAUSE_MILLIS);
      renew(op, root);
    }
  }

  /**
   * How long another host is looked for. The last try of a change, with a look at the other's clock
   * before it, is over before its client is told to come again.
   */
  private Duration patience(FileOp<?> op) {
    Duration route = settings.route();
    if (!op.changes() || op instanceof SnapshotOp) {
      return route;
    }
    Duration early = route.minus(settings.call().multipliedBy(2));
    Duration half = route.dividedBy(2);
    return early.compareTo(half) > 0 ? early : half;
  }

  /** Whether a file that was not found has another owner than was thought. */
  private boolean moved(FileOp<?> op, String root) {
    return !op.names() && !owners.read(op.key().file()).root().equals(root);
  }

  private void renew(FileOp<?> op, String root) {
    try {
      if (!op.names()) {
        owners.forget(op.key().file());
      }
      roots.refresh(root);
    } catch (DvxException _) {
      // The register does not answer: the next round asks again, until the time is over.
      pause(PAUSE_MILLIS);
    }
  }

  private <R> R at(String root, FileOp<R> op, long life, Unsettled unsettled) {
    ServedRoot local = roots.local(root);
    long now = local == null ? membership.life() : local.life();
    if (op.changes() && now != life) {
      throw new FileException(FileError.BUSY, "this host has been declared dead meanwhile");
    }
    if (unsettled.elsewhere(root)) {
      // The root that may have carried it out noted that; this one knows nothing of it.
      throw new FileException(FileError.BUSY, "the file has moved meanwhile");
    }
    if (local != null) {
      this.local.increment();
      return local(local, op, unsettled);
    }
    String host = roots.server(root);
    if (host.isEmpty()) {
      throw RouteException.notRun("nobody serves " + root);
    }
    forwarded.increment();
    if (!op.names()) {
      uses.computeIfAbsent(op.key().file(), _ -> new LongAdder()).increment();
    }
    return op.changes()
        ? change(root, host, op, life, unsettled)
        : answer(op, peers.call(host, new PeerCall.Run(root, op), life, settings.call()));
  }

  private <R> R answer(FileOp<R> op, CompletableFuture<Wire.In> call) {
    Wire.In in = Peers.await(call, settings.route());
    try {
      return op.decodeResult(in);
    } catch (BufferUnderflowException | IllegalArgumentException e) {
      throw RouteException.unknown("an answer that cannot be read: " + e);
    }
  }

  private <R> R local(ServedRoot root, FileOp<R> op, Unsettled unsettled) {
    long over = clocks.now() + settings.route().toNanos();
    CompletableFuture<R> work = here(root, op, () -> clocks.now() >= over);
    try {
      return Peers.await(work, settings.route());
    } finally {
      if (op.changes() && !work.isDone()) {
        unsettled.add(root.name(), membership.host(), root.life(), over);
      }
    }
  }

  /** Lets a peer run what changes something, until the time for which it is waited here is over. */
  private <R> R change(String root, String host, FileOp<R> op, long life, Unsettled unsettled) {
    Duration wait = op instanceof SnapshotOp ? settings.route() : settings.call();
    PeerClocks.Limit limit = clocks.limit(host, wait);
    PeerCall call = new PeerCall.Change(root, limit.life(), limit.notAfter(), op);
    try {
      return answer(op, peers.call(host, call, life, wait));
    } catch (RouteException e) {
      if (e.fate() == RouteException.Fate.UNKNOWN) {
        unsettled.add(root, host, limit.life(), limit.over());
      }
      throw e;
    }
  }

  private static void pause(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      throw new FileException(FileError.BUSY, "interrupted");
    }
  }
}
