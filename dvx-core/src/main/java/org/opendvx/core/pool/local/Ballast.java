package org.opendvx.core.pool.local;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Files on every drive that take room for nothing but this: when another program has filled the
 * file system, they are given up one by one, so that records and checkpoints can be written and
 * containers be deleted. They are made anew once there is room. Their room is no client's: it is
 * part of the reserve. Thread-safe; one thread makes files.
 */
final class Ballast {
  private static final Logger LOG = LoggerFactory.getLogger(Ballast.class);

  /** Files of a drive: one is given up at a time, since others may take what becomes free. */
  private static final int PARTS = 16;

  private static final int PARTS_FOR_RECORDS = 2;

  /** A file is made when the file system has so many times the size of all left. */
  private static final int TIMES_FREE = 4;

  private static final int PIECE = 1 << 20;
  private static final long LOOK_NANOS = TimeUnit.SECONDS.toNanos(5);

  private final MembershipKeeper keeper;
  private final Room room;
  private final boolean wanted;
  private final long makeFrom;

  /** Bytes of the files of every drive that was looked at, by number. */
  private final Map<Drive, NavigableMap<Integer, Long>> parts = new ConcurrentHashMap<>();

  private long lookAt;

  /**
   * Ballast of a pool.
   *
   * @param room says how large it is to be
   * @param settings whether there is to be any, and how long after the start it is made
   */
  Ballast(MembershipKeeper keeper, Room room, DriveCareSettings settings) {
    this.keeper = keeper;
    this.room = room;
    this.wanted = settings.ballast() > 0;
    this.makeFrom = System.nanoTime() + settings.ballastDelay().toNanos();
    this.lookAt = makeFrom;
  }

  /**
   * The same work on several drives, as {@link DriveGroup#run}; where a file system is full, again
   * after some of the drive's ballast was given up. So the work must be one that can be repeated.
   */
  <T> List<DriveGroup.Outcome<T>> run(
      Collection<Drive> drives, DriveIo.Lane lane, DriveGroup.Work<T> work) {
    return run(drives, lane, work, 0);
  }

  /** As {@link #run}, for shards: some is left for records, without which no pool opens. */
  <T> List<DriveGroup.Outcome<T>> runLarge(
      Collection<Drive> drives, DriveIo.Lane lane, DriveGroup.Work<T> work) {
    return run(drives, lane, work, PARTS_FOR_RECORDS);
  }

  private <T> List<DriveGroup.Outcome<T>> run(
      Collection<Drive> drives, DriveIo.Lane lane, DriveGroup.Work<T> work, int keep) {
    List<DriveGroup.Outcome<T>> outcomes = DriveGroup.run(drives, lane, work);
    for (int i = 0; i < PARTS; i++) {
      List<Drive> again = new ArrayList<>();
      for (DriveGroup.Outcome<T> outcome : outcomes) {
        if (outcome.noSpace() && giveUp(outcome.drive(), keep)) {
          again.add(outcome.drive());
        }
      }
      if (again.isEmpty()) {
        return outcomes;
      }
      Map<Drive, DriveGroup.Outcome<T>> better = new HashMap<>();
      for (DriveGroup.Outcome<T> outcome : DriveGroup.run(again, lane, work)) {
        better.put(outcome.drive(), outcome);
      }
      outcomes =
          outcomes.stream().map(outcome -> better.getOrDefault(outcome.drive(), outcome)).toList();
    }
    return outcomes;
  }

  /**
   * Writes the label of a drive, durably and in one step, on a thread of the drive; where the file
   * system is full, again after a file of the ballast was given up. The drive need not be in use.
   */
  static void write(DriveLabel label, Drive drive, DriveIo.Ticket ticket) throws IOException {
    while (true) {
      ticket.check();
      try {
        label.write(drive.folder());
        return;
      } catch (IOException e) {
        if (!IoErrors.isNoSpace(e) || !giveUpLast(drive)) {
          throw e;
        }
      }
    }
  }

  /** Gives up the last file that is there; false when there is none. On a thread of the drive. */
  private static boolean giveUpLast(Drive drive) throws IOException {
    int[] last = {-1};
    try {
      drive
          .folder()
          .list(Layout.BALLAST, name -> last[0] = Math.max(last[0], Layout.ballastOf(name)));
    } catch (NoSuchFileException _) {
      return false;
    }
    if (last[0] < 0) {
      return false;
    }
    drive.folder().delete(Layout.ballast(last[0]));
    drive.ballastGone().add(last[0]);
    drive.folder().forceDirectory(Layout.BALLAST);
    LOG.warn("The file system of {} is full: ballast was given up for its label", drive);
    return true;
  }

  /** Gives a file of a drive up; false when there are no more than are kept. */
  private boolean giveUp(Drive drive, int keep) {
    try {
      NavigableMap<Integer, Long> files = files(drive);
      synchronized (files) {
        if (files.size() <= keep) {
          return false;
        }
        Map.Entry<Integer, Long> last = files.lastEntry();
        int part = last.getKey();
        drive
            .io()
            .call(
                DriveIo.Lane.CONTROL,
                _ -> {
                  drive.folder().delete(Layout.ballast(part));
                  // Some file systems give blocks free with this only.
                  drive.folder().forceDirectory(Layout.BALLAST);
                  return null;
                });
        if (files.size() == PARTS) {
          LOG.warn("The file system of {} is full: what is kept for that is used", drive);
        }
        files.remove(part);
        long _ = drive.ballastBytes().addAndGet(-last.getValue());
        return true;
      }
    } catch (IOException e) {
      LOG.warn("The ballast of {} stays: {}", drive, IoErrors.brief(e));
      return false;
    }
  }

