package org.opendvx.core.testing;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.ContainerStore;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.JournalStore;
import org.opendvx.core.pool.Pool;
import org.opendvx.core.pool.PoolStatus;
import org.opendvx.core.pool.RecordStore;
import org.opendvx.core.testing.PoolFaults.Operation;
import org.opendvx.core.testing.PoolFaults.Verdict;
import org.opendvx.core.testing.PoolMutation.Fence;
import org.opendvx.core.testing.PoolMutation.JournalAppend;

/**
 * A pool in memory for tests, with the semantics of crashes.
 *
 * <p>Every mutation is durable or absent as a whole. {@link #crash} returns what a restart would
 * find, and makes this object refuse everything from then on, so that threads of the "dead" process
 * can change nothing. {@link #recordHistory} keeps all mutations, and {@link #after} builds the
 * pool as it was after any number of them: that is how a test visits every crash point of a run.
 * {@link #withJournal} replaces a journal, for cuts inside of a batch.
 *
 * <p>{@link #faults} injects errors and delays. Thread-safe.
 */
public final class InMemoryPool implements Pool {
  /** Default room of each journal in bytes. */
  public static final long JOURNAL_BYTES = 256L << 20;

  private final UUID id;
  private final DurableState state;
  private final Set<String> heldJournals = new HashSet<>();
  private final List<Runnable> checkpointCallbacks = new ArrayList<>();
  private final InMemoryContainers containers = new InMemoryContainers(this);
  private final InMemoryRecords records = new InMemoryRecords(this);
  private volatile PoolFaults faults = PoolFaults.NONE;
  private volatile boolean available = true;
  private volatile boolean crashed;
  private volatile long journalCapacity = JOURNAL_BYTES;
  private volatile long usableBytes = 1L << 40;
  private DurableState historyBase = new DurableState();
  private final List<PoolMutation> history = new ArrayList<>();
  private boolean recording;

  /** An empty pool. */
  public InMemoryPool() {
    this(UUID.randomUUID(), new DurableState());
  }

  private InMemoryPool(UUID id, DurableState state) {
    this.id = id;
    this.state = state;
  }

  /** Sets what happens to calls from now on. */
  public void faults(PoolFaults newFaults) {
    this.faults = newFaults;
  }

  /** Takes the drives away or brings them back: without them every mutation is UNAVAILABLE. */
  public void available(boolean nowAvailable) {
    this.available = nowAvailable;
  }

  /** Sets the room of each journal. */
  public void journalCapacity(long bytes) {
    this.journalCapacity = bytes;
  }

  /** Sets how many bytes of containers fit; a put above is NO_SPACE. */
  public void usableBytes(long bytes) {
    this.usableBytes = bytes;
  }

  /**
   * The process dies: what was durable is in the pool returned; this one answers nothing any more.
   */
  public synchronized InMemoryPool crash() {
    crashed = true;
    return settings(new InMemoryPool(id, state.copy()));
  }

  /** Starts to keep mutations for {@link #after}. */
  public synchronized void recordHistory() {
    historyBase = state.copy();
    history.clear();
    recording = true;
  }

  /** The mutations since {@link #recordHistory}. */
  public synchronized List<PoolMutation> history() {
    return List.copyOf(history);
  }

  /** The pool as a crash after the first {@code mutations} mutations of the history leaves it. */
  public synchronized InMemoryPool after(int mutations) {
    DurableState then = historyBase.copy();
    history.subList(0, mutations).forEach(then::apply);
    return settings(new InMemoryPool(id, then));
  }

  /** A copy of what is durable, with another content of one journal. */
  public synchronized InMemoryPool withJournal(String host, List<JournalAppend> batches) {
    DurableState other = state.copy();
    other.journals.put(host, new ArrayList<>(batches));
    return settings(new InMemoryPool(id, other));
  }

  /** The durable batches of a journal, oldest first. */
  public synchronized List<JournalAppend> journalBatches(String host) {
    return List.copyOf(state.journal(host));
  }

  /** The durable bytes of a container; for looking, and for {@link #damage}. */
  public synchronized byte[] containerBytes(long containerId) {
    byte[] bytes = state.containers.get(containerId);
    if (bytes == null) {
      throw failure(Kind.NOT_FOUND, "There is no container " + containerId);
    }
    return bytes.clone();
  }

