package org.opendvx.core.log;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/**
 * Gives out slots in the open container of one kind, and sees containers on their way to the pool:
 * closed when full or old, put when every slot is settled and its records are durable. Thread-safe;
 * nothing here waits but the methods that say so.
 */
final class ContainerWriter implements Putter.Owner {
  /** Containers above the limit that writers who were let in may still fill. */
  private static final int GRACE = 2;

  /** How often those who wait for room ask whether the pool refuses containers. */
  private static final long REFUSAL_CHECK_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  private final ContainerKind kind;
  private final LongSupplier ids;
  private final ContainerBuffers buffers;
  private final LiveContainers live;
  private final Putter putter;
  private final Consumer<OpenContainer> onPut;
  private final int inFlight;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private volatile @Nullable OpenContainer current;
  private volatile long durableLsn;

  /** Closed and not in the pool yet; guarded by the lock. */
  private final List<OpenContainer> closed = new ArrayList<>();

  /** How many these are, for readers without the lock. */
  private volatile int waiting;

  /**
   * A writer of one kind.
   *
   * @param durableLsn journal records up to here are durable; {@code Long.MAX_VALUE} when the
   *     containers do not depend on a journal
   * @param onPut told of each container that the pool has, before it leaves the live ones
   */
  ContainerWriter(
      ContainerKind kind,
      LongSupplier ids,
      ContainerBuffers buffers,
      LiveContainers live,
      Putter putter,
      Consumer<OpenContainer> onPut,
      int inFlight,
      long durableLsn) {
    this.kind = kind;
    this.ids = ids;
    this.buffers = buffers;
    this.live = live;
    this.putter = putter;
    this.onPut = onPut;
    this.inFlight = inFlight;
    this.durableLsn = durableLsn;
  }

  /**
   * Gives out a slot.
   *
   * @param place receives it
   * @throws DvxException when too many containers wait, with the reason why they do
   */
  void reserve(int length, long high, long low, Place place) {
    while (true) {
      OpenContainer open = current;
      if (open != null) {
        long got = open.reserve(length, high, low);
        if (got >= 0) {
          place.container = open;
          place.slot = (int) (got >>> 32);
          place.offset = (int) got;
          return;
        }
      }
      replace(open);
    }
  }

  /** Slots of a container were committed or abandoned: it may be ready. */
  void settled(OpenContainer container) {
    if (container.claimForPut(durableLsn)) {
      send(container);
    }
  }

  /** Journal records up to here are durable. */
  void durable(long lsn) {
    lock.lock();
    try {
      durableLsn = Math.max(durableLsn, lsn);
      if (closed.isEmpty()) {
        return;
      }
      List.copyOf(closed).forEach(this::settled);
    } finally {
      lock.unlock();
    }
  }

  /** Whether fewer containers wait than may. */
  boolean hasRoom() {
    return waiting < inFlight;
  }

  /**
   * Waits for that; false when the limit passed first. Throws while the pool refuses containers:
   * there may be no room for as long as that lasts.
   */
  boolean awaitRoom(long limitNanos) throws InterruptedException {
    long left = limitNanos;
    lock.lock();
    try {
      while (!hasRoom()) {
        checkNotRefused();
        if (left <= 0) {
          return false;
        }
        long slice = Math.min(left, REFUSAL_CHECK_NANOS);
        left -= slice - changed.awaitNanos(slice);
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Closes the open container if its first record is below a sequence. */
  void closeOlderThan(long lsn) {
    lock.lock();
    try {
      OpenContainer open = current;
      if (open != null && open.firstLsn() < lsn) {
        closeCurrent(open);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Closes the open container if there is one. */
  void closeOpen() {
    lock.lock();
    try {
      OpenContainer open = current;
      if (open != null) {
        closeCurrent(open);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Takes over a container that was rebuilt; it is closed and goes its way. */
  void adopt(OpenContainer rebuilt) {
    lock.lock();
    try {
      rebuilt.close();
      closed.add(rebuilt);
      waiting = closed.size();
      settled(rebuilt);
    } finally {
      lock.unlock();
    }
  }

  /** Waits until the pool has every container that is closed now; false when the limit passed. */
  boolean awaitPut(long limitNanos) throws InterruptedException {
    long left = limitNanos;
    lock.lock();
    try {
      List<OpenContainer> awaited = List.copyOf(closed);
      while (awaited.stream().anyMatch(closed::contains)) {
        checkNotFenced();
        if (left <= 0) {
          return false;
        }
        left = changed.awaitNanos(left);
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** The lowest record that a container that is not put depends on. */
  long trimFloor() {
    lock.lock();
    try {
      OpenContainer open = current;
      long floor = open == null ? Long.MAX_VALUE : open.firstLsn();
      for (OpenContainer container : closed) {
        floor = Math.min(floor, container.firstLsn());
      }
      return floor;
    } finally {
      lock.unlock();
    }
  }

  /** The lowest id of a container that is open or closed and not in the pool. */
  long lowestId() {
    lock.lock();
    try {
      OpenContainer open = current;
      long lowest = open == null ? Long.MAX_VALUE : open.id();
      for (OpenContainer container : closed) {
        lowest = Math.min(lowest, container.id());
      }
      return lowest;
    } finally {
      lock.unlock();
    }
  }

  /** The error for those who would have to wait longer than they may. */
  DvxException tooManyWait() {
    DvxException failure = putter.failure();
    if (failure != null) {
      return failure;
    }
    return DvxException.of(Kind.UNAVAILABLE, "Too many containers wait for the pool")
        .cause("the pool takes containers more slowly than they are filled")
        .detail("waiting", waiting)
        .build();
  }

  private void replace(@Nullable OpenContainer full) {
    lock.lock();
    try {
      OpenContainer open = current;
      if (open != full) {
        return;
      }
      if (open != null) {
        closeCurrent(open);
      }
      checkNotFenced();
      if (waiting >= inFlight + GRACE) {
        throw tooManyWait();
      }
      OpenContainer fresh =
          new OpenContainer(ids.getAsLong(), kind, buffers, System.currentTimeMillis());
      live.add(fresh);
      current = fresh;
    } finally {
      lock.unlock();
    }
  }

  private void closeCurrent(OpenContainer open) {
    open.close();
    current = null;
    closed.add(open);
    waiting = closed.size();
    settled(open);
  }

  private void send(OpenContainer container) {
    if (container.hasLiveSlots()) {
      putter.submit(container, this);
    } else {
      drop(container);
    }
  }

  @Override
  public void put(OpenContainer container) {
    try {
      onPut.accept(container);
    } finally {
      drop(container);
    }
  }

  @Override
  public void fenced() {
    lock.lock();
    try {
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void drop(OpenContainer container) {
    lock.lock();
    try {
      live.remove(container);
      closed.remove(container);
      waiting = closed.size();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    container.retire();
  }

  private void checkNotRefused() {
    DvxException failure = putter.refusal();
    if (failure != null) {
      throw failure;
    }
  }

  private void checkNotFenced() {
    DvxException failure = putter.failure();
    if (failure != null && failure.kind() == Kind.CONFLICT) {
      throw failure;
    }
  }

  /** Where a slot is; filled by {@link #reserve}. Confined to one thread. */
  static final class Place {
    @Nullable OpenContainer container;
    int slot;
    int offset;

    /** The container of the slot reserved last. */
    OpenContainer reserved() {
      return Objects.requireNonNull(container, "nothing was reserved");
    }
  }
}
