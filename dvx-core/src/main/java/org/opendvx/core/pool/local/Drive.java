package org.opendvx.core.pool.local;

import java.io.Closeable;
import java.io.IOException;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A drive in use: its folder, its threads, its lock, and what is counted about it. A drive that was
 * lost and comes back is a new object. Thread-safe.
 */
final class Drive {
  private static final Logger LOG = LoggerFactory.getLogger(Drive.class);

  private final int index;
  private final UUID id;
  private final DriveFolder folder;
  private final DriveIo io;
  private final Closeable lock;
  private final Object lockIdentity;
  private final AtomicLong shardBytes = new AtomicLong();
  private final AtomicLong shards = new AtomicLong();
  private final Map<String, Long> journalBytes = new ConcurrentHashMap<>();
  private final AtomicLong ballastBytes = new AtomicLong();
  private final Set<Integer> ballastGone = ConcurrentHashMap.newKeySet();
  private final AtomicInteger readErrors = new AtomicInteger();
  private final AtomicInteger badShards = new AtomicInteger();

  Drive(int index, UUID id, DriveFolder folder, DriveIo io, Closeable lock, Object lockIdentity) {
    this.index = index;
    this.id = id;
    this.folder = folder;
    this.io = io;
    this.lock = lock;
    this.lockIdentity = lockIdentity;
  }

  int index() {
    return index;
  }

  UUID id() {
    return id;
  }

  DriveFolder folder() {
    return folder;
  }

  DriveIo io() {
    return io;
  }

  /** Bytes of shard files, rounded up to blocks. */
  AtomicLong shardBytes() {
    return shardBytes;
  }

  AtomicLong shards() {
    return shards;
  }

  /** Bytes of preallocated journal files, of all hosts. */
  long journalBytes() {
    return journalBytes.values().stream().mapToLong(Long::longValue).sum();
  }

  /** Notes the bytes of a host's journal files. */
  void journalBytes(String host, long bytes) {
    journalBytes.put(host, bytes);
  }

  /** Bytes of the file that is given up when the file system is full. */
  AtomicLong ballastBytes() {
    return ballastBytes;
  }

  /** Files of the ballast that were given up for a label, until {@link Ballast} knows. */
  Set<Integer> ballastGone() {
    return ballastGone;
  }

  /** Shards that were found damaged or gone since the drive was taken into use. */
  AtomicInteger badShards() {
    return badShards;
  }

  /** Reads that failed since the drive was taken into use. */
  AtomicInteger readErrors() {
    return readErrors;
  }

  /**
   * Fails unless the folder is still the one that we locked. An open file goes on working after its
   * folder was renamed away or its mount point covered; bytes written then would be missing when
   * the pool is opened again. Called on a thread of the drive.
   */
  void checkPresent() throws IOException {
    if (!lockIdentity.equals(folder.identity(Layout.LOCK))) {
      throw new IOException("another folder is in its place");
    }
  }

  /** Ends the threads and gives the lock back; work that hangs keeps its thread. */
  void close() {
    io.close();
    try {
      lock.close();
    } catch (IOException e) {
      LOG.warn("The lock of drive {} at {} was not released", index, folder.root(), e);
    }
  }

  @Override
  public String toString() {
    return "drive " + index + " (" + folder.root() + ")";
  }
}
