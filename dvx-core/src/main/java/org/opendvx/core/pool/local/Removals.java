package org.opendvx.core.pool.local;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Lock;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Removes shards from drives, and knows those that could not be removed: while a shard's file is
 * there it is counted and known, in the index or among the leftovers. Thread-safe.
 */
final class Removals {
  private static final Logger LOG = LoggerFactory.getLogger(Removals.class);

  private final MembershipKeeper keeper;
  private final Ballast ballast;
  private final ContainerIndex index;
  private final Leftovers leftovers;
  private final ShardCache cache;
  private final Stripes stripes;
  private final Graves graves;
  private final Lock gate;

  Removals(
      MembershipKeeper keeper,
      Ballast ballast,
      ContainerIndex index,
      Leftovers leftovers,
      ShardCache cache,
      Stripes stripes,
      Graves graves,
      Lock gate) {
    this.keeper = keeper;
    this.ballast = ballast;
    this.index = index;
    this.leftovers = leftovers;
    this.cache = cache;
    this.stripes = stripes;
    this.graves = graves;
    this.gate = gate;
  }

  /**
   * Removes what other writings of a container left on the drives in use; what cannot be removed
   * stays known. The caller holds the container's monitor, or has just put it.
   */
  void forgetLeftovers(long containerId) {
    ContainerEntry live = index.get(containerId);
    List<DriveGroup.Outcome<Void>> outcomes = new ArrayList<>();
    for (ContainerEntry leftover : leftovers.of(containerId)) {
      Removed removed = remove(live == null ? leftover : useless(leftover, live));
      leftovers.remove(leftover);
      keepLeftover(removed.rest());
      outcomes.addAll(removed.outcomes());
    }
    judge(containerId, outcomes);
  }

  /** Notes the shards of it that drives in use have. */
  void keepLeftover(ContainerEntry rest) {
    PoolView view = keeper.view();
    ContainerEntry here = rest;
    for (int shard = 0; shard < rest.shape().shards(); shard++) {
      if (view.drive(rest.drive(shard)) == null) {
        here = here.withDrive(shard, DriveSet.ABSENT);
      }
    }
    if (here.found() > 0) {
      leftovers.add(here);
    }
  }

  /** A drive that went and came back may have brought a shard back into use that was left over. */
  private static ContainerEntry useless(ContainerEntry leftover, ContainerEntry live) {
    ContainerEntry useless = leftover;
    for (int shard = 0; shard < leftover.shape().shards(); shard++) {
      int drive = leftover.drive(shard);
      if (drive != DriveSet.ABSENT
          && live.sameStripe(leftover.name(shard))
          && live.drive(shard) == drive) {
        useless = useless.withDrive(shard, DriveSet.ABSENT);
      }
    }
    return useless;
  }

  /** Notes on all drives that a container is gone, since one that is away may have shards of it. */
  void bury(long containerId) {
    graves.bury(containerId, outcomes -> judge(containerId, outcomes));
    keeper.requireServing();
  }

  void judge(long containerId, List<DriveGroup.Outcome<Void>> outcomes) {
    for (DriveGroup.Outcome<Void> outcome : outcomes) {
      if (outcome.broken() && outcome.failure() != null) {
        keeper.shutOut(
            outcome.drive(), "a shard was not removed: " + IoErrors.brief(outcome.failure()));
      }
    }
    if (outcomes.stream().anyMatch(DriveGroup.Outcome::noSpace)) {
      throw DvxException.of(Kind.NO_SPACE, "A drive has no room to remove a shard")
          .cause("Some file systems need room even to delete")
          .remedy("Free room on the drives' file systems")
          .detail("container", containerId)
          .build();
    }
  }

  /** Removes what is left of a container that was written once more; now or later. */
  void removeOld(ContainerEntry entry) {
    Removed removed = remove(entry);
    keepLeftover(removed.rest());
    judge(entry.id(), removed.outcomes());
  }

  /** Notes that a shard is on a drive besides where the index says: it goes with the container. */
  void leaveBehind(ContainerEntry entry, int shard, Drive drive) {
    leftovers.add(
        new ContainerEntry(entry.id(), entry.attempt(), entry.shape(), DriveSet.NONE)
            .withDrive(shard, drive.index()));
  }

