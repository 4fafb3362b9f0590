package org.opendvx.core.datastore;

import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.Change.EntryPut;
import org.opendvx.core.datastore.Change.EntryRemove;
import org.opendvx.core.datastore.Datastore.Changed;
import org.opendvx.core.datastore.Datastore.Linked;
import org.opendvx.core.datastore.Datastore.Renamed;

/** Removes, renames and links names of live files. Thread-safe. */
final class NamespacePath {
  private static final int DEEPEST = 100_000;

  private final Files files;
  private final Locks locks;
  private final NameHash hash;
  private final Transactions transactions;
  private final Admission admission;

  NamespacePath(
      Files files, Locks locks, NameHash hash, Transactions transactions, Admission admission) {
    this.files = files;
    this.locks = locks;
    this.hash = hash;
    this.transactions = transactions;
    this.admission = admission;
  }

  CompletableFuture<Changed> remove(
      Caller caller, FileKey directoryKey, byte[] name, boolean wantDirectory) {
    Files.requireChangeable(directoryKey);
    Names.checkChangeable(directoryKey.file(), name);
    admission.admitFlow(Blocks.SIZE);
    long stamp = locks.namespace.writeLock();
    try {
      Inode directory = files.directory(directoryKey);
      DirectoryEntry entry = require(directory.find(hash.bucket(name), name));
      Inode target = files.live(entry.file());
      Permissions.requireRemoveEntry(caller, directory.image(), target.image());
      requireRemovable(target, wantDirectory);
      try (Transaction transaction = transactions.begin(caller)) {
        transaction.lock(directory);
        transaction.lock(target);
        Attributes before = directory.attributes();
        transaction.add(new EntryRemove(directory.id, entry.cookie()));
        unlink(transaction, directory, entry.cookie(), target);
        touch(transaction, directory);
        return finish(transaction, directory, before);
      }
    } finally {
      locks.namespace.unlockWrite(stamp);
    }
  }

  private static void requireRemovable(Inode target, boolean wantDirectory) {
    if (wantDirectory) {
      Files.requireDirectory(target.image());
      if (target.hasEntries()) {
        throw new FileException(FileError.NOT_EMPTY, "the directory is not empty");
      }
    } else if (target.image().directory()) {
      throw new FileException(FileError.IS_DIRECTORY, "a directory");
    }
  }

  private CompletableFuture<Changed> finish(
      Transaction transaction, Inode directory, Attributes before) {
    long lsn = transaction.commit(null);
    return transactions.durable(lsn, new Changed(before, directory.attributes()));
  }

  /** Takes one name away from a file, and drops it with its last. The files are locked. */
  static void unlink(Transaction transaction, Inode directory, long cookie, Inode target) {
    InodeImage image = transaction.image(target);
    if (image.directory()) {
      InodeImage above = transaction.image(directory);
      transaction.put(directory, above.withSubdirectories(above.subdirectories() - 1));
      transaction.drop(target);
      return;
    }
    Links links = image.links().minus(directory.id, cookie);
    if (links.count() == 0) {
      transaction.drop(target);
    } else {
      transaction.put(
          target,
          image.withLinks(links).withTimes(image.accessed(), image.modified(), transaction.now()));
    }
  }

  /** Notes that a directory's names changed. */
  static void touch(Transaction transaction, Inode directory) {
    InodeImage image = transaction.image(directory);
    transaction.put(
        directory, image.withTimes(image.accessed(), transaction.now(), transaction.now()));
  }

  CompletableFuture<Linked> link(Caller caller, FileKey file, FileKey directoryKey, byte[] name) {
    Files.requireChangeable(file);
    Files.requireChangeable(directoryKey);
    Names.checkChangeable(directoryKey.file(), name);
    admission.admitCreation();
    long stamp = locks.namespace.writeLock();
    try {
      Inode directory = files.directory(directoryKey);
      Inode target = files.live(file);
      Permissions.requireChangeEntries(caller, directory.image());
      InodeImage image = target.image();
      if (image.directory()) {
        throw new FileException(FileError.NOT_PERMITTED, "directories have one name");
      }
      if (image.links().count() >= Links.MAX) {
        throw new FileException(FileError.TOO_MANY_LINKS, "a file has at most " + Links.MAX);
      }
      long cookie = freeCookie(directory, name);
      try (Transaction transaction = transactions.begin(caller)) {
        transaction.lock(directory);
        transaction.lock(target);
        Attributes before = directory.attributes();
        InodeImage now = transaction.image(target);
        transaction.add(
            new EntryPut(directory.id, new DirectoryEntry(cookie, name, target.id, now.type())));
        transaction.put(
            target,
            now.withLinks(now.links().plus(directory.id, cookie))
                .withTimes(now.accessed(), now.modified(), transaction.now()));
        touch(transaction, directory);
        transaction.created(target.id);
        long lsn = transaction.commit(null);
        return transactions.durable(
            lsn, new Linked(target.attributes(), new Changed(before, directory.attributes())));
      }
    } finally {
      locks.namespace.unlockWrite(stamp);
    }
  }

