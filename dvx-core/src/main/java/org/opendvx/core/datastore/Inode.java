package org.opendvx.core.datastore;

import java.util.List;
import java.util.concurrent.locks.StampedLock;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.InodeTable.FrozenInode;
import org.opendvx.core.tree.BlockMap;
import org.opendvx.core.tree.FrozenTree;
import org.opendvx.core.tree.RecordTree;
import org.opendvx.core.tree.RootRef;
import org.opendvx.core.tree.TreeIo;

/**
 * A live file in memory. There is one object of an id at a time.
 *
 * <p>Attributes may be read by anybody at any time. They and the block map change under {@link
 * #lock} held exclusively; block maps are read under it shared. The entries of a directory are
 * guarded by the lock of the namespace instead.
 */
final class Inode {
  private static final int READS_A_CHECK = 256;
  private static final int USES_A_TOUCH = 63;

  final long id;
  final StampedLock lock = new StampedLock();
  private final @Nullable BlockMap blocks;
  private final @Nullable RecordTree entries;
  private volatile InodeImage image;
  private volatile long mapped;
  private volatile long readAt;
  private volatile boolean dropped;

  /** Whether it is on its way to or from another root, so that nobody may use it. */
  private volatile boolean moving;

  /** What a checkpoint is to write, and which one; guarded by the cut lock and {@link #lock}. */
  private @Nullable FrozenInode frozen;

  private long frozenFor;
  private volatile long lastLsn;

  /** Look-ups; a lost count does no harm. */
  private int uses;

  /** Reads until the clock is looked at again; a lost count does no harm. */
  private int readsToCheck;

  /** A file as a record of the inode table describes it. */
  Inode(long id, InodeImage image, RootRef content, TreeIo io) {
    this.id = id;
    this.image = image;
    this.blocks = image.regular() ? BlockMap.open(io, content) : null;
    this.entries = image.directory() ? RecordTree.open(io, content) : null;
    this.mapped = image.regular() ? content.count() : 0;
  }

  InodeImage image() {
    return image;
  }

  /** Whether the file is gone; the object stays until the next checkpoint as a reminder. */
  boolean dropped() {
    return dropped;
  }

  /** Whether another root has the file, or may have it soon. */
  boolean away() {
    return moving || image.away();
  }

  /** Stops or starts its use; who stops it holds {@link #lock} exclusively. */
  void moving(boolean now) {
    moving = now;
  }

  /** Attributes now. */
  Attributes attributes() {
    return image.attributes(id, mapped, readAt);
  }

  /** The record of the last write in this process. */
  long lastLsn() {
    return lastLsn;
  }

  void written(long lsn) {
    lastLsn = lsn;
  }

  /** Whether it was found so often that it should be kept in memory for longer. */
  boolean inUseAgain() {
    return (++uses & USES_A_TOUCH) == 0;
  }

  /** Notes a read in memory, as often as relatime would. */
  void noteRead(WallClock clock, long interval) {
    InodeImage current = image;
    long last = Math.max(current.accessed(), readAt);
    if (last <= current.modified() || last <= current.changed()) {
      readAt = clock.now();
    } else if (--readsToCheck <= 0) {
      readsToCheck = READS_A_CHECK;
      long now = clock.now();
      if (now - last > interval) {
        readAt = now;
      }
    }
  }

  void set(InodeImage next) {
    if (next.accessed() != image.accessed()) {
      readAt = 0;
    }
    image = next;
  }

  /** The image with the time of access that is kept in memory only. */
  InodeImage imageToStore() {
    InodeImage current = image;
    long read = readAt;
    return read <= current.accessed()
        ? current
        : current.withTimes(read, current.modified(), current.changed());
  }

  void drop() {
    dropped = true;
  }

  /** The block map of a regular file. */
  BlockMap blocks() {
    if (blocks == null) {
      throw new IllegalStateException("file " + id + " has no blocks");
    }
    return blocks;
  }

  void blocksChanged() {
    mapped = blocks().count();
  }

  /** Keeps attributes and content as they are now for a checkpoint, unless that was done. */
  void freezeFor(long generation) {
    if (frozenFor != generation) {
      frozenFor = generation;
      frozen = new FrozenInode(this, imageToStore(), dropped ? null : freeze());
    }
  }

  /** What was kept for a checkpoint. */
  FrozenInode takeFrozen(long generation) {
    FrozenInode taken = frozen;
    if (taken == null || frozenFor != generation) {
      throw new IllegalStateException("file " + id + " was not frozen");
    }
    frozen = null;
    return taken;
  }

  /** The content as it is now; O(1). */
  FrozenTree freeze() {
    if (blocks != null) {
      return blocks.freeze();
    }
    return entries != null ? entries.freeze() : FrozenTree.of(RootRef.EMPTY);
  }

  /** The names of a bucket. */
  List<DirectoryEntry> bucket(long bucket) {
    return EntryBucket.decode(bucket, entries().get(bucket));
  }

  @Nullable DirectoryEntry find(long bucket, byte[] name) {
    return EntryBucket.find(bucket(bucket), name);
  }

  /** The entry with a cookie, null when there is none. */
  @Nullable DirectoryEntry entry(long cookie) {
    for (DirectoryEntry entry : bucket(DirectoryEntry.bucket(cookie))) {
      if (entry.cookie() == cookie) {
        return entry;
      }
    }
    return null;
  }

  void putEntry(DirectoryEntry entry) {
    long bucket = DirectoryEntry.bucket(entry.cookie());
    entries().put(bucket, EntryBucket.encode(EntryBucket.with(bucket(bucket), entry)));
  }

  void removeEntry(long cookie) {
    long bucket = DirectoryEntry.bucket(cookie);
    List<DirectoryEntry> rest = EntryBucket.without(bucket(bucket), cookie);
    if (rest.isEmpty()) {
      entries().remove(bucket);
    } else {
      entries().put(bucket, EntryBucket.encode(rest));
    }
  }

  boolean hasEntries() {
    return entries().count() > 0;
  }

  /** Visits entries with cookies above one, ascending, until told to stop. */
  void scan(long afterCookie, EntryVisitor visitor) {
    entries()
        .scan(
            DirectoryEntry.bucket(afterCookie),
            (bucket, record) -> {
              for (DirectoryEntry entry : EntryBucket.decode(bucket, record)) {
                if (entry.cookie() > afterCookie && !visitor.entry(entry)) {
                  return false;
                }
              }
              return true;
            });
  }

  private RecordTree entries() {
    if (entries == null) {
      throw new IllegalStateException("file " + id + " has no entries");
    }
    return entries;
  }

  /** Receives directory entries. */
  @FunctionalInterface
  interface EntryVisitor {
    /** One entry; tells whether to go on. */
    boolean entry(DirectoryEntry entry);
  }
}
