package org.opendvx.core.datastore;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.log.ChunkLog;
import org.opendvx.core.pool.Pool;
import org.opendvx.core.pool.PoolStatus;

/**
 * Decides whether a change may start: room in journal and memory, and space in the pool.
 * Thread-safe; called before any lock is taken.
 *
 * <p>Space is counted down from what the pool has free, less its reserve, what is on its way there
 * and what the next checkpoint is going to write; the count is made anew several times a second. A
 * change takes from it what it can need at the most. What cannot be told beforehand (how many tree
 * nodes random writes touch) is what the pool's reserve is for.
 */
final class Admission {
  /** Tree nodes, for each block written since the last checkpoint. */
  private static final long NODE_SHARE = 512;

  /** Tree nodes and the inode, for each file changed since the last checkpoint. */
  private static final long FILE_SHARE = 2048;

  private static final long REFRESH_NANOS = Duration.ofMillis(100).toNanos();

  private final Pool pool;
  private final Room room;
  private final ChunkLog log;
  private final InodeTable inodes;
  private final AtomicLong free = new AtomicLong();
  private final AtomicLong readAt = new AtomicLong();
  private final Pace pace = new Pace();
  private volatile @Nullable SpaceMaker maker;
  private volatile PoolStatus.Capacity capacity = new PoolStatus.Capacity(0, 0, 0, 0);

  Admission(Pool pool, Room room, ChunkLog log, InodeTable inodes) {
    this.pool = pool;
    this.room = room;
    this.log = log;
    this.inodes = inodes;
    refresh(System.nanoTime());
  }

  /** Admits a change that stores new data. */
  void admitWrite(int blocks) {
    long worst = blocks * (ChunkLog.CHUNK + NODE_SHARE);
    room.requireWithChunks(worst);
    take(worst);
  }

  /** Admits a change that makes something, but no data. */
  void admitCreation() {
    room.require(FILE_SHARE);
    take(FILE_SHARE);
  }

  /**
   * Admits a change that takes no lasting space, such as a deletion; also when the pool is full.
   */
  void admitFlow(long bytes) {
    room.require(bytes);
  }

  private void take(long bytes) {
    refreshSometimes();
    SpaceMaker help = maker;
    if (help != null) {
      pace.take(bytes, free.get(), capacity.usableBytes());
    }
    if (free.addAndGet(-bytes) < 0) {
      free.addAndGet(bytes);
      if (help != null) {
        throw new NoSpaceYet(this, help, bytes);
      }
      throw full();
    }
  }

  private static FileException full() {
    return new FileException(FileError.NO_SPACE, "the pool is full");
  }

  /** Sets who makes room when there is none; null for nobody. */
  void spaceMaker(@Nullable SpaceMaker newMaker) {
    maker = newMaker;
  }

  /** What may still be stored, by a fresh count; negative when the reserve is touched. */
  long freeNow() {
    pool.renewStatus();
    refresh(System.nanoTime());
    return free.get();
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
            - inodes.dirtyCount() * FILE_SHARE
            - inodes.blocksChanged() * NODE_SHARE);
  }

  /** Room must be made first. */
  private static final class NoSpaceYet extends NotYet {
    private static final long serialVersionUID = 1L;
    private static final long LIMIT_NANOS = Duration.ofSeconds(30).toNanos();

    private final transient Admission admission;
    private final transient SpaceMaker help;
    private final long bytes;

    NoSpaceYet(Admission admission, SpaceMaker help, long bytes) {
      super("the pool is full");
      this.admission = admission;
      this.help = help;
      this.bytes = bytes;
    }

    @Override
    void await() throws InterruptedException {
      switch (help.makeRoom(bytes, LIMIT_NANOS)) {
        case MADE -> {
          long _ = admission.freeNow();
        }
        case NOTHING -> {
          // Room may have come from elsewhere since it was counted last.
          if (admission.freeNow() < bytes) {
            throw full();
          }
        }
        case WORKING ->
            throw DvxException.of(Kind.TIMEOUT, "The pool is full and being cleaned")
                .cause("No room was made within " + LIMIT_NANOS / 1_000_000_000 + " s")
                .build();
      }
    }
  }
}
