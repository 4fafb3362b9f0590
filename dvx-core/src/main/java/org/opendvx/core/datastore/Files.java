package org.opendvx.core.datastore;

/** Finds the live files that operations name. Thread-safe. */
final class Files {
  private final InodeTable inodes;

  Files(InodeTable inodes) {
    this.inodes = inodes;
  }

  /** A live file; STALE when it is gone. */
  Inode live(FileKey key) {
    return live(key.file());
  }

  Inode live(long file) {
    Inode inode = inodes.find(file);
    if (inode == null) {
      throw new FileException(FileError.STALE, "there is no such file any more");
    }
    requireHere(inode);
    return inode;
  }

  /** A live file that may be away: good for its type and its names. */
  Inode known(long file) {
    Inode inode = inodes.find(file);
    if (inode == null) {
      throw new FileException(FileError.STALE, "there is no such file any more");
    }
    return inode;
  }

  /** Refuses to use a file that another root has. */
  static void requireHere(Inode inode) {
    if (inode.away()) {
      throw new FileAwayException(inode.id);
    }
  }

  Inode directory(FileKey key) {
    Inode inode = live(key);
    requireDirectory(inode.image());
    return inode;
  }

  static void requireDirectory(InodeImage image) {
    if (!image.directory()) {
      throw new FileException(FileError.NOT_DIRECTORY, "not a directory");
    }
  }

  static void requireRegular(InodeImage image) {
    if (image.directory()) {
      throw new FileException(FileError.IS_DIRECTORY, "a directory");
    }
    if (!image.regular()) {
      throw new FileException(FileError.INVALID, "not a regular file");
    }
  }

  /** Refuses to change what is in a snapshot, or the directory of snapshots. */
  static void requireChangeable(FileKey key) {
    if (key.frozen() || key.file() == FileKey.SNAPSHOTS_DIRECTORY) {
      throw new FileException(FileError.READ_ONLY, "snapshots are not changed");
    }
  }
}
