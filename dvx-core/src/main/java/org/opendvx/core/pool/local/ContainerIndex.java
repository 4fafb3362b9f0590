package org.opendvx.core.pool.local;

import java.util.Arrays;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Where the shards of every container are: three longs each, in open addressing, so that 100 TB of
 * containers take about 500 MB. Thread-safe.
 */
final class ContainerIndex {
  private static final int LEAST = 1024;

  private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
  private final Lock shared = lock.readLock();
  private final Lock exclusive = lock.writeLock();

  /** Container ids; 0 is an empty place. */
  private long[] ids = new long[LEAST];

  /** Attempt (32 bits), length (24), k (4), m (4). */
  private long[] shapes = new long[LEAST];

  private long[] drives = new long[LEAST];
  private int count;
  private long changes;

  @Nullable ContainerEntry get(long id) {
    shared.lock();
    try {
      int at = find(id);
      return id != 0 && ids[at] == id ? entry(at) : null;
    } finally {
      shared.unlock();
    }
  }

  long size() {
    shared.lock();
    try {
      return count;
    } finally {
      shared.unlock();
    }
  }

  /** Rises with every change. */
  long changes() {
    shared.lock();
    try {
      return changes;
    } finally {
      shared.unlock();
    }
  }

  /** Enters a container, or replaces what is known of it. */
  void put(ContainerEntry entry) {
    exclusive.lock();
    try {
      if ((count + 1) * 3L > ids.length * 2L) {
        grow();
      }
      int at = find(entry.id());
      if (ids[at] == 0) {
        count++;
      }
      set(at, entry);
    } finally {
      exclusive.unlock();
    }
  }

  /**
   * Sets the drive of one shard, if the container is still there from the same attempt.
   *
   * @return whether it is
   */
  boolean setDrive(ContainerEntry expected, int shard, int drive) {
    exclusive.lock();
    try {
      int at = find(expected.id());
      if (ids[at] != expected.id() || (int) (shapes[at] >>> 32) != expected.attempt()) {
        return false;
      }
      drives[at] = DriveSet.with(drives[at], shard, drive);
      changes++;
      return true;
    } finally {
      exclusive.unlock();
    }
  }

  /** Forgets every shard of a drive. */
  void clearDrive(int drive) {
    exclusive.lock();
    try {
      for (int at = 0; at < ids.length; at++) {
        if (ids[at] != 0) {
          int shard = DriveSet.shardOn(drives[at], StripeShape.MAX_SHARDS, drive);
          if (shard >= 0) {
            drives[at] = DriveSet.with(drives[at], shard, DriveSet.ABSENT);
          }
        }
      }
      changes++;
    } finally {
      exclusive.unlock();
    }
  }

  /** Forgets a container; what was known of it, or null. */
  @Nullable ContainerEntry remove(long id) {
    exclusive.lock();
    try {
      int at = find(id);
      if (id == 0 || ids[at] != id) {
        return null;
      }
      ContainerEntry removed = entry(at);
      close(at);
      count--;
      changes++;
      return removed;
    } finally {
      exclusive.unlock();
    }
  }

  /** The ids, ascending. */
  long[] sortedIds() {
    long[] all = unsortedIds();
    Arrays.sort(all);
    return all;
  }

  private long[] unsortedIds() {
    shared.lock();
    try {
      long[] all = new long[count];
      int n = 0;
      for (long id : ids) {
        if (id != 0) {
          all[n++] = id;
        }
      }
      return all;
    } finally {
      shared.unlock();
    }
  }

  /** Visits every container, in no order; the index does not change meanwhile. */
  void forEach(Consumer<ContainerEntry> visitor) {
    shared.lock();
    try {
      for (int at = 0; at < ids.length; at++) {
        if (ids[at] != 0) {
          visitor.accept(entry(at));
        }
      }
    } finally {
      shared.unlock();
    }
  }

  private int find(long id) {
    int mask = ids.length - 1;
    int at = home(id, mask);
    while (ids[at] != 0 && ids[at] != id) {
      at = (at + 1) & mask;
    }
    return at;
  }

  private static int home(long id, int mask) {
    return (int) ((id * 0x9E3779B97F4A7C15L) >>> 32) & mask;
  }

  private ContainerEntry entry(int at) {
    long packed = shapes[at];
    StripeShape shape =
        new StripeShape(
            (int) (packed >>> 8) & 0xffffff, (int) (packed >>> 4) & 0xf, (int) packed & 0xf);
    return new ContainerEntry(ids[at], (int) (packed >>> 32), shape, drives[at]);
  }

  private void set(int at, ContainerEntry entry) {
    StripeShape shape = entry.shape();
    ids[at] = entry.id();
    shapes[at] =
        ((long) entry.attempt() << 32)
            | ((long) shape.length() << 8)
            | ((long) shape.dataShards() << 4)
            | shape.parityShards();
    drives[at] = entry.drives();
    changes++;
  }

  private void grow() {
    long[] oldIds = ids;
    long[] oldShapes = shapes;
    long[] oldDrives = drives;
    ids = new long[oldIds.length * 2];
    shapes = new long[ids.length];
    drives = new long[ids.length];
    for (int from = 0; from < oldIds.length; from++) {
      if (oldIds[from] != 0) {
        int at = find(oldIds[from]);
        ids[at] = oldIds[from];
        shapes[at] = oldShapes[from];
        drives[at] = oldDrives[from];
      }
    }
  }

  /** Empties a place and moves up what was pushed behind it. */
  private void close(int removed) {
    int mask = ids.length - 1;
    int hole = removed;
    int at = hole;
    while (true) {
      at = (at + 1) & mask;
      if (ids[at] == 0) {
        break;
      }
      int home = home(ids[at], mask);
      if (((at - home) & mask) >= ((at - hole) & mask)) {
        ids[hole] = ids[at];
        shapes[hole] = shapes[at];
        drives[hole] = drives[at];
        hole = at;
      }
    }
    ids[hole] = 0;
  }
}
