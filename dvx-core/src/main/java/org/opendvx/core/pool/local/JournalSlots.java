package org.opendvx.core.pool.local;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The preallocated files of a journal on each drive. They are written full of zeros once, so that
 * appending changes nothing but their bytes, and used again and again. Thread-safe.
 */
final class JournalSlots {
  private static final Logger LOG = LoggerFactory.getLogger(JournalSlots.class);
  private static final int CHUNK = 1 << 20;

  /** Bytes that a drive is expected to zero at least within its usual limit. */
  private static final int SLOWEST = 16 << 20;

  private final String host;
  private final int segmentBytes;
  private final Map<Drive, TreeSet<Integer>> free = new HashMap<>();

  /** The number behind the highest file. */
  private final Map<Drive, Integer> total = new HashMap<>();

  private final Map<Drive, Integer> files = new HashMap<>();
  private volatile boolean stopped;

  JournalSlots(String host, int segmentBytes) {
    this.host = host;
    this.segmentBytes = segmentBytes;
  }

  /**
   * Takes up drives that are new here, and makes files until each has enough.
   *
   * @param used slots that live segments are in, by drive
   */
  void prepare(List<Drive> drives, Map<Integer, Set<Integer>> used, int perDrive) {
    synchronized (this) {
      free.keySet().retainAll(drives);
      total.keySet().retainAll(drives);
      files.keySet().retainAll(drives);
    }
    int limits = 1 + (int) ((long) segmentBytes * perDrive / SLOWEST);
    for (DriveGroup.Outcome<Void> outcome :
        DriveGroup.<Void>run(
            drives,
            DriveIo.Lane.WRITE,
            limits,
            (drive, ticket) -> {
              takeUp(drive, used.getOrDefault(drive.index(), Set.of()));
              for (int slot = nextSlot(drive, perDrive); slot >= 0; ) {
                ticket.check();
                create(drive, slot);
                slot = nextSlot(drive, perDrive);
              }
              return null;
            })) {
      if (outcome.failure() != null) {
        LOG.warn(
            "Journal files on {} are not complete: {}",
            outcome.drive(),
            IoErrors.brief(outcome.failure()));
      }
    }
  }

  private void takeUp(Drive drive, Set<Integer> used) throws IOException {
    synchronized (this) {
      if (free.containsKey(drive)) {
        return;
      }
    }
    String directory = Layout.journalFolder(host);
    drive.folder().createDirectories(directory);
    drive.folder().forceDirectory(Layout.JOURNAL);
    TreeSet<Integer> found = new TreeSet<>();
    List<String> unfinished = new ArrayList<>();
    drive
        .folder()
        .list(
            directory,
            name -> {
              int slot = Layout.slotOf(name);
              if (slot >= 0) {
                found.add(slot);
              } else if (name.endsWith(Layout.TEMPORARY)) {
                unfinished.add(name);
              }
            });
    for (String name : unfinished) {
      drive.folder().delete(directory + "/" + name);
    }
    synchronized (this) {
      drive.journalBytes(host, (long) found.size() * segmentBytes);
      files.put(drive, found.size());
      total.put(drive, found.isEmpty() ? 0 : found.last() + 1);
      found.removeAll(used);
      free.put(drive, found);
    }
  }

  /** Counts the files on a drive that is about to be taken up. */
  void count(Drive drive) throws IOException {
    int[] found = new int[1];
    try {
      drive
          .io()
          .call(
              DriveIo.Lane.READ,
              _ -> {
                drive
                    .folder()
                    .list(
                        Layout.journalFolder(host),
                        name -> found[0] += Layout.slotOf(name) >= 0 ? 1 : 0);
                return null;
              });
    } catch (NoSuchFileException _) {
      found[0] = 0;
    }
    drive.journalBytes(host, (long) found[0] * segmentBytes);
  }

  /** Gives out the number of the next file to make; -1 when the drive has enough. */
  private synchronized int nextSlot(Drive drive, int perDrive) {
    int next = total.getOrDefault(drive, perDrive);
    if (next >= perDrive) {
      return -1;
    }
    total.put(drive, next + 1);
    return next;
  }

