package org.opendvx.core.pool.local;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Drives that come and go for good: replaced, added, removed. Why none of this can roll back what
 * was acknowledged: docs/formats/drive.md. Thread-safe; one change at a time.
 */
final class DriveChanges {
  private static final Logger LOG = LoggerFactory.getLogger(DriveChanges.class);

  /** Fewer drives have less parity, or fewer copies of the journal. */
  private static final int LEAST_DRIVES = 3;

  private final UUID pool;
  private final long created;
  private final LocalPoolConfig config;
  private final DriveRoots roots;
  private final MembershipKeeper keeper;
  private final LocalContainerStore containers;
  private final Journals journals;
  private final DriveWatch watch;
  private final DriveFinder finder;

  /** Identities of drives that are being removed, whose labels are taken off in the end. */
  private final Map<Integer, UUID> leaving = new HashMap<>();

  DriveChanges(
      UUID pool,
      long created,
      LocalPoolConfig config,
      DriveRoots roots,
      MembershipKeeper keeper,
      LocalContainerStore containers,
      Journals journals,
      DriveWatch watch) {
    this.pool = pool;
    this.created = created;
    this.config = config;
    this.roots = roots;
    this.keeper = keeper;
    this.containers = containers;
    this.journals = journals;
    this.watch = watch;
    this.finder = new DriveFinder(config);
  }

  /** See {@link DriveCare#replace}. */
  void replace(int index, Path folder) {
    synchronized (watch) {
      Member member = member(keeper.requireServing(), index);
      if (member.active()) {
        throw conflict(
            "The drive is in use",
            "Only a drive that is lost can be replaced",
            "Remove it, or pull it first");
      }
      requireNothingOnlyThere(index);
      requireMirrors();
      join(folder, index, true);
    }
  }

  /** See {@link DriveCare#add}. */
  int add(Path folder) {
    synchronized (watch) {
      PoolView view = keeper.requireServing();
      Membership membership = view.membership();
      if (!view.complete()) {
        throw conflict(
            "A drive can be added only while all others are in use",
            "Drives are missing: " + view.reasons(),
            "Bring them back, replace or remove them first");
      }
      if (membership.size() < LEAST_DRIVES) {
        throw conflict(
            "A pool of " + membership.size() + " drives cannot grow",
            "What it holds was written with less parity than more drives have",
            "Make a new pool of at least three drives, and copy");
      }
      if (membership.freePlace() >= Membership.MAX_DRIVES) {
        throw conflict(
            "The pool has as many drives as there can be",
            Membership.MAX_DRIVES + " is the most",
            "Use larger drives");
      }
      if (membership.hasFilling()
          || containers.redundancy().leastSpare() < Quorum.tolerated(membership.size() + 1)) {
        throw conflict(
            "Containers lack shards",
            "With a drive more, more may be lost than they survive",
            "Wait for the rebuild to end");
      }
      requireMirrors();
      int index = membership.freePlace();
      join(folder, index, false);
      return index;
    }
  }

  /** See {@link DriveCare#remove}: from now on the drive is emptied. */
  void remove(int index) {
    synchronized (watch) {
      PoolView view = keeper.requireServing();
      Member member = member(view, index);
      if (view.membership().size() <= LEAST_DRIVES) {
        throw conflict(
            "The drive cannot be removed",
            "A pool of fewer than three drives does not survive the loss of two",
            "Replace it instead");
      }
      long staying =
          view.placeable().stream()
              .filter(drive -> drive.index() != index)
              .filter(drive -> !view.membership().isLeaving(drive.index()))
              .count();
      if (staying < LEAST_DRIVES) {
        throw conflict(
            "The drive cannot be removed",
            "Only " + staying + " drives that stay would be in use",
            "Add drives, or keep others that are to be removed");
      }
      if (!member.active()) {
        requireNothingOnlyThere(index);
      }
      if (!member.leaving() && !watch.change((now, next) -> now.withLeaving(next, index, true))) {
        throw notNow();
      }
      LOG.info("Drive {} is to leave", index);
    }
  }

  /** See {@link DriveCare#keep}. */
  void keep(int index) {
    synchronized (watch) {
      Member member = member(keeper.requireServing(), index);
      if (member.leaving() && !watch.change((now, next) -> now.withLeaving(next, index, false))) {
        throw notNow();
      }
    }
  }

  /**
   * Takes the next step with drives that came or are to leave, where nothing is in its way.
   *
   * @return whether any was taken
   */
  boolean goOn() {
    synchronized (watch) {
      PoolView view = keeper.view();
      if (view.failed()) {
        return false;
      }
      if (containers.removals().removeStrays() || watch.giveUp()) {
        return true;
      }
      if (view.membership().hasFilling()) {
        return isWhole() && watch.change(Membership::filled);
      }
      for (Member member : view.membership().members()) {
        // One step at a time: each is taken in view of what the one before left.
        if (member.counts() && member.leaving() && finishRemoval(view, member)) {
          return true;
        }
      }
      return false;
    }
  }