  /** Whether a shard of the container is somewhere besides where the index says. */
  boolean hasLeftBehind(ContainerEntry entry) {
    return leftovers.get(entry.name(0)) != null;
  }

  /** Whether there are containers that only drives which are away could complete. */
  boolean lacksContainers() {
    PoolView view = keeper.view();
    int away = view.membership().size() - view.usable().size();
    return leftovers.all().stream()
        .anyMatch(
            entry ->
                index.get(entry.id()) == null
                    && !leftovers.isDoomed(entry.id())
                    && entry.found() + away >= entry.shape().dataShards());
  }

  /**
   * What came of removing a container's shards.
   *
   * @param rest the container without those that were removed
   */
  record Removed(ContainerEntry rest, List<DriveGroup.Outcome<Void>> outcomes) {}

  Removed remove(ContainerEntry entry) {
    PoolView view = keeper.view();
    List<Drive> holders = new ArrayList<>();
    for (int shard = 0; shard < entry.shape().shards(); shard++) {
      cache.forget(entry.name(shard));
      Drive drive = view.drive(entry.drive(shard));
      if (drive != null) {
        holders.add(drive);
      }
    }
    List<DriveGroup.Outcome<Void>> outcomes =
        ballast.run(
            holders,
            DriveIo.Lane.WRITE,
            (drive, _) -> {
              drive.checkPresent();
              ShardFiles.remove(drive, entry.name(shardOn(entry, drive)));
              return null;
            });
    ContainerEntry rest = entry;
    for (DriveGroup.Outcome<Void> outcome : outcomes) {
      if (outcome.ok()) {
        rest = rest.withDrive(shardOn(entry, outcome.drive()), DriveSet.ABSENT);
        outcome.drive().shards().decrementAndGet();
        outcome.drive().shardBytes().addAndGet(-entry.shape().fileBytes());
      }
    }
    return new Removed(rest, outcomes);
  }

  private static int shardOn(ContainerEntry entry, Drive drive) {
    return DriveSet.shardOn(entry.drives(), entry.shape().shards(), drive.index());
  }

  /** Removes what other writings of a container left, as far as that is possible now. */
  void tidy(long containerId) {
    try {
      synchronized (stripes.of(containerId)) {
        forgetLeftovers(containerId);
      }
    } catch (DvxException e) {
      LOG.debug("Shards of container {} stay for now: {}", containerId, e.getMessage());
    }
  }

  /**
   * Removes shards that drives in use have besides where the index says, as when they could not be
   * removed before. On a background thread.
   *
   * @return whether any such shard is gone now
   */
  boolean removeStrays() {
    if (leftovers.isEmpty()) {
      return false;
    }
    gate.lock();
    try {
      if (keeper.view().failed()) {
        return false;
      }
      boolean any = false;
      for (ContainerEntry stray : leftovers.all()) {
        synchronized (stripes.of(stray.id())) {
          ContainerEntry live = index.get(stray.id());
          boolean useless =
              live == null
                  ? leftovers.isDoomed(stray.id())
                  : isReadable(live) && !adopt(live, stray);
          if (useless) {
            tidy(stray.id());
          }
          any |= leftovers.get(stray.name(0)) == null;
        }
      }
      return any;
    } finally {
      gate.unlock();
    }
  }

  private boolean isReadable(ContainerEntry entry) {
    return entry.shape().shards() - Mender.missing(entry, keeper.view()).size()
        >= entry.shape().dataShards();
  }

  /**
   * Takes a shard that was moved back into use when the drive it was moved to is lost.
   *
   * @return whether it was: then it must stay
   */
  private boolean adopt(ContainerEntry live, ContainerEntry stray) {
    PoolView view = keeper.view();
    boolean any = false;
    ContainerEntry rest = stray;
    for (int shard = 0; shard < stray.shape().shards(); shard++) {
      int drive = stray.drive(shard);
      if (live.sameStripe(stray.name(shard))
          && view.drive(drive) != null
          && view.drive(live.drive(shard)) == null
          && DriveSet.shardOn(live.drives(), live.shape().shards(), drive) < 0
          && index.setDrive(live, shard, drive)) {
        rest = rest.withDrive(shard, DriveSet.ABSENT);
        any = true;
      }
    }
    if (any) {
      leftovers.remove(stray);
      keepLeftover(rest);
    }
    return any;
  }
}
