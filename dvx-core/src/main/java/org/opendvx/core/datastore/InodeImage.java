package org.opendvx.core.datastore;

import org.jspecify.annotations.Nullable;

/**
 * Everything about a file but its content, at one moment; immutable. Published whole, so that a
 * reader always sees attributes that belong together.
 *
 * @param epoch ownership epoch, 1 at first, higher with each hand-over to another root; negative:
 *     given away at that epoch, so that all of this but type, links and symlink is of the past
 * @param verifier of the EXCLUSIVE creation, null once attributes were set
 * @param subdirectories of a directory
 * @param symlink target of a symbolic link, else empty; never changed
 */
@SuppressWarnings("ArrayRecordComponent") // carried; compared by content in tests only
record InodeImage(
    FileType type,
    int mode,
    int uid,
    int gid,
    long size,
    long device,
    long accessed,
    long modified,
    long changed,
    long epoch,
    @Nullable Long verifier,
    int subdirectories,
    Links links,
    byte[] symlink) {
  /** Reported size and use of a directory in bytes. */
  static final long DIRECTORY_SIZE = 4096;

  private static final byte[] NO_TARGET = {};
  private static final long FIRST_EPOCH = 1;

  /** A new file, directory or special file without names yet. */
  static InodeImage fresh(FileType type, int mode, int uid, int gid, long device, long now) {
    return new InodeImage(
        type,
        mode,
        uid,
        gid,
        type == FileType.DIRECTORY ? DIRECTORY_SIZE : 0,
        device,
        now,
        now,
        now,
        FIRST_EPOCH,
        null,
        0,
        Links.NONE,
        NO_TARGET);
  }

  boolean directory() {
    return type == FileType.DIRECTORY;
  }

  boolean regular() {
    return type == FileType.REGULAR;
  }

  /** Hard links as clients count them. */
  int linkCount() {
    return directory() ? 2 + subdirectories : links.count();
  }

  InodeImage withOwner(int newMode, int newUid, int newGid) {
    return new InodeImage(
        type,
        newMode,
        newUid,
        newGid,
        size,
        device,
        accessed,
        modified,
        changed,
        epoch,
        verifier,
        subdirectories,
        links,
        symlink);
  }

  InodeImage withSize(long newSize) {
    return new InodeImage(
        type,
        mode,
        uid,
        gid,
        newSize,
        device,
        accessed,
        modified,
        changed,
        epoch,
        verifier,
        subdirectories,
        links,
        symlink);
  }

  InodeImage withTimes(long newAccessed, long newModified, long newChanged) {
    return new InodeImage(
        type,
        mode,
        uid,
        gid,
        size,
        device,
        newAccessed,
        newModified,
        newChanged,
        epoch,
        verifier,
        subdirectories,
        links,
        symlink);
  }

  InodeImage withVerifier(@Nullable Long newVerifier) {
    return new InodeImage(
        type,
        mode,
        uid,
        gid,
        size,
        device,
        accessed,
        modified,
        changed,
        epoch,
        newVerifier,
        subdirectories,
        links,
        symlink);
  }

  InodeImage withSubdirectories(int count) {
    return new InodeImage(
        type, mode, uid, gid, size, device, accessed, modified, changed, epoch, verifier, count,
        links, symlink);
  }

  InodeImage withLinks(Links newLinks) {
    return new InodeImage(
        type,
        mode,
        uid,
        gid,
        size,
        device,
        accessed,
        modified,
        changed,
        epoch,
        verifier,
        subdirectories,
        newLinks,
        symlink);
  }

  /** Whether the file belongs to another root now. */
  boolean away() {
    return epoch < 0;
  }

  InodeImage withEpoch(long newEpoch) {
    return new InodeImage(
        type,
        mode,
        uid,
        gid,
        size,
        device,
        accessed,
        modified,
        changed,
        newEpoch,
        verifier,
        subdirectories,
        links,
        symlink);
  }

  InodeImage withSymlink(byte[] target) {
    return new InodeImage(
        type,
        mode,
        uid,
        gid,
        target.length,
        device,
        accessed,
        modified,
        changed,
        epoch,
        verifier,
        subdirectories,
        links,
        target);
  }

  /** After a write or truncation at a moment. */
  InodeImage written(long newSize, long now) {
    return new InodeImage(
        type,
        mode,
        uid,
        gid,
        newSize,
        device,
        accessed,
        now,
        now,
        epoch,
        verifier,
        subdirectories,
        links,
        symlink);
  }

  /**
   * As clients see it.
   *
   * @param file the id to show
   * @param mappedBlocks blocks that are not holes
   * @param readAt a later time of access that is kept in memory only, else 0
   */
  Attributes attributes(long file, long mappedBlocks, long readAt) {
    long used =
        switch (type) {
          case REGULAR -> mappedBlocks * Blocks.SIZE;
          case DIRECTORY -> DIRECTORY_SIZE;
          default -> 0;
        };
    return new Attributes(
        file,
        type,
        mode,
        linkCount(),
        uid,
        gid,
        size,
        used,
        device,
        Math.max(accessed, readAt),
        modified,
        changed);
  }
}
