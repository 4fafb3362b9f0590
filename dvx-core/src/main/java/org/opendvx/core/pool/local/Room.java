package org.opendvx.core.pool.local;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.opendvx.core.pool.ContainerStore;
import org.opendvx.core.pool.PoolStatus;

/**
 * How much room there is on the drives. The room of a drive is what it uses and its share of what
 * its file system has free, measured every now and then; and no more than what is configured.
 */
final class Room {
  /** Kept for records, which may grow when containers have taken all else. */
  private static final long RECORDS_RESERVE = 64L << 20;

  private static final int RECORDS_FRACTION = 64;

  /** Part of the usable bytes that is kept for checkpoints and deletes, between two bounds. */
  private static final int RESERVE_FRACTION = 50;

  private static final long LEAST_RESERVE = 64L << 20;
  private static final int MOST_RESERVE_FRACTION = 8;

  /** Ballast is at most this part of what the pool may use on a drive. */
  private static final int BALLAST_FRACTION = 32;

  private final long configured;
  private final long ballast;

  /** Bytes that the file system of a drive grants it beyond what it uses, as last measured. */
  private final Map<Drive, Measured> measured = new ConcurrentHashMap<>();

  /** Drives that are about to be taken into use, and are measured with the others. */
  private final Set<Drive> joining = ConcurrentHashMap.newKeySet();

  private volatile long journalTarget;

  private record Measured(long free, long usedThen) {}

  /**
   * Room of the drives of a pool.
   *
   * @param configured bytes of each drive at the most, 0: what its file system has
   * @param ballast bytes of each drive that are kept for when others have filled its file system
   */
  Room(long configured, long ballast) {
    this.configured = configured;
    this.ballast = ballast;
  }

  /** Bytes that journals will have on each drive; what they do not have yet is kept for them. */
  void setJournalTarget(long bytes) {
    journalTarget = bytes;
  }

  /**
   * Measures a drive that is about to be taken into use: once it is, it must not count as full.
   *
   * @param inUse the others
   */
  void expect(Drive drive, Collection<Drive> inUse) {
    joining.add(drive);
    measure(inUse);
  }

  /** A drive that was expected is in use now, or will not be. */
  void settled(Drive drive) {
    joining.remove(drive);
  }

  /** Asks file systems what they have free. Waits for each drive at most its limit. */
  void measure(Collection<Drive> inUse) {
    Set<Drive> drives = new LinkedHashSet<>(inUse);
    drives.addAll(joining);
    measured.keySet().retainAll(drives);
    Map<Object, List<Drive>> systems = new HashMap<>();
    Map<Drive, Long> found = new HashMap<>();
    for (DriveGroup.Outcome<Long> outcome :
        DriveGroup.run(
            drives,
            DriveIo.Lane.CONTROL,
            (drive, _) -> {
              synchronized (systems) {
                systems
                    .computeIfAbsent(drive.folder().fileSystem(), _ -> new ArrayList<>())
                    .add(drive);
              }
              return drive.folder().freeBytes();
            })) {
      Long bytes = outcome.value();
      if (bytes != null) {
        found.put(outcome.drive(), bytes);
      }
    }
    synchronized (systems) {
      for (List<Drive> sharing : systems.values()) {
        for (Drive drive : sharing) {
          Long bytes = found.get(drive);
          if (bytes != null) {
            long free = bytes / sharing.size() + drive.ballastBytes().get();
            measured.put(drive, new Measured(free, used(drive)));
          }
        }
      }
    }
  }

  /** Bytes in use by shards and journals. */
  static long used(Drive drive) {
    return drive.shardBytes().get() + drive.journalBytes();
  }

  /** Bytes that the pool may use on a drive in all. */
  long total(Drive drive) {
    Measured last = measured.get(drive);
    if (last == null) {
      return configured > 0 ? configured : used(drive);
    }
    long there = last.usedThen() + last.free();
    return configured > 0 ? Math.min(configured, there) : there;
  }

  /** Bytes that the ballast of a drive has, or is to have again. */
  long ballast(Drive drive) {
    return Math.min(ballast, total(drive) / BALLAST_FRACTION);
  }

  /** Bytes of a drive that containers may have in all. */
  long forShards(Drive drive) {
    long total = total(drive);
    long journal = Math.max(journalTarget, drive.journalBytes());
    long records = Math.min(RECORDS_RESERVE, total / RECORDS_FRACTION);
    return Math.max(0, total - journal - records);
  }

  /** The drives that could take shards. */
  List<Placement.Candidate> candidates(Collection<Drive> drives, Set<Drive> without) {
    List<Placement.Candidate> candidates = new ArrayList<>();
    for (Drive drive : drives) {
      if (!without.contains(drive)) {
        candidates.add(new Placement.Candidate(drive, drive.shardBytes().get(), forShards(drive)));
      }
    }
    return candidates;
  }

  /**
   * Room of the pool.
   *
   * @param inUse the drives
   * @param drives those of them that new shards may go to
   */
  PoolStatus.Capacity capacity(Collection<Drive> inUse, Collection<Drive> drives, int members) {
    if (drives.isEmpty()) {
      return new PoolStatus.Capacity(0, 0, 0, 0);
    }
    StripeShape shape = StripeShape.forDrives(ContainerStore.MAX_LENGTH, drives.size(), members);
    long raw = inUse.stream().mapToLong(this::total).sum();
    long[] whole = new long[drives.size()];
    long[] free = new long[drives.size()];
    long[] kept = new long[drives.size()];
    int i = 0;
    for (Drive drive : drives) {
      whole[i] = forShards(drive);
      free[i] = Math.max(0, whole[i] - drive.shardBytes().get());
      kept[i] = Math.min(free[i], ballast(drive));
      i++;
    }
    long usable = inStripes(whole, shape);
    long reserve =
        Math.max(
            inStripes(kept, shape),
            Math.min(
                usable / MOST_RESERVE_FRACTION,
                Math.max(LEAST_RESERVE, usable / RESERVE_FRACTION)));
    long freeBytes = inStripes(free, shape);
    return new PoolStatus.Capacity(raw, usable, freeBytes, Math.min(reserve, freeBytes));
  }

  /**
   * Container bytes that fit when every stripe takes shards of different drives: the largest column
   * T that {@code width} columns can be filled to while no drive fills more than one of them, that
   * is sum of min(room, T) >= width * T.
   */
  private static long inStripes(long[] room, StripeShape shape) {
    long low = 0;
    long high = Arrays.stream(room).max().orElse(0);
    while (low < high) {
      long column = low + (high - low + 1) / 2;
      long sum = 0;
      for (long bytes : room) {
        sum += Math.min(bytes, column);
      }
      if (sum >= column * Math.min(room.length, shape.shards())) {
        low = column;
      } else {
        high = column - 1;
      }
    }
    double data = (double) shape.shardLength() / shape.fileBytes() * shape.dataShards();
    return (long) (low * data);
  }
}