  /** Learns which drives have their files, when the pool opens or a drive is new here. */
  void count(Collection<Drive> drives) {
    for (Drive drive : drives) {
      try {
        NavigableMap<Integer, Long> _ = files(drive);
      } catch (IOException e) {
        LOG.debug("The ballast of {} is not known: {}", drive, IoErrors.brief(e));
      }
    }
    parts.keySet().retainAll(drives);
  }

  private NavigableMap<Integer, Long> files(Drive drive) throws IOException {
    NavigableMap<Integer, Long> known = parts.get(drive);
    if (known != null) {
      forgetGone(drive, known);
      return known;
    }
    drive.ballastGone().clear();
    NavigableMap<Integer, Long> found =
        drive.io().call(DriveIo.Lane.CONTROL, _ -> found(drive.folder()));
    synchronized (parts) {
      known = parts.putIfAbsent(drive, found);
      if (known == null) {
        drive.ballastBytes().set(found.values().stream().mapToLong(Long::longValue).sum());
      }
      return known == null ? found : known;
    }
  }

  private static void forgetGone(Drive drive, NavigableMap<Integer, Long> files) {
    for (int part : drive.ballastGone()) {
      synchronized (files) {
        Long bytes = files.remove(part);
        if (bytes != null) {
          long _ = drive.ballastBytes().addAndGet(-bytes);
        }
      }
      drive.ballastGone().remove(part);
    }
  }

  private static NavigableMap<Integer, Long> found(DriveFolder folder) throws IOException {
    NavigableMap<Integer, Long> found = new TreeMap<>();
    List<String> names = new ArrayList<>();
    try {
      folder.list(Layout.BALLAST, names::add);
    } catch (NoSuchFileException _) {
      return found;
    }
    for (String name : names) {
      int part = Layout.ballastOf(name);
      if (part < 0) {
        folder.delete(Layout.BALLAST + "/" + name);
        continue;
      }
      try (DriveFile file = folder.open(Layout.ballast(part), false)) {
        found.put(part, file.size());
      }
    }
    return found;
  }

  /**
   * Makes a file that is missing, where there is plenty of room.
   *
   * @return whether there was anything to do
   */
  boolean slice() throws InterruptedException {
    long now = System.nanoTime();
    if (!wanted || now - makeFrom < 0 || now - lookAt < 0) {
      return false;
    }
    List<Drive> drives = keeper.view().usable();
    count(drives);
    Courtesy.wait(keeper.view());
    for (Drive drive : drives) {
      try {
        if (make(drive)) {
          return true;
        }
      } catch (IOException e) {
        LOG.debug("The ballast of {} is not made: {}", drive, IoErrors.brief(e));
      }
    }
    lookAt = now + LOOK_NANOS;
    return false;
  }

  /** Makes a file on a drive, if one is missing and there is room. */
  private boolean make(Drive drive) throws IOException {
    NavigableMap<Integer, Long> files = parts.get(drive);
    int bytes = (int) (room.ballast(drive) / PARTS / Layout.BLOCK * Layout.BLOCK);
    if (files == null || bytes == 0) {
      return false;
    }
    int part = 0;
    synchronized (files) {
      while (files.containsKey(part)) {
        part++;
      }
    }
    if (part >= PARTS) {
      return false;
    }
    long free = drive.io().call(DriveIo.Lane.CONTROL, _ -> drive.folder().freeBytes());
    if (free < (long) TIMES_FREE * PARTS * bytes) {
      return false;
    }
    int missing = part;
    try {
      drive
          .io()
          .call(
              DriveIo.Lane.BACKGROUND,
              _ -> {
                write(drive, missing, bytes);
                return null;
              });
    } catch (IOException e) {
      discard(drive, missing);
      throw e;
    }
    synchronized (files) {
      files.put(part, (long) bytes);
      long _ = drive.ballastBytes().addAndGet(bytes);
    }
    return true;
  }

  private static void write(Drive drive, int part, int bytes) throws IOException {
    String name = Layout.ballast(part);
    String temporary = name + Layout.TEMPORARY;
    drive.checkPresent();
    drive.folder().createDirectories(Layout.BALLAST);
    // Where equal or empty blocks take no room, random ones do.
    SplittableRandom random = new SplittableRandom();
    byte[] piece = new byte[Math.min(PIECE, bytes)];
    try (DriveFile file = drive.folder().open(temporary, true)) {
      for (int at = 0; at < bytes; at += piece.length) {
        random.nextBytes(piece);
        file.write(ByteBuffer.wrap(piece, 0, Math.min(piece.length, bytes - at)), at);
      }
      file.force(true);
    }
    drive.folder().rename(temporary, name);
    drive.folder().forceDirectory(Layout.BALLAST);
  }

  private static void discard(Drive drive, int part) {
    try {
      drive
          .io()
          .call(
              DriveIo.Lane.BACKGROUND,
              _ -> {
                drive.folder().delete(Layout.ballast(part) + Layout.TEMPORARY);
                return null;
              });
    } catch (IOException e) {
      LOG.debug("Unfinished ballast stays on {}: {}", drive, IoErrors.brief(e));
    }
  }
}
