package org.opendvx.core.pool.local;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.opendvx.core.error.DvxException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes up the shards of a drive that is being taken back. Those of containers that were deleted or
 * put anew meanwhile are of no use: a container that exists has shards on the drives that were
 * believed all the time, so one that has none there is gone.
 *
 * <p>Once the drive is back, one drive more may be lost; a container that would not survive that is
 * given a shard on the returned drive first.
 */
final class DriveRejoin {
  private static final Logger LOG = LoggerFactory.getLogger(DriveRejoin.class);

  private final UUID pool;
  private final Drive drive;
  private final MembershipKeeper keeper;
  private final ContainerIndex index;
  private final Leftovers leftovers;
  private final ContainerReader reader;
  private final GivenUp givenUp;
  private final Membership before;
  private final Set<ShardName> held;
  private final List<ShardName> temporary;
  private final Set<Long> buried;

  /**
   * Takes up a drive.
   *
   * @param found what it has
   * @param before the membership in which it is away
   */
  DriveRejoin(
      UUID pool,
      Drive drive,
      ContainerScan.Found found,
      MembershipKeeper keeper,
      ContainerIndex index,
      Leftovers leftovers,
      ContainerReader reader,
      GivenUp givenUp,
      Membership before) {
    this.pool = pool;
    this.drive = drive;
    this.keeper = keeper;
    this.index = index;
    this.leftovers = leftovers;
    this.reader = reader;
    this.givenUp = givenUp;
    this.before = before;
    this.held = new HashSet<>(found.shards());
    this.temporary = new ArrayList<>(found.temporary());
    this.buried = new HashSet<>(found.tombstones());
  }

  /**
   * Writes what must be on the drive before it counts, and removes, durably, what must not be there
   * any more: once the drive is believed, its shards say which containers exist. Run again when
   * changes are kept out.
   */
  void complete() throws IOException {
    finishPuts();
    removeUseless();
    buryDeleted();
    if (before.members().get(drive.index()).filling()) {
      // Nothing counts on it: its return makes no further loss bearable.
      return;
    }
    PoolView view = keeper.view();
    int needed = view.leastSpare() + (view.uses(drive) ? 0 : 1);
    List<ContainerEntry> thin = new ArrayList<>();
    index.forEach(
        entry -> {
          if (spare(entry, view) < needed) {
            thin.add(entry);
          }
        });
    for (ContainerEntry entry : thin) {
      addShard(entry, view);
    }
  }

  /**
   * When the pool opens, before a membership with the drive is stamped anywhere and before the
   * index is filled: removes, durably, shards of containers that none of the drives knows which are
   * believed. It would not be known any more afterwards that the drive was given up.
   *
   * @throws IOException also when one of the others cannot be listed
   */
  void removeUnknown(Collection<Drive> believed) throws IOException {
    if (held.isEmpty() || !givenUp.is(before, drive.index())) {
      return;
    }
    Set<Long> known = new HashSet<>();
    for (DriveGroup.Outcome<ContainerScan.Found> outcome : ContainerScan.list(believed)) {
      ContainerScan.Found found = outcome.value();
      if (found == null) {
        throw new IOException(
            outcome.drive() + " cannot be listed: " + IoErrors.brief(outcome.failureOrBug()));
      }
      found.shards().forEach(shard -> known.add(shard.containerId()));
      found.temporary().forEach(shard -> known.add(shard.containerId()));
    }
    remove(held.stream().filter(shard -> !known.contains(shard.containerId())).toList());
  }

  /** As {@link #complete}, for a drive that has never had any shard: it gets them later. */
  void completeEmpty() throws IOException {
    buryDeleted();
  }

  private void removeUseless() throws IOException {
    remove(held.stream().filter(shard -> !isOfUse(shard)).toList());
  }

  private void remove(List<ShardName> useless) throws IOException {
    if (useless.isEmpty()) {
      return;
    }
    Set<String> folders = new HashSet<>();
    for (ShardName shard : useless) {
      folders.add(Layout.containerFolder(shard.containerId()));
      drive
          .io()
          .call(
              DriveIo.Lane.WRITE,
              _ -> {
                ShardFiles.removeUnforced(drive, shard);
                return null;
              });
    }
    for (String folder : folders) {
      drive
          .io()
          .call(
              DriveIo.Lane.WRITE,
              _ -> {
                drive.folder().forceDirectory(folder);
                return null;
              });
    }
    useless.forEach(held::remove);
    LOG.info("Removed {} shards of containers that are gone from {}", useless.size(), drive);
  }

