package org.opendvx.core.pool.local;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Builds the index of containers from the names of shard files, and settles what crashes left: puts
 * that were cut short while their shards were renamed are finished, those cut short before are
 * removed, and of several attempts one is kept.
 */
final class ContainerScan {
  private static final Logger LOG = LoggerFactory.getLogger(ContainerScan.class);

  private static final int SCAN_LIMITS = 60;

  private final ContainerIndex index;

  private final Leftovers leftovers;

  /** Attempts other than the one in the index, while drives are being scanned. */
  private final Map<Long, List<ContainerEntry>> rivals = new HashMap<>();

  /** Shards that another drive has as well. */
  private final List<Twice> twice = new ArrayList<>();

  private record Twice(Drive drive, ShardName shard) {}

  ContainerScan(ContainerIndex index, Leftovers leftovers) {
    this.index = index;
    this.leftovers = leftovers;
  }

  /**
   * What a drive has.
   *
   * @param shards those with their final names
   * @param temporary those of puts that did not get there
   * @param tombstones ids of containers that were deleted while a drive was away
   * @param tombstoneFiles those of them that have a file each
   */
  record Found(
      List<ShardName> shards,
      List<ShardName> temporary,
      List<Long> tombstones,
      List<Long> tombstoneFiles) {}

  /** Lists a drive, on one of its threads; other unfinished work is removed. */
  static Found list(DriveFolder folder) throws IOException {
    Found found =
        new Found(
            new ArrayList<>(),
            new ArrayList<>(),
            new ArrayList<>(Graves.read(folder)),
            new ArrayList<>());
    List<String> names = new ArrayList<>();
    for (int i = 0; i < Layout.containerFolders(); i++) {
      names.clear();
      String directory = Layout.containerFolder(i);
      folder.list(directory, names::add);
      for (String name : names) {
        take(folder, directory, name, found);
      }
    }
    return found;
  }

  /** Lists drives, all at once. */
  static List<DriveGroup.Outcome<Found>> list(Collection<Drive> drives) {
    return DriveGroup.run(
        drives, DriveIo.Lane.READ, SCAN_LIMITS, (drive, _) -> list(drive.folder()));
  }

  private static void take(DriveFolder folder, String directory, String name, Found found)
      throws IOException {
    ShardName shard = ShardName.parse(name);
    if (shard != null) {
      found.shards().add(shard);
      return;
    }
    long gone = Layout.tombstoneOf(name);
    if (gone > 0) {
      found.tombstones().add(gone);
      found.tombstoneFiles().add(gone);
    } else if (name.endsWith(Layout.TEMPORARY)) {
      ShardName unfinished =
          ShardName.parse(name.substring(0, name.length() - Layout.TEMPORARY.length()));
      if (unfinished != null) {
        found.temporary().add(unfinished);
      } else {
        folder.delete(directory + "/" + name);
      }
    }
  }

  /**
   * Scans all drives and fills the index.
   *
   * @param complete whether every member is among them; only then, and if all could be listed, is
   *     what nobody can read removed
   * @return drives that could not be scanned
   */
  List<DriveGroup.Outcome<Found>> run(Collection<Drive> drives, boolean complete) {
    List<DriveGroup.Outcome<Found>> outcomes = list(drives);
    for (DriveGroup.Outcome<Found> outcome : outcomes) {
      if (outcome.value() != null) {
        leftovers.tombstones().addAll(outcome.value().tombstones());
        leftovers.tombstoneFiles().addAll(outcome.value().tombstoneFiles());
        for (ShardName shard : outcome.value().shards()) {
          enter(shard, outcome.drive());
        }
      }
    }
    for (DriveGroup.Outcome<Found> outcome : outcomes) {
      if (outcome.value() != null) {
        finishPuts(outcome.drive(), outcome.value().temporary());
      }
    }
    Map<Integer, Drive> byIndex = new HashMap<>();
    for (Drive drive : drives) {
      byIndex.put(drive.index(), drive);
    }
    // A drive that could not be listed may hold what the others lack.
    boolean whole = complete && outcomes.stream().allMatch(DriveGroup.Outcome::ok);
    removeTwice();
    chooseAttempts(byIndex, whole);
    removeDeleted(byIndex);
    setAside(byIndex, whole);
    index.forEach(entry -> count(entry, byIndex));
    leftovers.all().forEach(entry -> count(entry, byIndex));
    return outcomes.stream().filter(outcome -> !outcome.ok()).toList();
  }

  private void enter(ShardName shard, Drive drive) {
    ContainerEntry entry = entryOf(shard);
    if (entry != null && entry.drive(shard.shard()) != DriveSet.ABSENT) {
      // It was being moved when the process ended.
      twice.add(new Twice(drive, shard));
      return;
    }
    if (entry != null) {
      replace(entry, entry.withDrive(shard.shard(), drive.index()));
      return;
    }
    ContainerEntry fresh =
        new ContainerEntry(shard.containerId(), shard.attempt(), shard.shape(), DriveSet.NONE)
            .withDrive(shard.shard(), drive.index());
    if (index.get(shard.containerId()) == null) {
      index.put(fresh);
    } else {
      rivals.computeIfAbsent(shard.containerId(), _ -> new ArrayList<>()).add(fresh);
    }
  }

