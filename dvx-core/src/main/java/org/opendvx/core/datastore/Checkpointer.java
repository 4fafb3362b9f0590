package org.opendvx.core.datastore;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.opendvx.core.datastore.InodeTable.FrozenInode;
import org.opendvx.core.datastore.RootRecord.Totals;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.journal.Journal;
import org.opendvx.core.log.ChunkLog;
import org.opendvx.core.log.LogStatistics;
import org.opendvx.core.log.NodeLog;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.tree.Blob;
import org.opendvx.core.tree.FrozenTree;
import org.opendvx.core.tree.NodeWalk;
import org.opendvx.core.tree.RootRef;
import org.opendvx.core.tree.TreeIo;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes the state to the pool now and then, so that the journal can be trimmed.
 *
 * <p>Changes are held off only for moments, while the roots of a few changed files are frozen at a
 * time. A checkpoint that fails leaves everything as it was and is tried again.
 */
final class Checkpointer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Checkpointer.class);
  private static final Duration TICK = Duration.ofSeconds(1);
  private static final long BETWEEN_BATCHES_NANOS = 20_000;
  private static final Duration DURABLE_LIMIT = Duration.ofSeconds(60);

  /**
   * Heap for tree nodes that were changed since a checkpoint began, with which another one is due:
   * a sixteenth, from 32 to 256 MiB. With twice as much changes wait.
   */
  private static final long CHANGED =
      Math.clamp(Runtime.getRuntime().maxMemory() / 16, 32L << 20, 256L << 20);

  /** What a checkpoint reads and writes. */
  record Stores(
      State state,
      Journal journal,
      ChunkLog log,
      NodeLog nodes,
      TreeIo io,
      RootStore roots,
      Epoch epoch) {}

  private final Stores stores;
  private final Locks locks;
  private final DatastoreSettings settings;

  /** What earlier processes counted, up to where this one began to. */
  private volatile Totals before;

  private final Thread thread =
      Thread.ofPlatform().daemon().name("checkpoint").unstarted(this::run);

  /** One checkpoint at a time; who holds it may write what follows. */
  private final ReentrantLock one = new ReentrantLock();

  /** Of {@link TreeIo#changedBytes} when the last checkpoint, or the one that runs, began. */
  private volatile long changedBefore;

  /** The same of the last one that ended. */
  private volatile long changedWritten;

  private volatile RootRecord root;
  private volatile long endedAt = System.nanoTime();

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private boolean wanted;
  private boolean closing;

  /**
   * Follows a checkpoint.
   *
   * @param root the last one
   */
  Checkpointer(Stores stores, Locks locks, DatastoreSettings settings, RootRecord root) {
    this.stores = stores;
    this.locks = locks;
    this.settings = settings;
    this.root = root;
    this.before = root.totals();
  }

  /** The last checkpoint. */
  RootRecord root() {
    return root;
  }

  /** Whether the changed tree nodes that no checkpoint has written fit in memory, with more. */
  boolean changesFit() {
    return stores.io.changedBytes() - changedWritten < 2 * CHANGED;
  }

  /** Whether so many tree nodes were changed since a checkpoint began that another one is due. */
  boolean changedMuch() {
    return stores.io.changedBytes() - changedBefore >= CHANGED;
  }

  /** Visits what the last checkpoint reaches. */
  void walk(NodeWalk.Visitor visitor) {
    new LiveWalk(stores.io, visitor).walk(root);
  }

  /** Visits what a checkpoint of another root reaches. */
  void walk(RootRecord other, NodeWalk.Visitor visitor) {
    new LiveWalk(stores.io, visitor).walk(other);
  }

  /** Visits the content of a file that is on its way between roots. */
  void walkParcel(byte[] parcel, NodeWalk.Visitor visitor) {
    new NodeWalk(stores.io, visitor).tree(InodeCodec.decodeStored(parcel).content());
  }

  void start() {
    thread.start();
  }

  /** Asks for a checkpoint soon. */
  void wanted() {
    lock.lock();
    try {
      wanted = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Counts what the journal holds of an earlier process's work. On the thread of the recovery. */
  void replayed(Totals more) {
    Totals sum = before;
    before =
        new Totals(
            sum.logical() + more.logical(),
            sum.unique() + more.unique(),
            sum.stored() + more.stored());
  }

  /** Totals up to now. */
  Totals totals() {
    LogStatistics now = stores.log.statistics();
    return new Totals(
        before.logical() + now.logical(),
        before.unique() + now.unique(),
        before.stored() + now.stored());
  }

  private void run() {
    while (await()) {
      try {
        checkpoint();
      } catch (DvxException e) {
        if (!thread.isInterrupted()) {
          LOG.warn("A checkpoint failed and will be repeated: {}", e.getMessage());
        }
      } catch (RuntimeException e) {
        LOG.error("A checkpoint failed unexpectedly and will be repeated", e);
      }
    }
  }

  /** Waits until a checkpoint is due; false when closing. */
  private boolean await() {
    lock.lock();
    try {
      while (!closing && !wanted && !due()) {
        boolean _ = changed.await(TICK.toMillis(), TimeUnit.MILLISECONDS);
      }
      wanted = false;
      return !closing;
    } catch (InterruptedException _) {
      return false;
    } finally {
      lock.unlock();
    }
  }

  private boolean due() {
    long pause = System.nanoTime() - endedAt;
    if (pause < TICK.toNanos()) {
      return false;
    }
    return stores.journal.usage() >= settings.checkpointUsage()
        || stores.state.inodes().dirtyCount() >= settings.checkpointFiles()
        || changedMuch()
        || (stores.journal.lastLsn() > root.lsn()
            && pause >= settings.checkpointInterval().toNanos());
  }

  /** What is frozen for a checkpoint. */
  @SuppressWarnings("ArrayRecordComponent") // carried, never compared
  private record Frozen(
      long lsn,
      List<FrozenInode> inodes,
      SnapshotCatalogue.Changes snapshots,
      byte[] outcomes,
      Totals totals,
      long changedBytes,
      long heldNanos) {}

  /** Writes a checkpoint; returns when it is in place. Blocks. */
  void checkpoint() {
    one.lock();
    try {
      boolean done = false;
      try {
        write(freeze());
        done = true;
      } finally {
        if (!done) {
          unfreeze();
        }
        endedAt = System.nanoTime();
      }
    } finally {
      one.unlock();
    }
  }

  private Frozen freeze() {
    State state = stores.state;
    long lsn;
    SnapshotCatalogue.Changes snapshots;
    byte[] outcomes;
    Totals totals;
    long changed;
    long start = System.nanoTime();
    long stamp = locks.cut.writeLock();
    try {
      lsn = stores.journal.lastLsn();
      state.inodes().beginFreeze();
      snapshots = state.snapshots().freeze();
      outcomes = state.outcomes().encode();
      // What comes after is counted again when its records are replayed.
      totals = totals();
      changed = stores.io.changedBytes();
    } finally {
      locks.cut.unlockWrite(stamp);
    }
    long held = System.nanoTime() - start;
    held = Math.max(held, freezeInBatches(state.inodes()));
    changedBefore = changed;
    return new Frozen(lsn, endFreeze(), snapshots, outcomes, totals, changed, held);
  }

  /** Gives the longest time in nanoseconds for which changes were held off. */
  private long freezeInBatches(InodeTable inodes) {
    List<Inode> all = inodes.toFreeze();
    long longest = 0;
    for (int from = 0; from < all.size(); from += settings.freezeBatch()) {
      List<Inode> batch = all.subList(from, Math.min(all.size(), from + settings.freezeBatch()));
      long start = System.nanoTime();
      long stamp = locks.cut.writeLock();
      try {
        inodes.freeze(batch);
      } finally {
        locks.cut.unlockWrite(stamp);
      }
      longest = Math.max(longest, System.nanoTime() - start);
      // The lock is not fair: let those go first who waited for it.
      LockSupport.parkNanos(BETWEEN_BATCHES_NANOS);
    }
    return longest;
  }

  private List<FrozenInode> endFreeze() {
    InodeTable inodes = stores.state.inodes();
    long stamp = locks.cut.writeLock();
    try {
      inodes.endFreeze();
    } finally {
      locks.cut.unlockWrite(stamp);
    }
    return inodes.frozen();
  }

  private void unfreeze() {
    long stamp = locks.cut.writeLock();
    try {
      stores.state.inodes().unfreeze();
    } finally {
      locks.cut.unlockWrite(stamp);
    }
  }

  private void write(Frozen frozen) {
    long start = System.nanoTime();
    long birth = nextBirth();
    State state = stores.state;
    stores.log.closeOlderThan(frozen.lsn + 1);
    FrozenTree inodes = state.inodes().write(frozen.inodes, birth);
    SnapshotCatalogue.Written snapshots = state.snapshots().write(frozen.snapshots, birth);
    Blob outcomes = Blob.write(stores.io, frozen.outcomes);
    stores.nodes.flush();
    // The root must not refer to chunks whose records may still be lost.
    awaitDurable(frozen.lsn);
    RootRecord next =
        new RootRecord(
            birth,
            frozen.lsn,
            Math.min(frozen.lsn + 1, stores.log.trimFloor()),
            inodes.flush(stores.io, birth),
            snapshots.byId().flush(stores.io, birth),
            snapshots.byName().flush(stores.io, birth),
            outcomes,
            frozen.totals);
    stores.roots.swing(stores.epoch, next);
    root = next;
    state.inodes().use(inodes);
    state.snapshots().use(snapshots, frozen.snapshots);
    changedWritten = frozen.changedBytes;
    stores.journal.trim(next.replayFrom());
    LOG.debug(
        "Checkpoint {} of {} files up to record {} took {} ms and held changes for {} us",
        birth,
        frozen.inodes.size(),
        frozen.lsn,
        (System.nanoTime() - start) / 1_000_000,
        frozen.heldNanos / 1_000);
  }

  private long nextBirth() {
    return Math.max(root.checkpoint(), stores.state.foreignBirth()) + 1;
  }

  /** Runs work that flushes trees while no checkpoint does; blocks. */
  <T> T alone(Supplier<T> work) {
    one.lock();
    try {
      return work.get();
    } finally {
      one.unlock();
    }
  }

  /** Writes trees to the log, apart from any checkpoint; their nodes are durable on return. */
  List<RootRef> flush(List<FrozenTree> trees) {
    return alone(
        () -> {
          long birth = nextBirth();
          List<RootRef> refs = trees.stream().map(tree -> tree.flush(stores.io, birth)).toList();
          stores.nodes.flush();
          return refs;
        });
  }

  /** Waits until the journal holds a record durably. */
  void awaitDurable(long lsn) {
    if (lsn <= stores.journal.durableLsn()) {
      return;
    }
    try {
      Object _ =
          stores.journal.durable(lsn).orTimeout(DURABLE_LIMIT.toSeconds(), TimeUnit.SECONDS).join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof DvxException failure) {
        throw failure;
      }
      throw DvxException.of(Kind.TIMEOUT, "The journal does not become durable")
          .causedBy(e)
          .build();
    }
  }

  /** Ends the thread; a checkpoint that runs is broken off. */
  void halt() {
    thread.interrupt();
    close();
  }

  /** Ends the thread; a checkpoint that runs is finished first. */
  @Override
  public void close() {
    lock.lock();
    try {
      closing = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    try {
      if (thread.isAlive() && !thread.join(settings.closeLimit())) {
        LOG.warn("A checkpoint still runs while the datastore closes");
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
