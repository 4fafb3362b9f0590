package org.opendvx.core.datastore;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.Datastore.Entry;
import org.opendvx.core.datastore.Datastore.Found;
import org.opendvx.core.datastore.Datastore.Listing;

/** Looks up and lists names in live directories. Thread-safe. */
final class Lookups {
  private static final int MAX_PAGE = 4096;
  private static final long DOT = 1;
  private static final long DOT_DOT = 2;
  private static final long SNAPSHOTS = 3;
  private static final byte[] DOT_NAME = Bytes.utf8(".");
  private static final byte[] DOT_DOT_NAME = Bytes.utf8("..");

  private final Files files;
  private final InodeTable inodes;
  private final Locks locks;
  private final NameHash hash;
  private final SnapshotView view;

  Lookups(Files files, InodeTable inodes, Locks locks, NameHash hash, SnapshotView view) {
    this.files = files;
    this.inodes = inodes;
    this.locks = locks;
    this.hash = hash;
    this.view = view;
  }

  Found lookup(Caller caller, FileKey key, byte[] name) {
    Names.check(name);
    Inode directory = files.directory(key);
    if (Names.isDot(name)) {
      return found(directory, directory);
    }
    Permissions.require(caller, directory.image(), Permissions.EXECUTE);
    if (Names.isDotDot(name)) {
      return found(files.live(parent(directory)), directory);
    }
    if (Names.isSnapshots(key.file(), name)) {
      return new Found(FileKey.SNAPSHOTS, view.top(), directory.attributes());
    }
    long stamp = locks.namespace.readLock();
    try {
      requirePresent(directory);
      DirectoryEntry entry = directory.find(hash.bucket(name), name);
      if (entry == null) {
        throw new FileException(FileError.NOT_FOUND, "no such name");
      }
      return found(files.known(entry.file()), directory);
    } finally {
      locks.namespace.unlockRead(stamp);
    }
  }

  private static Found found(Inode inode, Inode directory) {
    return new Found(FileKey.live(inode.id), inode.attributes(), directory.attributes());
  }

  /** The directory above one; the root is above itself. */
  static long parent(Inode directory) {
    Links links = directory.image().links();
    return links.count() == 0 ? FileKey.ROOT_FILE : links.directory(0);
  }

  private static void requirePresent(Inode directory) {
    if (directory.dropped()) {
      throw new FileException(FileError.STALE, "the directory is gone");
    }
  }

  Listing list(Caller caller, FileKey key, long cookie, int limit) {
    if (limit < 1 || limit > MAX_PAGE) {
      throw new FileException(FileError.INVALID, "a page of " + limit + " entries");
    }
    Inode directory = files.directory(key);
    Permissions.require(caller, directory.image(), Permissions.READ);
    if (cookie < 0) {
      throw new FileException(FileError.BAD_COOKIE, "no entry has a negative cookie");
    }
    List<Entry> page = new ArrayList<>();
    addSynthetic(directory, cookie, limit, page);
    List<DirectoryEntry> names = new ArrayList<>();
    int room = limit - page.size();
    boolean more = scan(directory, cookie, room, names);
    Attributes attributes = directory.attributes();
    for (DirectoryEntry name : names) {
      Inode inode = Attempts.withoutLocks(() -> found(name));
      if (inode != null) {
        page.add(new Entry(name.name(), FileKey.live(inode.id), name.cookie(), inode.attributes()));
      }
    }
    if (page.isEmpty() && more) {
      // Everything on this page was removed meanwhile; what follows is the page.
      return list(caller, key, names.getLast().cookie(), limit);
    }
    return new Listing(page, !more, attributes);
  }

  private @Nullable Inode found(DirectoryEntry name) {
    return inodes.find(name.file());
  }

  private boolean scan(Inode directory, long cookie, int room, List<DirectoryEntry> names) {
    boolean[] more = new boolean[1];
    long after = Math.max(cookie, DirectoryEntry.FIRST_COOKIE - 1);
    long stamp = locks.namespace.readLock();
    try {
      requirePresent(directory);
      directory.scan(
          after,
          entry -> {
            if (names.size() == room) {
              more[0] = true;
              return false;
            }
            names.add(entry);
            return true;
          });
    } finally {
      locks.namespace.unlockRead(stamp);
    }
    return more[0];
  }

  private void addSynthetic(Inode directory, long cookie, int limit, List<Entry> page) {
    if (cookie < DOT) {
      page.add(new Entry(DOT_NAME, FileKey.live(directory.id), DOT, directory.attributes()));
    }
    if (cookie < DOT_DOT && page.size() < limit) {
      Inode parent = files.live(parent(directory));
      page.add(new Entry(DOT_DOT_NAME, FileKey.live(parent.id), DOT_DOT, parent.attributes()));
    }
    if (cookie < SNAPSHOTS && page.size() < limit && directory.id == FileKey.ROOT_FILE) {
      page.add(new Entry(Names.SNAPSHOTS, FileKey.SNAPSHOTS, SNAPSHOTS, view.top()));
    }
  }
}
