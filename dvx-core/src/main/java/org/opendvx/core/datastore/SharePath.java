package org.opendvx.core.datastore;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.Change.BlocksShared;
import org.opendvx.core.datastore.Change.ContentShared;
import org.opendvx.core.datastore.Snapshots.CloneFile;
import org.opendvx.core.tree.BlockMap;

/** Makes files that share the blocks of others: clones, replaced contents. Thread-safe. */
final class SharePath {
  private final Files files;
  private final SnapshotCatalogue snapshots;
  private final Locks locks;
  private final NameHash hash;
  private final IdRange ids;
  private final Transactions transactions;
  private final Admission admission;

  SharePath(
      Files files,
      SnapshotCatalogue snapshots,
      Locks locks,
      NameHash hash,
      IdRange ids,
      Transactions transactions,
      Admission admission) {
    this.files = files;
    this.snapshots = snapshots;
    this.locks = locks;
    this.hash = hash;
    this.ids = ids;
    this.transactions = transactions;
    this.admission = admission;
  }

  /** A source's attributes, and the live file when it is one. */
  private record Source(FileKey key, InodeImage image, @Nullable Inode live) {}

  CompletableFuture<List<FileKey>> clone(Caller caller, List<CloneFile> clones) {
    clones.forEach(
        clone -> {
          Files.requireChangeable(clone.directory());
          Names.checkChangeable(clone.directory().file(), clone.name());
        });
    admission.admitCreation();
    admission.admitFlow(512L * clones.size());
    locks.catalogue.lock();
    long stamp = locks.namespace.writeLock();
    try {
      Planned planned = plan(caller, clones);
      try (Transaction transaction = transactions.begin(caller)) {
        planned.directories.values().forEach(transaction::lock);
        planned.sources.forEach(source -> lockLive(transaction, source));
        List<FileKey> keys = new ArrayList<>(clones.size());
        for (int i = 0; i < clones.size(); i++) {
          keys.add(addClone(transaction, clones.get(i), planned, i));
        }
        transaction.created(keys.isEmpty() ? 0 : keys.getFirst().file());
        return transactions.durable(transaction.commit(null), keys);
      }
    } finally {
      locks.namespace.unlockWrite(stamp);
      locks.catalogue.unlock();
    }
  }

  /** What clones need, looked up before anything changes. */
  private static final class Planned {
    final Map<Long, Inode> directories = new LinkedHashMap<>();
    final List<Source> sources = new ArrayList<>();
    final List<DirectoryEntry> entries = new ArrayList<>();
  }

  private Planned plan(Caller caller, List<CloneFile> clones) {
    Planned planned = new Planned();
    NewNames names = new NewNames(hash);
    for (CloneFile clone : clones) {
      Inode directory = files.directory(clone.directory());
      Permissions.requireChangeEntries(caller, directory.image());
      planned.directories.put(directory.id, directory);
      Source source = source(clone.source());
      Permissions.requireRead(caller, source.image());
      planned.sources.add(source);
      planned.entries.add(
          new DirectoryEntry(
              names.cookie(directory, clone.name()), clone.name(), ids.next(), FileType.REGULAR));
    }
    return planned;
  }

  private FileKey addClone(Transaction transaction, CloneFile clone, Planned planned, int index) {
    Inode directory = files.directory(clone.directory());
    DirectoryEntry entry = planned.entries.get(index);
    Source source = planned.sources.get(index);
    InodeImage from = source.live() == null ? source.image() : source.live().image();
    Caller caller = transaction.caller();
    InodeImage image =
        InodeImage.fresh(
                FileType.REGULAR,
                from.mode() & ~(Permissions.SET_UID | Permissions.SET_GID),
                caller.uid(),
                caller.gid(),
                0,
                transaction.now())
            .withSize(from.size())
            .withLinks(Links.of(directory.id, entry.cookie()));
    CreatePath.add(transaction, directory, entry, image);
    transaction.add(new ContentShared(entry.file(), source.key()));
    return FileKey.live(entry.file());
  }

  /** A file to share from. The catalogue is locked, so that it stays. */
  private Source source(FileKey key) {
    if (key.frozen()) {
      SnapshotContents contents = snapshots.contents(key.snapshot());
      SnapshotContents.Frozen frozen = contents == null ? null : contents.find(key.file());
      if (frozen == null || !frozen.node.member()) {
        throw new FileException(FileError.STALE, "the source is not in the snapshot");
      }
      Files.requireRegular(frozen.node.image());
      return new Source(key, frozen.node.image(), null);
    }
    Inode inode = files.live(key);
    Files.requireRegular(inode.image());
    return new Source(key, inode.image(), inode);
  }

