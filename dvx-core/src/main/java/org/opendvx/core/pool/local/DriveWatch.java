package org.opendvx.core.pool.local;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;
import java.util.function.BiFunction;
import org.opendvx.core.error.DvxException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks after the drives every now and then: shuts out those that are gone, measures their room,
 * and takes up those that are back. One thread at a time.
 */
final class DriveWatch {
  private static final Logger LOG = LoggerFactory.getLogger(DriveWatch.class);

  /** How long changes may be held up before taking a drive back is put off. */
  private static final long GATE_SECONDS = 5;

  /** Waiting after a drive was taken back and lost again: doubled each time, up to an hour. */
  private static final long FIRST_WAIT_NANOS = TimeUnit.SECONDS.toNanos(2);

  private static final int MOST_DOUBLINGS = 11;

  private final UUID pool;
  private final DriveRoots roots;
  private final SlowDrives slow;
  private final MembershipKeeper keeper;
  private final LocalRecordStore records;
  private final LocalContainerStore containers;
  private final Journals journals;
  private final Room room;
  private final Lock exclusiveGate;
  private final DriveFinder finder;
  private final Map<Integer, Integer> timesTaken = new HashMap<>();
  private final Map<Integer, Long> notBefore = new HashMap<>();

  /** Folders that hold drives which are no members, and of which the log says so. */
  private final Set<Path> strangers = new HashSet<>();

  DriveWatch(
      UUID pool,
      LocalPoolConfig config,
      DriveRoots roots,
      SlowDrives slow,
      MembershipKeeper keeper,
      LocalRecordStore records,
      LocalContainerStore containers,
      Journals journals,
      Room room,
      Lock exclusiveGate) {
    this.pool = pool;
    this.roots = roots;
    this.slow = slow;
    this.keeper = keeper;
    this.records = records;
    this.containers = containers;
    this.journals = journals;
    this.room = room;
    this.exclusiveGate = exclusiveGate;
    this.finder = new DriveFinder(config);
  }

  /** Looks at the drives in use. */
  void check() {
    for (DriveGroup.Outcome<Void> outcome :
        DriveGroup.<Void>run(
            keeper.view().usable(),
            DriveIo.Lane.CONTROL,
            (drive, _) -> {
              drive.checkPresent();
              return null;
            })) {
      if (outcome.broken() && outcome.failure() != null) {
        keeper.shutOut(outcome.drive(), IoErrors.brief(outcome.failure()));
      }
    }
    keeper.retry();
    slow.look(keeper.view().usable());
    room.measure(keeper.view().usable());
  }

  /** Looks for drives that are not in use, and takes up what it can. */
  synchronized void welcome() {
    PoolView view = keeper.view();
    Set<Integer> lost = keeper.lost();
    if (view.complete()) {
      return;
    }
    lost.forEach(keeper::release);
    List<Path> unused = new ArrayList<>(roots.all());
    Set<Path> inUse = new HashSet<>();
    for (Drive drive : view.usable()) {
      inUse.add(drive.folder().root());
    }
    unused.removeIf(inUse::contains);
    for (DriveFinder.Sighting sighting : finder.look(unused)) {
      Drive drive = sighting.drive();
      DriveLabel label = sighting.label();
      if (drive != null && label != null && !takeUp(drive, label, lost)) {
        drive.close();
      }
    }
  }

  /**
   * Makes a prepared folder a drive of the pool.
   *
   * @param newcomer locked, labelled as one that is about to be made a member
   * @param proposal the membership with it
   * @return whether it is in use now
   */
  synchronized boolean join(Drive newcomer, BiFunction<Membership, Long, Membership> proposal) {
    Readmission readmission = new Readmission(newcomer, records);
    try {
      readmission.prepare();
      DriveRejoin rejoin =
          containers.rejoin(newcomer, readmission.shards(), keeper.view().membership());
      rejoin.completeEmpty();
      room.expect(newcomer, keeper.view().usable());
      return whileChangesAreOut(
          () -> {
            readmission.finish();
            rejoin.completeEmpty();
            // What the drive had whose place it takes is lost.
            containers.forgetDrive(newcomer.index());
            return keeper.change(proposal, newcomer);
          });
    } catch (IOException e) {
      LOG.warn("{} cannot be taken into use: {}", newcomer, IoErrors.brief(e));
      return false;
    } finally {
      room.settled(newcomer);
    }
  }

  /** Changes the membership without taking a drive up. */
  synchronized boolean change(BiFunction<Membership, Long, Membership> proposal) {
    return whileChangesAreOut(() -> keeper.change(proposal, null));
  }