  /** Replaces the bytes of a container, as a drive that lies would. */
  public synchronized void damage(long containerId, byte[] bytes) {
    state.containers.put(containerId, bytes.clone());
  }

  /** Lets a container vanish without a delete. */
  public synchronized void lose(long containerId) {
    state.containers.remove(containerId);
  }

  /** Asks the host for a checkpoint, as a pool does that lost a journal mirror. */
  public void wantCheckpoint() {
    List<Runnable> callbacks;
    synchronized (this) {
      callbacks = List.copyOf(checkpointCallbacks);
    }
    callbacks.forEach(Runnable::run);
  }

  @Override
  public UUID id() {
    return id;
  }

  @Override
  public ContainerStore containers() {
    return containers;
  }

  @Override
  public synchronized JournalStore journal(String host) {
    checkAlive();
    if (!heldJournals.add(host)) {
      throw failure(Kind.CONFLICT, "The journal of " + host + " is held already");
    }
    return new InMemoryJournal(this, host);
  }

  @Override
  public RecordStore records() {
    return records;
  }

  @Override
  public synchronized PoolStatus status() {
    long used = containerBytesUsed();
    return new PoolStatus(
        available ? PoolStatus.Health.HEALTHY : PoolStatus.Health.FAILED,
        available ? "All is well" : "Too few drives",
        available ? 2 : 0,
        1,
        List.of(),
        new PoolStatus.Capacity(
            usableBytes * 3 / 2, usableBytes, Math.max(0, usableBytes - used), 0),
        state.containers.size(),
        0);
  }

  @Override
  public synchronized void onCheckpointWanted(Runnable callback) {
    checkpointCallbacks.add(callback);
  }

  @Override
  public synchronized long fence(String host, long epoch) {
    checkAlive();
    commit(new Fence(host, epoch));
    return state.fences.getOrDefault(host, epoch);
  }

  @Override
  public void close() {
    // Nothing is held but memory.
  }

  /** Runs a mutation under the fault plan, the fence and the pool's lock. */
  <T> T mutate(Epoch epoch, Operation operation, long target, String name, Supplier<T> underLock) {
    Verdict verdict = faults.decide(operation, target, name);
    if (verdict instanceof Verdict.Fail(Kind kind)) {
      throw failure(kind, "Injected fault in " + operation);
    }
    T result;
    synchronized (this) {
      checkAlive();
      if (!available) {
        throw failure(Kind.UNAVAILABLE, "Too few drives are left for " + operation);
      }
      if (epoch.number() < state.fences.getOrDefault(epoch.host(), 0L)) {
        throw failure(Kind.CONFLICT, "Host " + epoch.host() + " is fenced");
      }
      result = underLock.get();
    }
    if (verdict instanceof Verdict.FailAfter(Kind kind)) {
      throw failure(kind, "Injected fault after " + operation);
    }
    return result;
  }

  /** Runs a read under the fault plan and the pool's lock. */
  <T> T look(Operation operation, long target, String name, Supplier<T> underLock) {
    Verdict verdict = faults.decide(operation, target, name);
    if (verdict instanceof Verdict.Fail(Kind kind)) {
      throw failure(kind, "Injected fault in " + operation);
    }
    synchronized (this) {
      checkAlive();
      return underLock.get();
    }
  }

  /** Makes a mutation durable; the lock is held. */
  void commit(PoolMutation mutation) {
    state.apply(mutation);
    if (recording) {
      history.add(mutation);
    }
  }

  DurableState state() {
    return state;
  }

  long journalCapacity() {
    return journalCapacity;
  }

  long usableBytes() {
    return usableBytes;
  }

  long containerBytesUsed() {
    return state.containers.values().stream().mapToLong(bytes -> bytes.length).sum();
  }

  synchronized void releaseJournal(String host) {
    heldJournals.remove(host);
  }

  void checkAlive() {
    if (crashed) {
      throw failure(Kind.UNAVAILABLE, "This pool belongs to a process that died");
    }
  }

  static DvxException failure(Kind kind, String what) {
    return DvxException.of(kind, what).build();
  }

  private InMemoryPool settings(InMemoryPool other) {
    other.journalCapacity = journalCapacity;
    other.usableBytes = usableBytes;
    return other;
  }
}
