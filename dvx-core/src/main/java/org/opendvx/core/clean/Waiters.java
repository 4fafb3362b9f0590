package org.opendvx.core.clean;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.opendvx.core.datastore.SpaceMaker.Outcome;

/**
 * Writes that wait for room in a full pool, and what they are told: that there is room, that the
 * cleaner is at it, or that there is none to be had. Also where the cleaner waits for work.
 * Thread-safe.
 *
 * <p>What counts is room, not what a round deleted: a round writes a checkpoint itself, and gives
 * back what the one before wrote, for as long as anybody asks.
 */
final class Waiters {
  /** Waiting for this long without any room is enough when no garbage is known. */
  static final Duration SHORT_LIMIT = Duration.ofSeconds(60);

  /** Waiting for this long without any room is enough at all events. */
  static final Duration LONG_LIMIT = Duration.ofMinutes(5);

  /** Rounds, beyond a look at everything, in which room did not grow, after which it is enough. */
  private static final int MOST_FRUITLESS = 4;

  /** Growth of room that counts. */
  private static final long LEAST_GAIN = 64 << 10;

  /** When nobody has asked for this long, the pool was not full in between. */
  private static final long FORGOTTEN_NANOS = TimeUnit.SECONDS.toNanos(60);

  private final LongSupplier free;
  private final LongSupplier changes;
  private final LongSupplier garbage;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  /** Bytes that each waits for. */
  private final List<Long> needs = new ArrayList<>();

  private boolean closing;
  private boolean wanted;
  private long begun;

  /** The last round that left nothing to hope for. */
  private long barren;

  /** What the store had seen when the round began that found nothing to give; -1 for none. */
  private long barrenAt = -1;

  private long changesAtBegin;

  /** How often room was measured, and what was found last. */
  private long measured;

  private long room;
  private long best = Long.MIN_VALUE;
  private int fruitless;
  private boolean failing;
  private long failingSince;
  private boolean shortOfRoom;
  private long shortSince;
  private long lastNeed;
  private long askedAt = System.nanoTime();

  /**
   * Nobody waits yet.
   *
   * @param free bytes that writes may take now
   * @param changes a number that rises with every change of the store
   * @param garbage bytes known to be garbage
   */
  Waiters(LongSupplier free, LongSupplier changes, LongSupplier garbage) {
    this.free = free;
    this.changes = changes;
    this.garbage = garbage;
  }

  /** See {@link org.opendvx.core.datastore.SpaceMaker#makeRoom}. */
  Outcome await(long bytes, long limitNanos) throws InterruptedException {
    long now = changes.getAsLong();
    lock.lock();
    try {
      long asked = begun;
      if (hopeless(now, limitNanos)) {
        return Outcome.NOTHING;
      }
      if (needs.isEmpty()) {
        best = Long.MIN_VALUE;
        fruitless = 0;
      }
      needs.add(bytes);
      lastNeed = bytes;
      wanted = true;
      changed.signalAll();
      try {
        return await(bytes, asked, limitNanos);
      } finally {
        needs.remove(bytes);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Whether it is known without a look; the cleaner goes on trying if it cannot tell. */
  private boolean hopeless(long changesNow, long limitNanos) {
    long now = System.nanoTime();
    if (!shortOfRoom || now - askedAt > FORGOTTEN_NANOS) {
      shortOfRoom = true;
      shortSince = now;
    }
    askedAt = now;
    if (barrenAt == changesNow) {
      return true;
    }
    if ((failing && now - failingSince > limitNanos) || now - shortSince > LONG_LIMIT.toNanos()) {
      wanted = true;
      changed.signalAll();
      return true;
    }
    return closing;
  }

  private Outcome await(long bytes, long asked, long limitNanos) throws InterruptedException {
    long seen = measured;
    long left = limitNanos;
    while (true) {
      if (measured > seen && room >= bytes) {
        return Outcome.MADE;
      }
      if (barren > asked || closing) {
        return Outcome.NOTHING;
      }
      if (left <= 0) {
        return failing || tooLong(bytes) ? Outcome.NOTHING : Outcome.WORKING;
      }
      left = changed.awaitNanos(left);
    }
  }

  private boolean tooLong(long bytes) {
    long waited = System.nanoTime() - shortSince;
    return waited > LONG_LIMIT.toNanos()
        || (waited > SHORT_LIMIT.toNanos() && garbage.getAsLong() < bytes);
  }

  /** How many wait. */
  int count() {
    lock.lock();
    try {
      return needs.size();
    } finally {
      lock.unlock();
    }
  }

  /** Whether anybody waits. */
  boolean any() {
    lock.lock();
    try {
      return !needs.isEmpty();
    } finally {
      lock.unlock();
    }
  }

  /** Asks for a round soon. */
  void wanted() {
    lock.lock();
    try {
      wanted = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits until a round is asked for or due; false when closing.
   *
   * @param interval the longest time between two looks at whether one is due
   */
  boolean awaitWork(BooleanSupplier due, Duration interval) throws InterruptedException {
    lock.lock();
    try {
      while (!closing && !wanted && !due.getAsBoolean()) {
        boolean _ = changed.await(interval.toMillis(), TimeUnit.MILLISECONDS);
      }
      return !closing;
    } finally {
      lock.unlock();
    }
  }

  /** Waits, but not when closing. */
  void pause(Duration time) throws InterruptedException {
    lock.lock();
    try {
      long left = time.toNanos();
      while (!closing && left > 0) {
        left = changed.awaitNanos(left);
      }
    } finally {
      lock.unlock();
    }
  }

  /** A round begins; gives its number. */
  long begin() {
    long now = changes.getAsLong();
    lock.lock();
    try {
      wanted = false;
      changesAtBegin = now;
      return ++begun;
    } finally {
      lock.unlock();
    }
  }

  /** Something was given back, a round goes on. */
  void progressed() {
    long now = free.getAsLong();
    lock.lock();
    try {
      measured(now);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /**
   * A round ended.
   *
   * @param nothingLeft it and those before it looked at everything and found nothing worth it
   * @param turns rounds that it takes to look at everything
   */
  void ended(long number, boolean nothingLeft, int turns) {
    long now = free.getAsLong();
    lock.lock();
    try {
      failing = false;
      measured(now);
      if (!needs.isEmpty() && now < Collections.min(needs)) {
        if (now > best + LEAST_GAIN || best == Long.MIN_VALUE) {
          best = now;
          fruitless = 0;
        } else {
          fruitless++;
        }
        if (nothingLeft || fruitless >= MOST_FRUITLESS + turns) {
          barren = number;
          barrenAt = changesAtBegin;
        } else {
          wanted = true;
        }
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /**
   * A round failed: nothing is known of what could be given back.
   *
   * @param forGood trying again does not help
   */
  void failed(long number, boolean forGood) {
    lock.lock();
    try {
      if (!failing) {
        failing = true;
        failingSince = System.nanoTime();
      }
      if (forGood) {
        barren = number;
      }
      wanted |= !needs.isEmpty();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void measured(long now) {
    room = now;
    measured++;
    if (now >= (needs.isEmpty() ? lastNeed : Collections.min(needs))) {
      shortOfRoom = false;
    }
  }

  /** Lets everybody go. */
  void close() {
    lock.lock();
    try {
      closing = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
