package org.opendvx.core.datastore;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.Change.InodeDrop;
import org.opendvx.core.datastore.Change.InodeMake;
import org.opendvx.core.datastore.Change.InodePut;
import org.opendvx.core.datastore.Change.RequestDone;
import org.opendvx.core.log.ChunkLog.WriteBatch;

/**
 * Changes that happen together or not at all: one journal record. Holds the cut lock (shared) and
 * the locks of the files that change until it is closed. Confined to one thread.
 *
 * <p>Who changes more than one file holds the namespace's lock exclusively, so that two
 * transactions never wait for each other's files.
 */
final class Transaction implements AutoCloseable {
  private final Transactions transactions;
  private final Caller caller;
  private final long cutStamp;
  private final long now;
  private final Map<Inode, Long> locked = new LinkedHashMap<>(4);
  private final Map<Inode, InodeImage> images = new LinkedHashMap<>(4);
  private final List<Change> first = new ArrayList<>(2);
  private final List<Change> entries = new ArrayList<>(4);
  private final List<Long> dropped = new ArrayList<>(1);
  private long created;

  Transaction(Transactions transactions, Caller caller) {
    this.transactions = transactions;
    this.caller = caller;
    this.cutStamp = transactions.locks().cut.readLock();
    this.now = transactions.clock().now();
  }

  /** The time of all changes in it. */
  long now() {
    return now;
  }

  Caller caller() {
    return caller;
  }

  /** Locks a live file for changing it. */
  Inode lock(Inode inode) {
    if (!locked.containsKey(inode)) {
      locked.put(inode, inode.lock.writeLock());
      if (inode.dropped()) {
        throw new FileException(FileError.STALE, "the file is gone");
      }
      Files.requireHere(inode);
    }
    return inode;
  }

  /** A locked file's attributes, with the changes of this transaction. */
  InodeImage image(Inode inode) {
    InodeImage changed = images.get(inode);
    return changed != null ? changed : inode.image();
  }

  /** Sets a locked file's attributes. */
  void put(Inode inode, InodeImage image) {
    images.put(lock(inode), image);
  }

  /** Makes a file. */
  void make(long file, InodeImage image) {
    first.add(new InodeMake(file, image));
  }

  /** Drops a locked file. */
  void drop(Inode inode) {
    images.remove(lock(inode));
    dropped.add(inode.id);
  }

  /** Adds a change of content or of entries. */
  void add(Change change) {
    entries.add(change);
  }

  /** Notes what the outcome of the request is. */
  void created(long file) {
    this.created = file;
  }

  /**
   * Appends the record and applies the changes. Files are made first, dropped last.
   *
   * @param chunks new chunks that the changes refer to, null when there are none
   * @return the record's LSN
   */
  long commit(@Nullable WriteBatch chunks) {
    List<Change> changes = new ArrayList<>(first.size() + entries.size() + images.size() + 2);
    changes.addAll(first);
    changes.addAll(entries);
    images.forEach((inode, image) -> changes.add(new InodePut(inode.id, image)));
    dropped.forEach(file -> changes.add(new InodeDrop(file)));
    RequestTag tag = caller.request();
    if (tag != null) {
      changes.add(new RequestDone(tag, created, now));
    }
    return transactions.commit(changes, chunks);
  }

  @Override
  public void close() {
    locked.forEach((inode, stamp) -> inode.lock.unlockWrite(stamp));
    transactions.locks().cut.unlockRead(cutStamp);
  }
}
