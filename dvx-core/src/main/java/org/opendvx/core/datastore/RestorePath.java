package org.opendvx.core.datastore;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.Change.ContentShared;
import org.opendvx.core.datastore.Change.EntryPut;
import org.opendvx.core.datastore.Change.EntryRemove;
import org.opendvx.core.datastore.Change.SnapshotNode;
import org.opendvx.core.datastore.SnapshotContents.Frozen;

/**
 * Gives files back what they were in a snapshot, in one step: files that live keep their place and
 * get content, size and attributes; files that are gone come back under their id, where they were.
 * Thread-safe.
 */
final class RestorePath {
  private final Files files;
  private final InodeTable inodes;
  private final SnapshotCatalogue snapshots;
  private final Locks locks;
  private final NameHash hash;
  private final Transactions transactions;
  private final Admission admission;

  RestorePath(
      Files files,
      InodeTable inodes,
      SnapshotCatalogue snapshots,
      Locks locks,
      NameHash hash,
      Transactions transactions,
      Admission admission) {
    this.files = files;
    this.inodes = inodes;
    this.snapshots = snapshots;
    this.locks = locks;
    this.hash = hash;
    this.transactions = transactions;
    this.admission = admission;
  }

  CompletableFuture<Void> restore(long snapshot, List<Long> members, List<FileKey> remove) {
    remove.forEach(Files::requireChangeable);
    admission.admitFlow(512L * (members.size() + remove.size()));
    locks.catalogue.lock();
    long stamp = locks.namespace.writeLock();
    try {
      SnapshotContents contents = snapshots.contents(snapshot);
      if (contents == null) {
        throw new FileException(FileError.NOT_FOUND, "there is no snapshot " + snapshot);
      }
      Plan plan = new Plan(snapshot, contents);
      new LinkedHashSet<>(remove).forEach(plan::remove);
      new LinkedHashSet<>(members).forEach(plan::restore);
      long lsn = plan.commit();
      return transactions.durable(lsn, true).thenAccept(_ -> {});
    } finally {
      locks.namespace.unlockWrite(stamp);
      locks.catalogue.unlock();
    }
  }

  /**
   * What one restore does. First everything is looked up, which may end with {@link NotYet} or a
   * refusal; then it is done in one transaction. All locks of the namespace are held.
   */
  private final class Plan {
    private final long snapshot;
    private final SnapshotContents contents;
    private final NewNames names = new NewNames(hash);
    private final Map<Inode, List<DirectoryEntry>> removed = new LinkedHashMap<>();
    private final Set<Long> removedIds = new HashSet<>();
    private final Map<Inode, Frozen> living = new LinkedHashMap<>();
    private final List<Revived> revived = new ArrayList<>();

    /** Directories on the way to revived files: id in the snapshot to what stands for it now. */
    private final Map<Long, Above> directories = new HashMap<>();

    Plan(long snapshot, SnapshotContents contents) {
      this.snapshot = snapshot;
      this.contents = contents;
    }

    /** A file or directory that comes back. */
    private record Revived(Frozen frozen, Above above, long cookie) {}

    /**
     * A directory.
     *
     * @param live null when it comes back in this step
     */
    private record Above(long id, @Nullable Inode live) {}

    void remove(FileKey key) {
      Inode inode = files.live(key);
      if (inode.image().directory()) {
        throw new FileException(FileError.IS_DIRECTORY, "directories are not removed by a restore");
      }
      List<DirectoryEntry> entries = new ArrayList<>();
      Links links = inode.image().links();
      for (int i = 0; i < links.count(); i++) {
        Inode directory = files.live(links.directory(i));
        DirectoryEntry entry = directory.entry(links.cookie(i));
        if (entry == null) {
          throw new IllegalStateException("file " + inode.id + " has lost a name");
        }
        names.leave(directory, entry);
        entries.add(entry);
      }
      removed.put(inode, entries);
      removedIds.add(inode.id);
    }