  /** A number that was given out and has come to nothing. */
  private synchronized void giveBack(Drive drive, int slot) {
    total.replace(drive, slot + 1, slot);
  }

  /**
   * Makes one more file on every drive that has too few, on the calling thread's time.
   *
   * @return whether any was made
   */
  boolean makeOneEach(List<Drive> drives, int perDrive) {
    int limits = 1 + segmentBytes / SLOWEST;
    boolean any = false;
    for (DriveGroup.Outcome<Boolean> outcome :
        DriveGroup.<Boolean>run(
            drives,
            DriveIo.Lane.WRITE,
            limits,
            (drive, _) -> {
              int slot = nextSlot(drive, perDrive);
              if (slot < 0) {
                return false;
              }
              create(drive, slot);
              return true;
            })) {
      any |= Boolean.TRUE.equals(outcome.value());
      if (outcome.failure() != null && !stopped) {
        LOG.warn(
            "A journal file on {} was not made: {}",
            outcome.drive(),
            IoErrors.brief(outcome.failure()));
      }
    }
    return any && !stopped;
  }

  /** Files that are being made are given up. */
  void stop() {
    stopped = true;
  }

  /** Files may be made again. */
  void resume() {
    stopped = false;
  }

  private void create(Drive drive, int slot) throws IOException {
    boolean made = false;
    try {
      write(drive, slot);
      made = true;
    } finally {
      if (!made) {
        giveBack(drive, slot);
      }
    }
    synchronized (this) {
      TreeSet<Integer> slots = free.get(drive);
      if (slots != null) {
        slots.add(slot);
        drive.journalBytes(host, (long) files.merge(drive, 1, Integer::sum) * segmentBytes);
      }
    }
  }

  private void write(Drive drive, int slot) throws IOException {
    String path = Layout.journalSlot(host, slot);
    String temporary = path + Layout.TEMPORARY;
    ByteBuffer zeros = Buffers.ofThread(Math.min(CHUNK, segmentBytes));
    for (int i = 0; i < zeros.limit(); i++) {
      zeros.put(i, (byte) 0);
    }
    try (DriveFile file = drive.folder().openDirect(temporary, true)) {
      for (int at = 0; at < segmentBytes; at += zeros.limit()) {
        if (stopped) {
          throw new IOException("the journal is being closed");
        }
        zeros.clear().limit(Math.min(zeros.capacity(), Math.min(CHUNK, segmentBytes - at)));
        file.write(zeros, at);
      }
      file.force(true);
    }
    drive.folder().rename(temporary, path);
    drive.folder().forceDirectory(Layout.journalFolder(host));
  }

  synchronized int freeOn(Drive drive) {
    TreeSet<Integer> slots = free.get(drive);
    return slots == null ? 0 : slots.size();
  }

  /** Whether the drive's files are known. */
  synchronized boolean knows(Drive drive) {
    return free.containsKey(drive);
  }

  /**
   * A free file of a drive whose files are known, made if there is none; null when that fails for
   * want of room.
   */
  @Nullable Integer take(Drive drive) throws IOException {
    Integer slot = poll(drive);
    if (slot != null || !knows(drive)) {
      return slot;
    }
    try {
      drive
          .io()
          .call(
              DriveIo.Lane.WRITE,
              _ -> {
                int made = nextSlot(drive, Integer.MAX_VALUE);
                if (made >= 0) {
                  create(drive, made);
                }
                return null;
              });
    } catch (IOException e) {
      if (IoErrors.isNoSpace(e)) {
        return null;
      }
      throw e;
    }
    return poll(drive);
  }

  private synchronized @Nullable Integer poll(Drive drive) {
    TreeSet<Integer> slots = free.get(drive);
    return slots == null ? null : slots.pollFirst();
  }

  /** Gives files back, if their drive is still the same. */
  synchronized void release(List<JournalManifest.Mirror> mirrors, PoolView view) {
    for (JournalManifest.Mirror mirror : mirrors) {
      Drive drive = mirror.on(view);
      TreeSet<Integer> slots = drive == null ? null : free.get(drive);
      if (slots != null) {
        slots.add(mirror.slot());
      }
    }
  }
}