  /**
   * Whether the drive's shard may be needed: unless its container was deleted, has the shard
   * already, or is whole from another attempt.
   */
  private boolean isOfUse(ShardName shard) {
    if (leftovers.tombstones().contains(shard.containerId())) {
      return false;
    }
    ContainerEntry entry = index.get(shard.containerId());
    PoolView view = keeper.view();
    if (entry == null) {
      return !givenUp.is(before, drive.index()) || leftovers.get(shard) != null;
    }
    if (entry.sameStripe(shard)) {
      Drive elsewhere = view.drive(entry.drive(shard.shard()));
      return elsewhere == null || elsewhere.equals(drive);
    }
    for (int i = 0; i < entry.shape().shards(); i++) {
      if (view.drive(entry.drive(i)) == null) {
        return true;
      }
    }
    return false;
  }

  /** What was deleted while a drive was away must be known to every believed drive. */
  private void buryDeleted() throws IOException {
    Set<Long> gone = Set.copyOf(leftovers.tombstones());
    if (!buried.containsAll(gone)) {
      drive
          .io()
          .call(
              DriveIo.Lane.WRITE,
              _ -> {
                Graves.store(drive, gone);
                return null;
              });
      buried.addAll(gone);
    }
  }

  /** Puts that got as far as being durable everywhere, but not to the renaming on this drive. */
  private void finishPuts() throws IOException {
    for (ShardName shard : temporary) {
      ContainerEntry entry = index.get(shard.containerId());
      boolean finish = entry != null ? entry.sameStripe(shard) : leftovers.get(shard) != null;
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
      if (finish) {
        held.add(shard);
      }
    }
    temporary.clear();
  }

  /** Shards beyond what reading needs on filled drives, this drive's counted. */
  private int spare(ContainerEntry entry, PoolView view) {
    int here = 0;
    for (int shard = 0; shard < entry.shape().shards(); shard++) {
      if (view.drive(entry.drive(shard)) == null && held.contains(entry.name(shard))) {
        here = 1;
      }
    }
    return entry.spare(view) + here;
  }

  private void addShard(ContainerEntry entry, PoolView view) throws IOException {
    int missing = -1;
    for (int shard = 0; shard < entry.shape().shards(); shard++) {
      if (held.contains(entry.name(shard))) {
        return;
      }
      if (view.drive(entry.drive(shard)) == null) {
        missing = shard;
      }
    }
    if (missing < 0) {
      return;
    }
    ShardName name = entry.name(missing);
    byte[] rebuilt;
    try {
      rebuilt = reader.rebuild(entry, missing, 0, entry.shape().shardLength(), DriveIo.Lane.READ);
    } catch (DvxException e) {
      // Unreadable or deleted: the drive's return does not make it worse.
      LOG.warn("Container {} cannot be completed: {}", entry.id(), e.getMessage());
      return;
    }
    drive
        .io()
        .call(
            DriveIo.Lane.WRITE,
            ticket -> {
              ShardFiles.writeRepaired(ticket, drive, pool, name, rebuilt);
              ticket.check();
              ShardFiles.publishRepaired(drive, name);
              return null;
            });
    held.add(name);
  }

  /** Enters the drive's shards in the index. Changes are kept out. */
  void join() {
    index.clearDrive(drive.index());
    leftovers.clearDrive(drive.index());
    for (ShardName shard : held) {
      ContainerEntry entry = index.get(shard.containerId());
      if (entry == null) {
        joinIncomplete(shard);
      } else if (entry.sameStripe(shard)) {
        index.setDrive(entry, shard.shard(), drive.index());
        account(entry.shape());
      } else {
        // Of another attempt, kept as long as that one lacks shards: it goes with the container.
        ContainerEntry known = leftovers.get(shard);
        ContainerEntry stray =
            known != null
                ? known
                : new ContainerEntry(
                    shard.containerId(), shard.attempt(), shard.shape(), DriveSet.NONE);
        leftovers.put(stray.withDrive(shard.shard(), drive.index()));
        account(shard.shape());
      }
    }
  }

  private void joinIncomplete(ShardName shard) {
    ContainerEntry known = leftovers.get(shard);
    if (known == null) {
      known =
          new ContainerEntry(shard.containerId(), shard.attempt(), shard.shape(), DriveSet.NONE);
    }
    ContainerEntry more = known.withDrive(shard.shard(), drive.index());
    account(more.shape());
    if (more.found() >= more.shape().dataShards()) {
      leftovers.remove(more);
      index.put(more);
    } else {
      leftovers.put(more);
    }
  }

  private void account(StripeShape shape) {
    drive.shards().incrementAndGet();
    drive.shardBytes().addAndGet(shape.fileBytes());
  }
}