  private boolean finishRemoval(PoolView view, Member member) {
    int index = member.index();
    leaving.put(index, member.drive());
    boolean whole = isWhole();
    Drive drive = view.drive(index);
    if (drive != null) {
      // First it is shut out, like one that is lost: fewer others may be lost until journals have
      // all their copies on the others. Another one that is away would be one too many.
      boolean empty = !hasShards(index);
      return whole && empty && journals.fullyMirrored() && keeper.retire(drive);
    }
    if (!whole || member.active() || !journals.fullyMirrored()) {
      return false;
    }
    if (!watch.change((now, next) -> now.without(next, index))) {
      return false;
    }
    LOG.info("Drive {} was removed", index);
    containers.forgetDrive(index);
    takeLabelOff(index);
    return true;
  }

  private boolean isWhole() {
    return containers.redundancy().degraded() == 0 && !containers.removals().lacksContainers();
  }

  private boolean hasShards(int index) {
    boolean[] found = new boolean[1];
    containers
        .index()
        .forEach(
            entry ->
                found[0] |= DriveSet.shardOn(entry.drives(), entry.shape().shards(), index) >= 0);
    return found[0];
  }

  /** Best effort: without it the folder is known as that of a stranger. */
  private void takeLabelOff(int index) {
    UUID gone = leaving.remove(index);
    var inUse = keeper.view().usable().stream().map(drive -> drive.folder().root()).toList();
    var others = roots.all().stream().filter(root -> !inUse.contains(root)).toList();
    for (DriveFinder.Sighting sighting : finder.look(others)) {
      Drive drive = sighting.drive();
      if (drive == null) {
        continue;
      }
      try {
        if (drive.id().equals(gone)) {
          drive
              .io()
              .call(
                  DriveIo.Lane.CONTROL,
                  _ -> {
                    drive.folder().rename(Layout.LABEL, Layout.LABEL_REMOVED);
                    drive.folder().forceDirectory(Layout.HERE);
                    return null;
                  });
        }
      } catch (IOException e) {
        LOG.warn("The label of {} stays: {}", drive, IoErrors.brief(e));
      } finally {
        drive.close();
      }
    }
  }

  private void join(Path folder, int index, boolean filling) {
    Path root = folder.toAbsolutePath().normalize();
    Drive newcomer = prepare(root, index);
    boolean joined = false;
    try {
      joined =
          watch.join(newcomer, (now, next) -> now.withDrive(next, index, newcomer.id(), filling));
    } finally {
      if (!joined) {
        newcomer.close();
      }
    }
    if (!joined) {
      throw notNow();
    }
    roots.add(root);
  }

  /** Makes a folder ready, and locks it. Its own label does not say that it is a member. */
  private Drive prepare(Path root, int index) {
    DriveFolder folder = config.folders().at(root);
    DriveLabel label =
        new DriveLabel(
            pool, UUID.randomUUID(), index, true, created, 0, keeper.view().membership());
    DriveIo io = new DriveIo(String.valueOf(root.getFileName()), config.ioLimit());
    try {
      PoolFormatter.onDrive(
          io,
          folder,
          () -> {
            folder.createDirectories(Layout.HERE);
            if (!isLeftOver(folder)) {
              PoolFormatter.refuseUsed(folder);
            }
            PoolFormatter.makeFolders(folder);
            label.write(folder);
          });
    } finally {
      io.close();
    }
    DriveFinder.Sighting sighting = finder.look(List.of(root)).getFirst();
    Drive drive = sighting.drive();
    if (drive == null) {
      throw DvxException.of(Kind.UNAVAILABLE, "The folder cannot be used")
          .cause(sighting.problem())
          .detail("folder", root)
          .build();
    }
    return drive;
  }

  /** Whether the folder was prepared once and never became a drive. */
  private boolean isLeftOver(DriveFolder folder) throws IOException {
    try {
      DriveLabel label = DriveLabel.read(folder);
      return label != null
          && label.pool().equals(pool)
          && label.emptied()
          && !label.membership().has(label.index(), label.drive())
          && !keeper.view().membership().has(label.index(), label.drive());
    } catch (NoSuchFileException _) {
      return false;
    }
  }

  private static Member member(PoolView view, int index) {
    if (!view.membership().has(index)) {
      throw DvxException.of(Kind.NOT_FOUND, "There is no drive of that number")
          .remedy("See `dvx drives`")
          .detail("drive", index)
          .build();
    }
    return view.membership().members().get(index);
  }

  private void requireNothingOnlyThere(int index) {
    if (containers.removals().lacksContainers() || containers.redundancy().leastSpare() < 0) {
      throw DvxException.of(Kind.CORRUPT, "There are containers that cannot be read without it")
          .cause("More shards are lost than parity covers")
          .remedy("Bring the lost drive back, if only for reading")
          .detail("drive", index)
          .build();
    }
  }

  private void requireMirrors() {
    if (!journals.fullyMirrored()) {
      journals.lookAfter();
      if (!journals.fullyMirrored()) {
        throw conflict("The journal lacks copies", "They are being made", "Try again in a moment");
      }
    }
  }

  private static DvxException notNow() {
    return conflict(
        "The change was called off",
        "A drive failed meanwhile, or changes could not be held up",
        "Look at `dvx drives` and try again");
  }

  private static DvxException conflict(String what, String cause, String remedy) {
    return DvxException.of(Kind.CONFLICT, what).cause(cause).remedy(remedy).build();
  }
}