  /**
   * Gives up drives that are away once everything is whole without them.
   *
   * @return whether any was
   */
  synchronized boolean giveUp() {
    return containers.mayGiveUp()
        && whileChangesAreOut(
            () -> {
              boolean may = containers.mayGiveUp();
              if (may) {
                containers.giveUp();
              }
              return may;
            });
  }

  /** Takes up drives that were found when the pool was opened. */
  synchronized void welcome(List<Drive> drives) {
    for (Drive drive : drives) {
      if (keeper.view().failed() || !takeBack(drive)) {
        drive.close();
      }
    }
  }

  private boolean takeUp(Drive drive, DriveLabel label, Set<Integer> lost) {
    Membership membership = keeper.view().membership();
    int index = label.index();
    if (!label.pool().equals(pool) || !membership.has(index, label.drive())) {
      if (strangers.add(drive.folder().root())) {
        LOG.warn("The folder {} holds a drive that is not a member", drive.folder().root());
      }
      return false;
    }
    if (lost.contains(index)) {
      boolean believed =
          !label.emptied()
              && label.membership().generation() >= membership.members().get(index).since();
      return believed && findAgain(drive);
    }
    return !membership.isActive(index)
        && !membership.isLeaving(index)
        && !keeper.view().failed()
        && takeBack(drive);
  }

  /** A drive that is still believed, and is back before it could be shut out. */
  private boolean findAgain(Drive drive) {
    if (!journals.agree(drive, keeper.view())) {
      LOG.error("{} is back without the end of the journal: not believed", drive);
      return false;
    }
    try {
      DriveLabel label = keeper.label(drive.index());
      drive
          .io()
          .call(
              DriveIo.Lane.CONTROL,
              ticket -> {
                drive.checkPresent();
                Ballast.write(label, drive, ticket);
                return null;
              });
      journals.count(drive);
    } catch (IOException e) {
      LOG.warn("{} is back and does not work: {}", drive, IoErrors.brief(e));
      return false;
    }
    room.expect(drive, keeper.view().usable());
    try {
      return whileChangesAreOut(
          () -> {
            containers.recount(drive);
            return keeper.found(drive);
          });
    } finally {
      room.settled(drive);
    }
  }

  /** A drive that was shut out, and is back. */
  private boolean takeBack(Drive drive) {
    int index = drive.index();
    if (System.nanoTime() - notBefore.getOrDefault(index, Long.MIN_VALUE / 2) < 0
        && notBefore.containsKey(index)) {
      return false;
    }
    // With a segment on fewer drives, taking this one back would let another one go too soon.
    if (!journals.fullyMirrored()) {
      journals.lookAfter();
      if (!journals.fullyMirrored()) {
        return false;
      }
    }
    Readmission readmission = new Readmission(drive, records);
    try {
      readmission.prepare();
      DriveRejoin rejoin =
          containers.rejoin(drive, readmission.shards(), keeper.view().membership());
      rejoin.complete();
      room.expect(drive, keeper.view().usable());
      boolean taken =
          whileChangesAreOut(
              () -> {
                readmission.finish();
                rejoin.complete();
                if (!keeper.takeBack(drive)) {
                  return false;
                }
                rejoin.join();
                return true;
              });
      if (taken) {
        putOffNext(index);
      }
      return taken;
    } catch (IOException e) {
      LOG.warn("{} cannot be taken back: {}", drive, IoErrors.brief(e));
      putOffNext(index);
      return keeper.view().uses(drive);
    } catch (DvxException e) {
      LOG.warn("{} cannot be taken back now: {}", drive, e.getMessage());
      return keeper.view().uses(drive);
    } finally {
      room.settled(drive);
    }
  }

  private void putOffNext(int index) {
    int times = timesTaken.merge(index, 1, Integer::sum);
    long wait = FIRST_WAIT_NANOS << Math.min(times - 1, MOST_DOUBLINGS);
    notBefore.put(index, System.nanoTime() + wait);
  }

  /** Something that must not run beside changes. */
  @FunctionalInterface
  private interface Exclusive {
    boolean run() throws IOException;
  }

  private boolean whileChangesAreOut(Exclusive action) {
    boolean interrupted = false;
    boolean locked = false;
    try {
      locked = exclusiveGate.tryLock(GATE_SECONDS, TimeUnit.SECONDS);
      return locked && action.run();
    } catch (InterruptedException _) {
      interrupted = true;
      return false;
    } catch (IOException e) {
      LOG.warn("A drive failed while it was taken up: {}", IoErrors.brief(e));
      return false;
    } finally {
      if (locked) {
        exclusiveGate.unlock();
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
