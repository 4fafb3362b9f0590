package org.opendvx.core.cluster;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.Datastore.RequestOutcome;
import org.opendvx.core.datastore.DvxDatastore;
import org.opendvx.core.datastore.Expiry;
import org.opendvx.core.datastore.FileAwayException;
import org.opendvx.core.datastore.FileError;
import org.opendvx.core.datastore.FileException;
import org.opendvx.core.datastore.Ownership;
import org.opendvx.core.datastore.Ownership.FrozenFiles;
import org.opendvx.core.datastore.RequestTag;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/**
 * A root that this host serves: its engine, behind the lease. Nothing is answered, be it a read,
 * unless the lease holds after the work was done. Thread-safe.
 */
final class ServedRoot {
  private static final int MOST_CUTS = 64;
  private static final int MOST_DROPPED = 4096;

  private final String name;
  private final DvxDatastore store;
  private final Membership membership;
  private final Duration hold;
  private final Duration settle;
  private final Consumer<ServedRoot> onFenced;
  private final Holds holds = new Holds();
  private final Map<Long, FrozenFiles> frozen = new ConcurrentHashMap<>();

  /** Cuts that were given up a short time ago: the request to freeze may come after that. */
  private final Set<Long> dropped = ConcurrentHashMap.newKeySet();

  private final Map<RequestTag, CompletableFuture<?>> running = new ConcurrentHashMap<>();

  /** Held shared while a file is stopped or taken, exclusively to freeze and to close. */
  private final ReentrantReadWriteLock moves = new ReentrantReadWriteLock();

  private final long life;
  private volatile boolean closed;

  /** What works beside the engine and ends before it; guarded by itself. */
  private final List<Runnable> beside = new ArrayList<>();

  /**
   * A root.
   *
   * @param onFenced told when the pool refuses this engine, so that the root must be opened again
   */
  ServedRoot(
      String name,
      DvxDatastore store,
      Membership membership,
      ClusterSettings settings,
      Consumer<ServedRoot> onFenced) {
    this.name = name;
    this.store = store;
    this.membership = membership;
    this.life = membership.life();
    this.hold = settings.hold();
    this.settle = settings.settle();
    this.onFenced = onFenced;
  }

  String name() {
    return name;
  }

  DvxDatastore store() {
    return store;
  }

  Ownership ownership() {
    return store.ownership();
  }

  /** This host's life in which the root was opened. */
  long life() {
    return life;
  }

  boolean serves() {
    return !closed && life == membership.life() && membership.held();
  }

  /**
   * Runs an operation. The future fails with {@link FileException}, {@link FileAwayException} when
   * the file is elsewhere, or {@link RouteException}.
   *
   * @param all answers for files of every root
   * @param over tells when it must not take effect any more, null for never
   */
  @SuppressWarnings("unchecked") // a tag names one request, whose result has one type
  <R> CompletableFuture<R> run(FileOp<R> op, Datastore all, @Nullable BooleanSupplier over) {
    if (!serves()) {
      return CompletableFuture.failedFuture(RouteException.notRun("not served here"));
    }
    RequestTag tag = op.tag();
    if (tag == null) {
      return guarded(op, start(op, over));
    }
    CompletableFuture<R> own = new CompletableFuture<>();
    CompletableFuture<?> other = running.putIfAbsent(tag, own);
    if (other != null) {
      return (CompletableFuture<R>) other;
    }
    Optional<RequestOutcome> done = store.outcome(tag);
    CompletableFuture<R> work = done.isPresent() ? op.replay(all, done.get()) : start(op, over);
    var _ =
        guarded(op, work)
            .whenComplete(
                (value, failure) -> {
                  running.remove(tag, own);
                  complete(own, value, failure);
                });
    return own;
  }

