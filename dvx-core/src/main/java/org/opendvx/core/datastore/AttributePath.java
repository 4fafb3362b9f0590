package org.opendvx.core.datastore;

import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.Change.BlocksMapped;
import org.opendvx.core.datastore.Change.Truncated;
import org.opendvx.core.datastore.Datastore.Changed;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.log.ChunkLog;
import org.opendvx.core.log.ChunkLog.WriteBatch;

/** Changes attributes of live files, their size included. Thread-safe. */
final class AttributePath {
  private final Files files;
  private final ChunkLog log;
  private final ChunkReader reader;
  private final Transactions transactions;
  private final Admission admission;
  private final Room room;

  AttributePath(
      Files files,
      ChunkLog log,
      ChunkReader reader,
      Transactions transactions,
      Admission admission,
      Room room) {
    this.files = files;
    this.log = log;
    this.reader = reader;
    this.transactions = transactions;
    this.admission = admission;
    this.room = room;
  }

  CompletableFuture<Changed> set(
      Caller caller, FileKey key, AttributeChange change, @Nullable Long guard) {
    Files.requireChangeable(key);
    admission.admitFlow(2L * Blocks.SIZE);
    Inode inode = files.live(key);
    Long size = change.size();
    if (size != null) {
      Files.requireRegular(inode.image());
      if (size < 0) {
        throw new FileException(FileError.INVALID, "a negative size");
      }
      if (size > Datastore.MAX_FILE_SIZE) {
        throw new FileException(FileError.FILE_TOO_LARGE, "files end at 62 TiB");
      }
    }
    while (true) {
      Changed changed = attempt(caller, inode, change, guard);
      if (changed != null) {
        return transactions.durable(inode.lastLsn(), changed);
      }
    }
  }

  private @Nullable Changed attempt(
      Caller caller, Inode inode, AttributeChange change, @Nullable Long guard) {
    Cut cut = change.size() == null ? Cut.NONE : lookAt(inode, change.size());
    WriteBatch batch = cut.kept == 0 ? null : log.begin();
    boolean taken = false;
    try {
      long tail = batch == null ? 0 : zeroedTail(batch, cut);
      try (Transaction transaction = transactions.begin(caller)) {
        transaction.lock(inode);
        InodeImage before = inode.image();
        if (guard != null && guard != before.changed()) {
          throw new FileException(FileError.NOT_SYNCHRONIZED, "the file has changed");
        }
        if (change.size() != null && !cut.equals(lookAtLocked(inode, change.size()))) {
          return null;
        }
        InodeImage after = apply(caller, before, change, transaction.now());
        Attributes old = inode.attributes();
        if (change.size() != null && change.size() < before.size()) {
          long size = change.size();
          transaction.add(new Truncated(inode.id, size, transaction.now()));
          if (batch != null) {
            transaction.add(
                new BlocksMapped(
                    inode.id, Blocks.of(size), new long[] {tail}, size, transaction.now()));
          }
        }
        transaction.put(inode, after);
        taken = true;
        inode.written(transaction.commit(batch));
        return new Changed(old, inode.attributes());
      }
    } finally {
      if (!taken && batch != null) {
        batch.abandoned();
      }
    }
  }

  /**
   * The block in which a new end lies.
   *
   * @param address of that block when it must be kept in part, else 0
   * @param kept bytes of it that stay
   */
  private record Cut(long address, int kept) {
    static final Cut NONE = new Cut(0, 0);
  }

  private static Cut lookAt(Inode inode, long size) {
    long stamp = inode.lock.readLock();
    try {
      return lookAtLocked(inode, size);
    } finally {
      inode.lock.unlockRead(stamp);
    }
  }

  private static Cut lookAtLocked(Inode inode, long size) {
    InodeImage image = inode.image();
    if (size >= image.size()) {
      return Cut.NONE;
    }
    long next = Blocks.of(size);
    long last = Blocks.LAST;
    if (!inode.blocks().resident(next, next) || !inode.blocks().resident(last, last)) {
      long _ = inode.blocks().get(next) + inode.blocks().get(last);
    }
    long address = Blocks.within(size) == 0 ? 0 : inode.blocks().get(next);
    return address == 0 ? Cut.NONE : new Cut(address, Blocks.within(size));
  }

  private long zeroedTail(WriteBatch batch, Cut cut) {
    byte[] block = new byte[Blocks.SIZE];
    reader.copy(cut.address, block);
    Arrays.fill(block, cut.kept, Blocks.SIZE, (byte) 0);
    if (ChunkReader.zero(block, 0)) {
      return 0;
    }
    try {
      return batch.add(block, 0);
    } catch (DvxException e) {
      throw room.explain(e);
    }
  }

  /** The attributes after a change that the caller may make. */
  static InodeImage apply(Caller caller, InodeImage before, AttributeChange change, long now) {
    InodeImage image = owners(caller, before, change);
    long accessed = before.accessed();
    long modified = before.modified();
    if (change.size() != null) {
      Permissions.requireWrite(caller, before);
      int mode = image.mode() & Permissions.afterWrite(caller, before);
      image = image.withOwner(mode, image.uid(), image.gid()).withSize(change.size());
      modified = now;
    }
    if (change.accessed() != null) {
      accessed = time(caller, before, change.accessed(), now);
    }
    if (change.modified() != null) {
      modified = time(caller, before, change.modified(), now);
    }
    return image.withTimes(accessed, modified, now).withVerifier(null);
  }

  private static InodeImage owners(Caller caller, InodeImage before, AttributeChange change) {
    int uid = change.uid() == null ? before.uid() : change.uid();
    int gid = change.gid() == null ? before.gid() : change.gid();
    boolean owner = Permissions.owns(caller, before);
    boolean root = Permissions.root(caller);
    boolean ownerGiven = change.uid() != null || change.gid() != null;
    if ((change.mode() != null || ownerGiven) && !owner) {
      throw new FileException(FileError.NOT_PERMITTED, "only the owner may do that");
    }
    boolean gives =
        uid != before.uid() || (gid != before.gid() && !Permissions.inGroup(caller, gid));
    if (gives && !root) {
      throw new FileException(FileError.NOT_PERMITTED, "only root gives files away");
    }
    int mode = before.mode();
    if (ownerGiven && !root && !before.directory()) {
      mode &= ~(Permissions.SET_UID | Permissions.SET_GID);
    }
    if (change.mode() != null) {
      mode = change.mode() & Permissions.MODE_MASK;
      if (!root && !before.directory() && !Permissions.inGroup(caller, gid)) {
        mode &= ~Permissions.SET_GID;
      }
    }
    return before.withOwner(mode, uid, gid);
  }

  private static long time(Caller caller, InodeImage before, AttributeChange.Time time, long now) {
    return switch (time) {
      case AttributeChange.Time.Server() -> {
        if (!Permissions.owns(caller, before)) {
          Permissions.require(caller, before, Permissions.WRITE);
        }
        yield now;
      }
      case AttributeChange.Time.Client(long nanos) -> {
        if (!Permissions.owns(caller, before)) {
          throw new FileException(FileError.NOT_PERMITTED, "only the owner sets times");
        }
        yield nanos;
      }
    };
  }
}