    void restore(long file) {
      Frozen frozen = contents.find(file);
      if (frozen == null || !frozen.node.member()) {
        throw new FileException(FileError.NOT_FOUND, "file " + file + " is not in the snapshot");
      }
      Inode live = inodes.find(file);
      if (live != null) {
        if (removedIds.contains(file)) {
          throw new FileException(FileError.INVALID, "file " + file + " is restored and removed");
        }
        living.put(live, frozen);
      } else {
        Above above = above(frozen.node);
        revived.add(revive(frozen, above));
      }
    }

    private Revived revive(Frozen frozen, Above above) {
      return new Revived(frozen, above, names.cookie(above.id(), above.live(), frozen.node.name()));
    }

    /** The directory for something that comes back, which may come back itself. */
    private Above above(SnapshotNode node) {
      Above known = directories.get(node.parent());
      if (known != null) {
        return known;
      }
      Above above = find(node.parent());
      directories.put(node.parent(), above);
      return above;
    }

    private Above find(long id) {
      Inode live = inodes.find(id);
      if (live != null && live.image().directory()) {
        return new Above(id, live);
      }
      Frozen frozen = contents.find(id);
      if (frozen == null) {
        throw new IllegalStateException("directory " + id + " is not in snapshot " + snapshot);
      }
      Above higher = above(frozen.node);
      Inode parent = higher.live();
      byte[] name = frozen.node.name();
      DirectoryEntry entry = parent == null ? null : parent.find(hash.bucket(name), name);
      if (entry != null && !removedIds.contains(entry.file())) {
        // Another directory has the name now: it is the place.
        Inode stand = files.live(entry.file());
        Files.requireDirectory(stand.image());
        return new Above(stand.id, stand);
      }
      revived.add(revive(frozen, higher));
      return new Above(id, null);
    }

    long commit() {
      try (Transaction transaction = transactions.begin(Caller.SYSTEM)) {
        removed.forEach((inode, entries) -> drop(transaction, inode, entries));
        revived.forEach(file -> add(transaction, file));
        living.forEach((inode, frozen) -> reset(transaction, inode, frozen));
        long lsn = transaction.commit(null);
        living.keySet().forEach(inode -> inode.written(lsn));
        return lsn;
      }
    }

    private void drop(Transaction transaction, Inode inode, List<DirectoryEntry> entries) {
      Links links = inode.image().links();
      for (int i = 0; i < links.count(); i++) {
        Inode directory = files.live(links.directory(i));
        transaction.lock(directory);
        transaction.add(new EntryRemove(directory.id, entries.get(i).cookie()));
        NamespacePath.touch(transaction, directory);
      }
      transaction.drop(inode);
    }

    private void add(Transaction transaction, Revived file) {
      SnapshotNode node = file.frozen().node;
      InodeImage image = node.image();
      int subdirectories = image.directory() ? revivedBelow(node.file()) : 0;
      transaction.make(
          node.file(),
          image
              .withSubdirectories(subdirectories)
              .withLinks(Links.of(file.above().id(), file.cookie()))
              .withTimes(image.accessed(), image.modified(), transaction.now()));
      transaction.add(
          new EntryPut(
              file.above().id(),
              new DirectoryEntry(file.cookie(), node.name(), node.file(), image.type())));
      Inode above = file.above().live();
      if (above != null) {
        transaction.lock(above);
        if (image.directory()) {
          InodeImage higher = transaction.image(above);
          transaction.put(above, higher.withSubdirectories(higher.subdirectories() + 1));
        }
        NamespacePath.touch(transaction, above);
      }
      share(transaction, node);
    }

    private int revivedBelow(long directory) {
      int count = 0;
      for (Revived other : revived) {
        if (other.above().id() == directory && other.frozen().node.image().directory()) {
          count++;
        }
      }
      return count;
    }

    private void reset(Transaction transaction, Inode inode, Frozen frozen) {
      transaction.lock(inode);
      InodeImage then = frozen.node.image();
      InodeImage now = transaction.image(inode);
      transaction.put(
          inode,
          now.withOwner(then.mode(), then.uid(), then.gid())
              .withSize(then.size())
              .withTimes(then.accessed(), then.modified(), transaction.now()));
      share(transaction, frozen.node);
    }

    private void share(Transaction transaction, SnapshotNode node) {
      if (node.image().regular()) {
        transaction.add(new ContentShared(node.file(), new FileKey(snapshot, node.file())));
      }
    }
  }
}