  private <R> CompletableFuture<R> start(FileOp<R> op, @Nullable BooleanSupplier over) {
    try {
      return Expiry.within(over, () -> op.run(store));
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  private <R> CompletableFuture<R> guarded(FileOp<R> op, CompletableFuture<R> work) {
    CompletableFuture<R> answer = new CompletableFuture<>();
    var _ =
        work.whenComplete(
            (value, failure) -> {
              Runnable given = () -> answer(answer, value, cause(failure));
              if (op.names() && op.changes()) {
                // It may have changed any file.
                holds.passAll(given);
              } else {
                holds.pass(op.key().file(), given);
              }
            });
    return answer;
  }

  private <R> void answer(
      CompletableFuture<R> answer, @Nullable R value, @Nullable Throwable failure) {
    if (failure instanceof FileAwayException || failure instanceof RouteException) {
      answer.completeExceptionally(failure);
    } else if (fenced(failure)) {
      onFenced.accept(this);
      answer.completeExceptionally(RouteException.unknown("fenced"));
    } else if (!serves()) {
      answer.completeExceptionally(RouteException.unknown("the lease is over"));
    } else {
      complete(answer, value, failure);
    }
  }

  @SuppressWarnings("NullAway") // a result may be null where its type says so
  private static <R> void complete(
      CompletableFuture<R> future, @Nullable R value, @Nullable Throwable failure) {
    if (failure == null) {
      future.complete(value);
    } else {
      future.completeExceptionally(cause(failure));
    }
  }

  static @Nullable Throwable cause(@Nullable Throwable failure) {
    return failure instanceof CompletionException && failure.getCause() != null
        ? failure.getCause()
        : failure;
  }

  /** Whether it failed because another host serves the root. */
  static boolean fenced(@Nullable Throwable failure) {
    for (Throwable at = failure; at != null; at = at.getCause()) {
      if (at instanceof DvxException e && e.kind() == Kind.CONFLICT) {
        return true;
      }
    }
    return false;
  }

  /** Stops a file for another root: {@link Ownership#stop}. */
  byte[] stop(long file) {
    moves.readLock().lock();
    try {
      requireServed();
      if (holds.cover(file)) {
        throw new FileException(FileError.BUSY, "a snapshot is being taken");
      }
      return ownership().stop(file);
    } finally {
      moves.readLock().unlock();
    }
  }

  /** A step of a hand-over to this root, during which it stays open. */
  interface Step {
    /** Runs. */
    void run();
  }

  void move(Step step) {
    moves.readLock().lock();
    try {
      requireServed();
      step.run();
    } finally {
      moves.readLock().unlock();
    }
  }

  /**
   * Withholds the answers for files and freezes them, for a cut; in memory only. When this returns
   * the lease outlasts the hold, so that no other host can answer for the files meanwhile.
   */
  void freeze(long cut, List<Long> files) {
    boolean locked = false;
    try {
      locked = moves.writeLock().tryLock(hold.toNanos() / 4, TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (!locked) {
      throw new FileException(FileError.BUSY, "a file is on its way to another host");
    }
    boolean done = false;
    try {
      requireServed();
      holds.begin(cut, files, hold.toNanos());
      if (frozen.size() >= MOST_CUTS) {
        throw new FileException(FileError.BUSY, "too many snapshots are being taken");
      }
      frozen.put(cut, ownership().freeze(files));
      // Nobody may ever settle it. By then nobody waits for that any more.
      later(() -> frozen.remove(cut));
      // Looked for after it was put: a drop is noted before it removes.
      if (dropped.contains(cut)) {
        throw new FileException(FileError.BUSY, "the cut was given up");
      }
      if (membership.remaining() < hold.toNanos()) {
        throw new FileException(FileError.BUSY, "the lease ends soon");
      }
      done = true;
    } finally {
      moves.writeLock().unlock();
      if (!done) {
        holds.end(cut);
        frozen.remove(cut);
      }
    }
  }

  /** Lets the answers go. */
  void release(long cut) {
    holds.end(cut);
  }

  /** Makes the frozen files of a cut durable. */
  List<byte[]> settle(long cut) {
    FrozenFiles files = frozen.remove(cut);
    if (files == null) {
      throw new FileException(FileError.BUSY, "the cut is not known here");
    }
    return ownership().settle(files);
  }

  /** Forgets a cut that is given up. */
  void drop(long cut) {
    if (dropped.size() < MOST_DROPPED && dropped.add(cut)) {
      later(() -> dropped.remove(cut));
    }
    holds.end(cut);
    frozen.remove(cut);
  }

  /** Frozen files that are kept now. */
  int frozenCuts() {
    return frozen.size();
  }

  /** Runs something when everything about a cut that is begun now must have ended. */
  private void later(Runnable end) {
    long nanos = hold.plus(settle).toNanos();
    CompletableFuture.delayedExecutor(nanos, TimeUnit.NANOSECONDS).execute(end);
  }

  void requireServed() {
    if (!serves()) {
      throw RouteException.notRun("not served here");
    }
  }

  /** Closes the engine in good order. */
  void close() {
    moves.writeLock().lock();
    try {
      closed = true;
    } finally {
      moves.writeLock().unlock();
    }
    endBeside();
    store.close();
  }

  /** Something works beside the engine, and is to end with it: at once when that is over. */
  void beside(Runnable end) {
    synchronized (beside) {
      beside.add(end);
    }
    if (closed) {
      endBeside();
    }
  }

  private void endBeside() {
    List<Runnable> ends;
    synchronized (beside) {
      ends = List.copyOf(beside);
      beside.clear();
    }
    ends.forEach(Runnable::run);
  }

  /** Ends at once; nothing is answered any more when this returns. */
  void halt() {
    closed = true;
    Thread _ = Thread.ofVirtual().name("halt-" + name).start(store::halt);
    // Not before the engine: it takes its time, and can change nothing more.
    Thread _ = Thread.ofVirtual().name("halt-beside-" + name).start(this::endBeside);
  }
}