  /** The entry of a shard's attempt, in the index or among the rivals. */
  private @Nullable ContainerEntry entryOf(ShardName shard) {
    ContainerEntry entry = index.get(shard.containerId());
    if (entry == null || entry.sameStripe(shard)) {
      return entry;
    }
    for (ContainerEntry rival : rivals.getOrDefault(shard.containerId(), List.of())) {
      if (rival.sameStripe(shard)) {
        return rival;
      }
    }
    return null;
  }

  private void replace(ContainerEntry old, ContainerEntry fresh) {
    List<ContainerEntry> others = rivals.get(old.id());
    if (others == null || !others.remove(old)) {
      index.put(fresh);
    } else {
      others.add(fresh);
    }
  }

  private void finishPuts(Drive drive, List<ShardName> temporary) {
    for (ShardName shard : temporary) {
      ContainerEntry entry = entryOf(shard);
      boolean finish = entry != null && entry.drive(shard.shard()) == DriveSet.ABSENT;
      try {
        drive
            .io()
            .call(
                DriveIo.Lane.WRITE,
                _ -> {
                  if (finish) {
                    ShardFiles.publish(drive, shard);
                  } else {
                    drive.folder().delete(shard.temporaryPath());
                  }
                  return null;
                });
        if (entry != null && finish) {
          LOG.info("Finished the put of container {} on {}", shard.containerId(), drive);
          replace(entry, entry.withDrive(shard.shard(), drive.index()));
        }
      } catch (IOException e) {
        LOG.warn("An unfinished shard stays on {}: {}", drive, IoErrors.brief(e));
      }
    }
  }

  private void removeTwice() {
    for (Twice second : twice) {
      ContainerEntry only =
          new ContainerEntry(
                  second.shard().containerId(),
                  second.shard().attempt(),
                  second.shard().shape(),
                  DriveSet.NONE)
              .withDrive(second.shard().shard(), second.drive().index());
      removeShards(only, Map.of(second.drive().index(), second.drive()));
    }
    twice.clear();
  }

  /**
   * Keeps of each container the attempt with the most shards. The others are removed, unless none
   * can be read yet and drives are missing, which may complete any of them.
   */
  private void chooseAttempts(Map<Integer, Drive> drives, boolean whole) {
    rivals.forEach(
        (id, others) -> {
          ContainerEntry best = index.get(id);
          List<ContainerEntry> all = new ArrayList<>(others);
          if (best != null) {
            all.add(best);
          }
          for (ContainerEntry entry : all) {
            if (best == null || rank(entry) > rank(best)) {
              best = entry;
            }
          }
          if (best != null) {
            index.put(best);
          }
          boolean settled = whole || (best != null && rank(best) >= 0);
          for (ContainerEntry entry : all) {
            if (entry.equals(best)) {
              continue;
            }
            if (settled) {
              removeShards(entry, drives);
            } else {
              leftovers.put(entry);
            }
          }
        });
    rivals.clear();
  }

  /** Complete before readable before unreadable; in each, the more shards to spare the better. */
  private static int rank(ContainerEntry entry) {
    int missing = entry.shape().shards() - entry.found();
    int spare = entry.found() - entry.shape().dataShards();
    return missing == 0 ? 1000 : spare;
  }

  private void removeDeleted(Map<Integer, Drive> drives) {
    for (long id : leftovers.tombstones()) {
      ContainerEntry entry = index.remove(id);
      if (entry != null) {
        removeShards(entry, drives);
      }
    }
  }

  private void setAside(Map<Integer, Drive> drives, boolean complete) {
    List<ContainerEntry> unreadable = new ArrayList<>();
    index.forEach(
        entry -> {
          if (entry.found() < entry.shape().dataShards()) {
            unreadable.add(entry);
          }
        });
    for (ContainerEntry entry : unreadable) {
      index.remove(entry.id());
      if (complete) {
        LOG.info("Removing what is left of container {}, which was never complete", entry.id());
        removeShards(entry, drives);
      } else {
        leftovers.put(entry);
      }
    }
  }

  static void removeShards(ContainerEntry entry, Map<Integer, Drive> drives) {
    for (int shard = 0; shard < entry.shape().shards(); shard++) {
      Drive drive = drives.get(entry.drive(shard));
      if (drive == null) {
        continue;
      }
      ShardName name = entry.name(shard);
      try {
        drive
            .io()
            .call(
                DriveIo.Lane.WRITE,
                _ -> {
                  ShardFiles.remove(drive, name);
                  return null;
                });
      } catch (IOException e) {
        LOG.warn("A useless shard stays on {}: {}", drive, IoErrors.brief(e));
      }
    }
  }

  static void count(ContainerEntry entry, Map<Integer, Drive> drives) {
    for (int shard = 0; shard < entry.shape().shards(); shard++) {
      Drive drive = drives.get(entry.drive(shard));
      if (drive != null) {
        drive.shards().incrementAndGet();
        drive.shardBytes().addAndGet(entry.shape().fileBytes());
      }
    }
  }
}