  /** A cookie for a new name; EXISTS when there is that name. The namespace is locked. */
  long freeCookie(Inode directory, byte[] name) {
    long bucket = hash.bucket(name);
    var entries = directory.bucket(bucket);
    if (EntryBucket.find(entries, name) != null) {
      throw new FileException(FileError.EXISTS, "the name is taken");
    }
    return DirectoryEntry.cookie(bucket, EntryBucket.freeOrdinal(entries));
  }

  CompletableFuture<Renamed> rename(
      Caller caller, FileKey fromKey, byte[] from, FileKey toKey, byte[] to) {
    Files.requireChangeable(fromKey);
    Files.requireChangeable(toKey);
    Names.checkChangeable(fromKey.file(), from);
    Names.checkChangeable(toKey.file(), to);
    admission.admitFlow(2L * Blocks.SIZE);
    long stamp = locks.namespace.writeLock();
    try {
      Inode source = files.directory(fromKey);
      Inode target = files.directory(toKey);
      DirectoryEntry moved = require(source.find(hash.bucket(from), from));
      DirectoryEntry replaced = target.find(hash.bucket(to), to);
      Inode file = files.live(moved.file());
      Inode victim = replaced == null ? null : files.live(replaced.file());
      if (victim == file) {
        Attributes a = source.attributes();
        Attributes b = target.attributes();
        return CompletableFuture.completedFuture(new Renamed(new Changed(a, a), new Changed(b, b)));
      }
      requireRenameAllowed(caller, source, target, file, victim);
      // Also makes sure that applying finds all it needs in memory.
      long cookie = replaced != null ? replaced.cookie() : freeCookie(target, to);
      try (Transaction transaction = transactions.begin(caller)) {
        transaction.lock(source);
        transaction.lock(target);
        transaction.lock(file);
        if (victim != null) {
          transaction.lock(victim);
        }
        Attributes sourceBefore = source.attributes();
        Attributes targetBefore = target.attributes();
        move(
            transaction,
            source,
            moved,
            target,
            new DirectoryEntry(cookie, to, file.id, moved.type()),
            file,
            victim);
        long lsn = transaction.commit(null);
        return transactions.durable(
            lsn,
            new Renamed(
                new Changed(sourceBefore, source.attributes()),
                new Changed(targetBefore, target.attributes())));
      }
    } finally {
      locks.namespace.unlockWrite(stamp);
    }
  }

  private static void move(
      Transaction transaction,
      Inode source,
      DirectoryEntry moved,
      Inode target,
      DirectoryEntry entry,
      Inode file,
      @Nullable Inode victim) {
    transaction.add(new EntryRemove(source.id, moved.cookie()));
    if (victim != null) {
      unlink(transaction, target, entry.cookie(), victim);
    }
    transaction.add(new EntryPut(target.id, entry));
    InodeImage image = transaction.image(file);
    transaction.put(
        file,
        image
            .withLinks(
                image.links().minus(source.id, moved.cookie()).plus(target.id, entry.cookie()))
            .withTimes(image.accessed(), image.modified(), transaction.now()));
    if (image.directory() && source != target) {
      InodeImage above = transaction.image(source);
      transaction.put(source, above.withSubdirectories(above.subdirectories() - 1));
      InodeImage below = transaction.image(target);
      transaction.put(target, below.withSubdirectories(below.subdirectories() + 1));
    }
    touch(transaction, source);
    touch(transaction, target);
  }

  private void requireRenameAllowed(
      Caller caller, Inode source, Inode target, Inode file, @Nullable Inode victim) {
    Permissions.requireRemoveEntry(caller, source.image(), file.image());
    Permissions.requireChangeEntries(caller, target.image());
    boolean directory = file.image().directory();
    if (directory && source != target) {
      Permissions.require(caller, file.image(), Permissions.WRITE);
      requireNotBelow(target, file);
    }
    if (victim == null) {
      return;
    }
    Permissions.requireRemoveEntry(caller, target.image(), victim.image());
    if (directory) {
      Files.requireDirectory(victim.image());
      if (victim.hasEntries()) {
        throw new FileException(FileError.NOT_EMPTY, "the target directory is not empty");
      }
    } else if (victim.image().directory()) {
      throw new FileException(FileError.IS_DIRECTORY, "the target is a directory");
    }
  }

  private void requireNotBelow(Inode target, Inode moved) {
    Inode at = target;
    for (int depth = 0; at.id != FileKey.ROOT_FILE && depth < DEEPEST; depth++) {
      if (at == moved) {
        throw new FileException(FileError.INVALID, "a directory cannot move below itself");
      }
      at = files.live(Lookups.parent(at));
    }
  }

  private static DirectoryEntry require(@Nullable DirectoryEntry entry) {
    if (entry == null) {
      throw new FileException(FileError.NOT_FOUND, "no such name");
    }
    return entry;
  }
}