  private static void lockLive(Transaction transaction, Source source) {
    Inode live = source.live();
    if (live != null) {
      transaction.lock(live);
    }
  }

  CompletableFuture<Void> replaceContent(Caller caller, FileKey target, FileKey sourceKey) {
    Files.requireChangeable(target);
    admission.admitFlow(Blocks.SIZE);
    locks.catalogue.lock();
    long stamp = locks.namespace.writeLock();
    try {
      Inode inode = files.live(target);
      Files.requireRegular(inode.image());
      Permissions.requireWrite(caller, inode.image());
      Source source = source(sourceKey);
      Permissions.requireRead(caller, source.image());
      if (source.live() == inode) {
        return CompletableFuture.completedFuture(null);
      }
      try (Transaction transaction = transactions.begin(caller)) {
        transaction.lock(inode);
        lockLive(transaction, source);
        Inode live = source.live();
        long size = live == null ? source.image().size() : live.image().size();
        transaction.add(new ContentShared(inode.id, sourceKey));
        transaction.put(inode, inode.image().written(size, transaction.now()));
        long lsn = transaction.commit(null);
        inode.written(lsn);
        return transactions.durable(lsn, true).thenAccept(_ -> {});
      }
    } finally {
      locks.namespace.unlockWrite(stamp);
      locks.catalogue.unlock();
    }
  }

  /**
   * Shares a range. The source stays as it is from the moment its addresses are looked up until the
   * record is in the journal: a frozen one under the catalogue's lock, a live one under its own. So
   * what the range refers to then is reachable all the time, and the cleaner takes none of it.
   *
   * @param durable whether it is answered only when it is durable
   */
  CompletableFuture<Void> cloneRange(Caller caller, Snapshots.Range range, boolean durable) {
    Files.requireChangeable(range.target());
    requireAligned(range);
    int count = (int) (range.length() / Blocks.SIZE);
    if (count == 0) {
      return CompletableFuture.completedFuture(null);
    }
    admission.admitFlow(8L * count + Blocks.SIZE);
    locks.catalogue.lock();
    long stamp = locks.namespace.writeLock();
    try {
      Inode inode = files.live(range.target());
      Files.requireRegular(inode.image());
      Permissions.requireWrite(caller, inode.image());
      Source source = source(range.source());
      Permissions.requireRead(caller, source.image());
      try (Transaction transaction = transactions.begin(caller)) {
        transaction.lock(inode);
        lockLive(transaction, source);
        long[] addresses = new long[count];
        blocks(source).getRange(Blocks.of(range.sourceOffset()), count, addresses, 0);
        long first = Blocks.of(range.targetOffset());
        if (!inode.blocks().resident(first, first + count - 1)) {
          inode.blocks().getRange(first, count, new long[count], 0);
        }
        InodeImage image = inode.image();
        long size = Math.max(image.size(), range.targetOffset() + range.length());
        transaction.add(new BlocksShared(inode.id, first, addresses, size, transaction.now()));
        int mode = Permissions.afterWrite(caller, image);
        if (mode != image.mode()) {
          transaction.put(
              inode,
              image.withOwner(mode, image.uid(), image.gid()).written(size, transaction.now()));
        }
        long lsn = transaction.commit(null);
        inode.written(lsn);
        return durable
            ? transactions.durable(lsn, true).thenAccept(_ -> {})
            : CompletableFuture.completedFuture(null);
      }
    } finally {
      locks.namespace.unlockWrite(stamp);
      locks.catalogue.unlock();
    }
  }

  private static void requireAligned(Snapshots.Range range) {
    long all = range.sourceOffset() | range.targetOffset() | range.length();
    if (all < 0 || Blocks.within(all) != 0 || range.length() > Snapshots.MAX_RANGE) {
      throw new FileException(FileError.INVALID, "not whole blocks, or too many: " + range);
    }
    long last = Math.max(range.sourceOffset(), range.targetOffset());
    if (last > Datastore.MAX_FILE_SIZE - range.length()) {
      throw new FileException(FileError.FILE_TOO_LARGE, "files end at 62 TiB");
    }
  }

  private BlockMap blocks(Source source) {
    Inode live = source.live();
    if (live != null) {
      return live.blocks();
    }
    SnapshotContents contents = snapshots.contents(source.key().snapshot());
    SnapshotContents.Frozen frozen = contents == null ? null : contents.find(source.key().file());
    if (frozen == null) {
      throw new FileException(FileError.STALE, "the source is not in the snapshot");
    }
    return frozen.blocks;
  }
}
