package org.opendvx.core.datastore;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.Change.InodeGiven;
import org.opendvx.core.datastore.Change.InodeMake;
import org.opendvx.core.datastore.Change.InodeTaken;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.tree.BlockMap;
import org.opendvx.core.tree.FrozenTree;
import org.opendvx.core.tree.RootRef;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Moves files between roots, and freezes files for a cut over several of them. Which root owns a
 * file is decided elsewhere; here are the steps of giver and taker. Every method blocks and fails
 * with {@link FileException} or {@link DvxException}. Thread-safe.
 *
 * <p>A parcel is a file's attributes and the root of its block map: the bytes of a record of the
 * inode table (docs/formats/inode.md). All that it refers to is durable in the pool, so that it
 * needs neither memory nor journal of the giver.
 */
public final class Ownership {
  private static final Logger LOG = LoggerFactory.getLogger(Ownership.class);
  private static final int SETTLE_ROUNDS = 2;
  private static final int ROUNDS_BEFORE = 12;
  private static final long SHORT_NANOS = 15_000_000;
  private static final long LONG_NANOS = 1_500_000_000;
  private static final int ROUNDS_FOR_ROOM = 20;

  /** One file's map takes so much of the cache of nodes at the most: the reciprocal. */
  private static final int CACHE_SHARE = 4;

  private final Engine engine;
  private final Files files;
  private final Transactions transactions;

  Ownership(Engine engine, Files files, Transactions transactions) {
    this.engine = engine;
    this.files = files;
    this.transactions = transactions;
  }

  /** Whether this root has a file, be it stopped. */
  public boolean holds(long file) {
    Inode inode = engine.state().inodes().find(file);
    return inode != null && !inode.image().away();
  }

  /** Whether this root knows the names of a file that another root has or may have. */
  public boolean away(long file) {
    Inode inode = engine.state().inodes().find(file);
    return inode != null && inode.away();
  }

  /** The files among some whose names are here and which are away. */
  public List<Long> away(List<Long> some) {
    return some.stream().filter(this::away).toList();
  }

  /**
   * Stops a file: from here on every operation on it fails with {@link FileAwayException}. Then
   * makes all of it durable in the pool. Most of that is done before the file stops, in rounds,
   * each of which has less to do.
   *
   * @return the parcel
   */
  public byte[] stop(long file) {
    Inode inode = regular(file);
    return engine.checkpointer().alone(() -> settleAndStop(inode));
  }

  /**
   * Makes a file durable as it is now, while it goes on.
   *
   * @return the parcel that {@link #stop} would have given, for {@link #expect}
   */
  public byte[] preview(long file) {
    Inode inode = regular(file);
    return engine.checkpointer().alone(() -> stored(freeze(inode, false)));
  }

  private byte[] stored(FrozenInode frozen) {
    return InodeCodec.encodeStored(frozen.image(), flush(List.of(frozen.content())).getFirst());
  }

  private byte[] settleAndStop(Inode inode) {
    settleMost(inode);
    FrozenInode frozen = freeze(inode, true);
    long start = System.nanoTime();
    boolean done = false;
    try {
      byte[] parcel = stored(frozen);
      done = true;
      LOG.debug(
          "File {} was settled {} us after it stopped",
          inode.id,
          (System.nanoTime() - start) / 1000);
      return parcel;
    } finally {
      if (!done) {
        inode.moving(false);
      }
    }
  }

  /**
   * Until there is so little left that the file need not be stopped for long, or what is written
   * meanwhile keeps it from getting less.
   */
  private void settleMost(Inode inode) {
    long begin = System.nanoTime();
    for (int round = 0; round < ROUNDS_BEFORE; round++) {
      long start = System.nanoTime();
      List<RootRef> _ = flush(List.of(freeze(inode, false).content()));
      long end = System.nanoTime();
      LOG.debug("Round {} before file {} stops took {} us", round, inode.id, (end - start) / 1000);
      if (end - start < SHORT_NANOS || end - begin > LONG_NANOS) {
        return;
      }
    }
  }

  /** A file at one moment. */
  private record FrozenInode(InodeImage image, FrozenTree content) {}

  private FrozenInode freeze(Inode inode, boolean stop) {
    long cut = engine.locks().cut.readLock();
    long stamp = inode.lock.writeLock();
    try {
      if (inode.dropped()) {
        throw new FileException(FileError.STALE, "the file is gone");
      }
      Files.requireHere(inode);
      if (stop) {
        inode.moving(true);
      }
      return new FrozenInode(inode.imageToStore(), inode.freeze());
    } finally {
      inode.lock.unlockWrite(stamp);
      engine.locks().cut.unlockRead(cut);
    }
  }

  /**
   * Makes trees durable in the pool, with every chunk that they refer to, and all that happened to
   * their files before: names and sizes in a parcel must not be forgotten here.
   */
  private List<RootRef> flush(List<FrozenTree> trees) {
    long lsn = engine.journal().lastLsn();
    // The chunks and the records are on their way while the nodes are written.
    engine.log().push();
    List<RootRef> refs = engine.checkpointer().flush(trees);
    engine.checkpointer().awaitDurable(lsn);
    awaitChunks();
    return refs;
  }

