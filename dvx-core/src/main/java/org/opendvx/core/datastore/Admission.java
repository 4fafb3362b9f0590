package org.opendvx.core.datastore;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.journal.Journal;
import org.opendvx.core.log.ChunkLog;
import org.opendvx.core.pool.Pool;
import org.opendvx.core.pool.PoolStatus;

/**
 * Decides whether a change may start: room in the journal, in the log's memory, and in the pool.
 * Thread-safe; called before any lock is taken.
 *
 * <p>Space is counted down from what the pool has free, less its reserve and what is on its way
 * there; the count is read anew several times a second. A change takes the worst case from it: its
 * chunks as they are plus a share of the tree nodes that the next checkpoint writes.
 */
final class Admission {
  /** Room for the nodes of changes since the last reading, for each mapped block. */
  private static final int NODE_SHARE = 64;

  /** For each changed file: a root, its inode's leaf, some of the path above. */
  private static final long FILE_SHARE = 24 << 10;

  private static final long REFRESH_NANOS = Duration.ofMillis(100).toNanos();

  private final Pool pool;
  private final Journal journal;
  private final ChunkLog log;
  private final InodeTable inodes;
  private final Runnable checkpointWanted;
  private final Duration limit;
  private final AtomicLong free = new AtomicLong();
  private final AtomicLong readAt = new AtomicLong();
  private volatile PoolStatus.Capacity capacity = new PoolStatus.Capacity(0, 0, 0, 0);

  /**
   * Admission to a pool.
   *
   * @param limit how long a change waits for room before it is told to come again
   */
  Admission(
      Pool pool,
      Journal journal,
      ChunkLog log,
      InodeTable inodes,
      Runnable checkpointWanted,
      Duration limit) {
    this.pool = pool;
    this.journal = journal;
    this.log = log;
    this.inodes = inodes;
    this.checkpointWanted = checkpointWanted;
    this.limit = limit;
    refresh(System.nanoTime());
  }

  /** Admits a change that stores new data. */
  void admitWrite(int blocks) {
    long worst = (long) blocks * (ChunkLog.CHUNK + NODE_SHARE);
    admitFlow(worst);
    refreshSometimes();
    if (free.addAndGet(-worst) < 0) {
      throw new FileException(FileError.NO_SPACE, "the pool is full");
    }
  }

  /** Admits a change that makes something, but no data. */
  void admitCreation() {
    admitFlow(FILE_SHARE);
    refreshSometimes();
    if (free.addAndGet(-NODE_SHARE) < 0) {
      throw new FileException(FileError.NO_SPACE, "the pool is full");
    }
  }

  /**
   * Admits a change that takes no lasting space, such as a deletion; also when the pool is full.
   */
  void admitFlow(long bytes) {
    if (!journal.hasRoom(bytes) || !log.hasRoom()) {
      throw new NoRoom(this, bytes);
    }
  }

  /** Whether front ends should stop reading requests. */
  boolean congested() {
    return !journal.hasRoom(Datastore.MAX_IO) || !log.hasRoom();
  }

  /** What may still be stored. */
  long freeBytes() {
    refreshSometimes();
    return Math.max(0, free.get());
  }

  long totalBytes() {
    refreshSometimes();
    return capacity.usableBytes();
  }

  private void refreshSometimes() {
    long now = System.nanoTime();
    long last = readAt.get();
    if (now - last > REFRESH_NANOS && readAt.compareAndSet(last, now)) {
      refresh(now);
    }
  }

  private void refresh(long now) {
    readAt.set(now);
    PoolStatus.Capacity current = pool.status().capacity();
    capacity = current;
    free.set(
        current.freeBytes()
            - current.reserveBytes()
            - log.statistics().pendingBytes()
            - inodes.dirtyCount() * FILE_SHARE);
  }

  private void awaitRoom(long bytes) throws InterruptedException {
    checkpointWanted.run();
    long end = System.nanoTime() + limit.toNanos();
    boolean room = journal.awaitRoom(bytes, limit.toNanos());
    long left = end - System.nanoTime();
    if (!room || left <= 0 || !log.awaitRoom(left)) {
      throw DvxException.of(Kind.TIMEOUT, "The pool does not keep up")
          .cause("There was no room for a change within " + limit.toSeconds() + " s")
          .build();
    }
  }

  /** There must be room first. */
  private static final class NoRoom extends NotYet {
    private static final long serialVersionUID = 1L;

    private final transient Admission admission;
    private final long bytes;

    NoRoom(Admission admission, long bytes) {
      super("the journal or the log has no room");
      this.admission = admission;
      this.bytes = bytes;
    }

    @Override
    void await() throws InterruptedException {
      admission.awaitRoom(bytes);
    }
  }
}