  private void awaitChunks() {
    try {
      for (int round = 0; round < SETTLE_ROUNDS; round++) {
        if (engine.log().awaitPut(engine.settings().closeLimit())) {
          return;
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw late(e);
    }
    throw late(null);
  }

  private static DvxException late(@Nullable Throwable cause) {
    var late =
        DvxException.of(Kind.TIMEOUT, "Chunks of a file wait for the pool for too long")
            .remedy("Look at the pool's health; it is tried again");
    return cause == null ? late.build() : late.causedBy(cause).build();
  }

  private Inode regular(long file) {
    Inode inode = files.live(file);
    Files.requireRegular(inode.image());
    return inode;
  }

  /** Goes on with a file that was stopped: it was not given away after all. */
  public void resume(long file) {
    Inode inode = engine.state().inodes().find(file);
    if (inode != null) {
      inode.moving(false);
    }
  }

  /**
   * Forgets the content of a file that another root owns; durable on return.
   *
   * @param epoch the one under which it is owned there
   */
  public void given(long file, long epoch) {
    Inode inode = engine.state().inodes().find(file);
    if (inode != null && !inode.image().away()) {
      // Whoever takes it back stops it anew, maybe before this is durable.
      long lsn = append(inode, List.of(new InodeGiven(file, epoch)), () -> inode.moving(false));
      inode.written(lsn);
      engine.checkpointer().awaitDurable(lsn);
    }
  }

  /**
   * Does beforehand what would make those wait who use a file that is about to be taken: its block
   * map comes into memory, as far as there is room and time, and the journal is ready to write.
   *
   * @param parcel what {@link #preview} gave
   * @param limit for the map
   */
  public void expect(byte[] parcel, Duration limit) {
    long start = System.nanoTime();
    long room = engine.settings().nodeCacheBytes() / CACHE_SHARE;
    BlockMap map = BlockMap.open(engine.state().io(), InodeCodec.decodeStored(parcel).content());
    int leaves =
        engine
            .attempts()
            .inside(
                () ->
                    map.readAhead(
                        bytes -> bytes < room && System.nanoTime() - start < limit.toNanos()));
    long read = System.nanoTime();
    // An idle journal makes its first writer wait for a new segment.
    engine.checkpointer().awaitDurable(append(null, List.of(), () -> {}));
    LOG.debug(
        "{} leaves of a map were read ahead in {} us, the journal took {} us",
        leaves,
        (read - start) / 1000,
        (System.nanoTime() - read) / 1000);
  }

  /**
   * Takes what another root gave; durable on return. The file stays stopped until {@link #resume}.
   * Refused while this root has not noted that it gave the file away: that note, made later, would
   * forget what was taken.
   *
   * @param parcel what {@link #stop} gave
   * @param epoch the new one, higher than all before
   */
  public void take(long file, byte[] parcel, long epoch) {
    InodeCodec.Stored stored = InodeCodec.decodeStored(parcel);
    InodeTaken taken = new InodeTaken(file, stored.image().withEpoch(epoch), stored.content());
    Inode stub = engine.state().inodes().find(file);
    if (stub == null) {
      long _ =
          append(null, List.of(new InodeMake(file, taken.image().withEpoch(-epoch))), () -> {});
      stub = files.known(file);
    }
    stopAway(stub);
    Inode heir = stub;
    long lsn =
        engine
            .attempts()
            .inside(
                () -> {
                  engine.arrivals().note(List.of(parcel));
                  return append(heir, List.of(taken), () -> {});
                });
    heir.written(lsn);
    engine.checkpointer().awaitDurable(lsn);
  }

  private static void stopAway(Inode stub) {
    long stamp = stub.lock.writeLock();
    try {
      if (!stub.image().away()) {
        throw new FileException(FileError.BUSY, "file " + stub.id + " is here already");
      }
      stub.moving(true);
    } finally {
      stub.lock.unlockWrite(stamp);
    }
  }

  /**
   * Brings changes into the journal.
   *
   * @param applied run under the file's lock once it has taken effect
   */
  private long append(@Nullable Inode inode, List<Change> changes, Runnable applied) {
    for (int round = 0; ; round++) {
      NotYet full;
      long cut = engine.locks().cut.readLock();
      long stamp = inode == null ? 0 : inode.lock.writeLock();
      try {
        long lsn = transactions.commit(changes, null);
        applied.run();
        return lsn;
      } catch (NotYet notYet) {
        full = notYet;
      } finally {
        if (inode != null) {
          inode.lock.unlockWrite(stamp);
        }
        engine.locks().cut.unlockRead(cut);
      }
      if (round == ROUNDS_FOR_ROOM) {
        throw late(full);
      }
      try {
        full.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw late(e);
      }
    }
  }

  /** The epoch in a parcel. */
  public static long epoch(byte[] parcel) {
    return InodeCodec.decode(ByteBuffer.wrap(parcel)).epoch();
  }

  /** Files as they were at one instant; content that is not durable yet. */
  public static final class FrozenFiles {
    private final List<FrozenInode> files;

    private FrozenFiles(List<FrozenInode> files) {
      this.files = files;
    }
  }

  /** Freezes files of this root in one instant, in memory: O(the number of files). */
  public FrozenFiles freeze(List<Long> some) {
    List<Inode> inodes = some.stream().map(files::live).toList();
    List<FrozenInode> frozen = new ArrayList<>(some.size());
    long stamp = engine.locks().cut.writeLock();
    try {
      for (Inode inode : inodes) {
        if (inode.dropped()) {
          throw new FileException(FileError.STALE, "file " + inode.id + " is gone");
        }
        Files.requireHere(inode);
        frozen.add(new FrozenInode(inode.image(), inode.freeze()));
      }
    } finally {
      engine.locks().cut.unlockWrite(stamp);
    }
    return new FrozenFiles(frozen);
  }

  /** Makes frozen files durable in the pool and gives a parcel of each. */
  public List<byte[]> settle(FrozenFiles frozen) {
    List<RootRef> refs = flush(frozen.files.stream().map(FrozenInode::content).toList());
    List<byte[]> parcels = new ArrayList<>(refs.size());
    for (int i = 0; i < refs.size(); i++) {
      parcels.add(InodeCodec.encodeStored(frozen.files.get(i).image(), refs.get(i)));
    }
    return parcels;
  }
}
