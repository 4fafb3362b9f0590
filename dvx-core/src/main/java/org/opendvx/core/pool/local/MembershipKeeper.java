package org.opendvx.core.pool.local;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.BiFunction;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the membership while a pool is open: shuts drives out, takes them back, and stops
 * everything when too many are lost. Every change is stamped on all drives that are active in it
 * before it is in force. Thread-safe; a change takes as long as the slowest stamp, at most the
 * drives' limit for each drive that fails meanwhile.
 */
final class MembershipKeeper {
  private static final Logger LOG = LoggerFactory.getLogger(MembershipKeeper.class);

  private static final String OPENING = "The pool is being opened";
  private static final String CLOSED = "The pool is closed";

  private final UUID pool;
  private final long created;
  private final long term;
  private final Runnable onChange;

  /** Active drives that failed and are not yet shut out, with the reason. */
  private final Map<Integer, String> lost = new TreeMap<>();

  /** Whether what is needed stays with a membership. */
  private volatile Predicate<Membership> kept = _ -> true;

  private final Map<Integer, String> evictedBecause = new HashMap<>();
  private @Nullable Drive[] table;
  private Membership current;
  private long lastGeneration;
  private volatile PoolView view;

  /**
   * A keeper that has stamped nothing yet.
   *
   * @param base the elected membership
   * @param term claimed on every present drive, above all that were known
   * @param onChange called, while changes are locked out, after the view has changed
   */
  MembershipKeeper(UUID pool, long created, Membership base, long term, Runnable onChange) {
    this.pool = pool;
    this.created = created;
    this.term = term;
    this.onChange = onChange;
    this.current = base;
    this.lastGeneration = Membership.generation(term, 0);
    this.table = new Drive[base.places()];
    this.view =
        new PoolView(base, Collections.nCopies(base.places(), null), List.of(), Map.of(), OPENING);
  }

  /** What holds now. */
  PoolView view() {
    return view;
  }

  /** The view, if anything may be acknowledged. */
  PoolView requireServing() {
    PoolView now = view;
    String failure = now.failure();
    if (failure != null) {
      throw unavailable(now, failure);
    }
    return now;
  }

  /**
   * Has drives shut out only when a condition holds of the membership without them; else the pool
   * stops until they are back.
   *
   * @param condition asked while changes are locked out; must take no lock
   */
  void shutOutNoneBut(Predicate<Membership> condition) {
    kept = condition;
  }

  /** Closes every drive. */
  synchronized void close() {
    for (Drive drive : table) {
      if (drive != null) {
        drive.close();
      }
    }
    Arrays.fill(table, null);
    publish(CLOSED);
  }

  /** The label of a drive under the membership in force. */
  synchronized DriveLabel label(int index) {
    return label(current, index);
  }

  /** Takes the believed drives, for reading; nothing is in force yet. */
  synchronized void attach(Collection<Drive> believed) {
    for (Drive drive : believed) {
      table[drive.index()] = drive;
    }
    for (Member member : current.members()) {
      if (member.counts() && !member.active()) {
        evictedBecause.put(member.index(), "shut out before");
      }
    }
    publish(OPENING);
  }

  /** An attached drive failed before any membership is in force. */
  synchronized void setAside(Drive drive, String reason) {
    lost.put(drive.index(), reason);
    publish(OPENING);
  }

  /**
   * Puts the first membership of this opening in force.
   *
   * @param prepared drives that are taken back with it
   * @param absent why each active drive that was not attached is not there
   */
  synchronized void open(Collection<Drive> prepared, Map<Integer, String> absent) {
    Set<Integer> joining = new TreeSet<>();
    for (Drive drive : prepared) {
      table[drive.index()] = drive;
      joining.add(drive.index());
    }
    lost.putAll(absent);
    lost.keySet().removeAll(joining);
    reconcile(joining);
    requireServing();
  }

  /** Whether the usable drives and this many more would be enough to serve. */
  static boolean enough(Membership membership, int active) {
    return active >= Quorum.leastActive(membership.size());
  }

  /**
   * Shuts a drive out. When this returns, either a membership without it is in force, or the pool
   * has failed, or the drive was not in use any more.
   */
  synchronized void shutOut(Drive drive, String reason) {
    if (table[drive.index()] != drive || lost.containsKey(drive.index())) {
      return;
    }
    LOG.warn("Lost {}: {}", drive, reason);
    lost.put(drive.index(), reason);
    reconcile(Set.of());
  }

  /**
   * Shuts a sound drive out that is to leave, if every other drive is in use.
   *
   * @return whether it was shut out
   */
  synchronized boolean retire(Drive drive) {
    if (view.failed() || !view.complete() || !view.uses(drive)) {
      return false;
    }
    shutOut(drive, "it is being removed");
    return !view.uses(drive);
  }

  /** A drive that was lost while the pool could not shut it out has been found sound again. */
  synchronized boolean found(Drive drive) {
    int index = drive.index();
    if (!lost.containsKey(index)) {
      return false;
    }
    table[index] = drive;
    lost.remove(index);
    LOG.info("Found {} again", drive);
    reconcile(Set.of());
    return true;
  }

  /**
   * Takes an evicted drive back that has been prepared: its journal is empty and it holds all
   * records. The caller keeps mutations out meanwhile.
   *
   * @return whether it is active now
   */
  synchronized boolean takeBack(Drive drive) {
    int index = drive.index();
    if (!current.has(index, drive.id()) || current.isActive(index)) {
      return false;
    }
    table[index] = drive;
    reconcile(Set.of(index));
    if (view.uses(drive)) {
      LOG.info("Took {} back at generation {}", drive, current.name());
      return true;
    }
    if (table[index] == drive) {
      table[index] = null;
    }
    return false;
  }

  /**
   * Puts a membership in force in which a drive more, fewer, or another one counts, or one that
   * counts is to leave. The others bear it before the newcomer does: what the newcomer's label says
   * is then in force already. If any of that fails the change is called off, and whatever bears it
   * is stamped anew. The caller keeps mutations out meanwhile.
   *
   * @param proposal makes it for a generation from the one in force
   * @param newcomer the drive that comes with it, prepared, null for none
   * @return whether it is in force
   */
  synchronized boolean change(
      BiFunction<Membership, Long, Membership> proposal, @Nullable Drive newcomer) {
    requireServing();
    if (!lost.isEmpty()) {
      return false;
    }
    long generation = Membership.next(lastGeneration);
    Membership next = proposal.apply(current, generation);
    List<Drive> active = new ArrayList<>();
    for (Drive drive : drivesOf(current)) {
      if (next.has(drive.index(), drive.id()) && next.isActive(drive.index())) {
        active.add(drive);
      }
    }
    int filled = next.filled(active.stream().map(Drive::index).toList());
    if (!current.mayBeFollowedBy(next) || !enough(next, filled)) {
      return false;
    }
    lastGeneration = generation;
    if (!bears(next, active) || (newcomer != null && !bears(next, List.of(newcomer)))) {
      reconcile(Set.of());
      return false;
    }
    table = Arrays.copyOf(table, next.places());
    if (newcomer != null) {
      table[newcomer.index()] = newcomer;
      evictedBecause.remove(newcomer.index());
    }
    for (Member member : next.members()) {
      if (!member.counts()) {
        table[member.index()] = null;
        evictedBecause.remove(member.index());
      }
    }
    adopt(next, Set.of());
    LOG.info("The drives are {} at {}", next.active(), next.name());
    return true;
  }

  /** Stamps drives; those of the membership in force that fail are lost. */
  private boolean bears(Membership next, List<Drive> drives) {
    boolean all = true;
    for (DriveGroup.Outcome<Void> outcome : stamp(next, drives)) {
      IOException failure = outcome.failure();
      all &= failure == null;
      if (failure != null) {
        LOG.warn("{} could not be stamped: {}", outcome.drive(), IoErrors.brief(failure));
      }
      if (outcome.broken() && view.uses(outcome.drive())) {
        lost.put(outcome.drive().index(), IoErrors.brief(outcome.failureOrBug()));
      }
    }
    return all;
  }

  /** Gives up the object of a lost drive, so that its folder can be locked and opened anew. */
  synchronized void release(int index) {
    Drive drive = table[index];
    if (drive != null && lost.containsKey(index)) {
      table[index] = null;
      drive.close();
    }
  }

  /** Indexes of active drives that are lost and could not be shut out. */
  synchronized Set<Integer> lost() {
    return Set.copyOf(lost.keySet());
  }

  /** Tries again to shut out what could not be shut out before. */
  synchronized void retry() {
    if (!lost.isEmpty()) {
      reconcile(Set.of());
    }
  }

  private void reconcile(Set<Integer> takenBack) {
    Set<Integer> joining = new TreeSet<>(takenBack);
    int budget = current.size() + 2;
    while (true) {
      if (lost.isEmpty() && joining.isEmpty() && current.generation() == lastGeneration) {
        publish(null);
        return;
      }
      long generation = Membership.next(lastGeneration);
      Membership next = current.changed(generation, lost.keySet(), joining);
      List<Drive> active = drivesOf(next);
      int filled = next.filled(active.stream().map(Drive::index).toList());
      if (!enough(next, filled) || budget-- == 0) {
        publish(failureText(filled));
        return;
      }
      if (!lost.isEmpty() && !kept.test(next)) {
        publish("The only copy of part of a journal is on a drive that was lost: " + lost);
        return;
      }
      // Whatever comes of the stamps: this generation has been used.
      lastGeneration = generation;
      boolean full = false;
      boolean broken = false;
      for (DriveGroup.Outcome<Void> outcome : stamp(next, active)) {
        full |= outcome.noSpace();
        IOException failure = outcome.failure();
        if (failure != null && outcome.broken()) {
          broken = true;
          failedToStamp(outcome.drive(), failure, joining);
        }
      }
      if (!broken && full) {
        publish("A drive has no room for its label");
        return;
      }
      if (!broken) {
        adopt(next, joining);
        return;
      }
    }
  }

  private void failedToStamp(Drive drive, IOException failure, Set<Integer> joining) {
    LOG.warn("Lost {} while it was stamped: {}", drive, IoErrors.brief(failure));
    if (joining.remove(drive.index())) {
      table[drive.index()] = null;
    } else {
      lost.put(drive.index(), IoErrors.brief(failure));
    }
  }

  private void adopt(Membership next, Set<Integer> takenBack) {
    for (Map.Entry<Integer, String> entry : lost.entrySet()) {
      int index = entry.getKey();
      evictedBecause.put(index, entry.getValue());
      Drive drive = table[index];
      if (drive != null) {
        drive.close();
        table[index] = null;
      }
      LOG.warn("Drive {} is shut out at {}", index, next.name());
    }
    for (int index : takenBack) {
      evictedBecause.remove(index);
    }
    lost.clear();
    current = next;
    publish(null);
  }

  private List<DriveGroup.Outcome<Void>> stamp(Membership next, List<Drive> active) {
    return DriveGroup.run(
        active,
        DriveIo.Lane.CONTROL,
        (drive, ticket) -> {
          drive.checkPresent();
          Ballast.write(label(next, drive.index()), drive, ticket);
          return null;
        });
  }

  private DriveLabel label(Membership membership, int index) {
    UUID drive = membership.members().get(index).drive();
    return new DriveLabel(pool, drive, index, false, created, term, membership);
  }

  private List<Drive> drivesOf(Membership membership) {
    List<Drive> drives = new ArrayList<>();
    for (int index : membership.active()) {
      Drive drive = table[index];
      if (drive != null && !lost.containsKey(index)) {
        drives.add(drive);
      }
    }
    return drives;
  }

  private String failureText(int active) {
    return "Only "
        + active
        + " of "
        + current.size()
        + " drives are usable, "
        + Quorum.leastActive(current.size())
        + " are needed";
  }

  private void publish(@Nullable String failure) {
    List<@Nullable Drive> drives = new ArrayList<>(Arrays.asList(new Drive[table.length]));
    List<Drive> usable = new ArrayList<>();
    for (Drive drive : drivesOf(current)) {
      drives.set(drive.index(), drive);
      usable.add(drive);
    }
    Map<Integer, String> reasons = new TreeMap<>(evictedBecause);
    reasons.putAll(lost);
    if (failure != null
        && !failure.equals(view.failure())
        && !failure.equals(OPENING)
        && !failure.equals(CLOSED)) {
      LOG.error("The pool has stopped: {}", failure);
    } else if (failure == null && view.failure() != null) {
      LOG.info("The pool serves with {} of {} drives", usable.size(), table.length);
    }
    view =
        new PoolView(
            current,
            Collections.unmodifiableList(drives),
            List.copyOf(usable),
            Collections.unmodifiableMap(reasons),
            failure);
    onChange.run();
  }

  private static DvxException unavailable(PoolView now, String failure) {
    return DvxException.of(Kind.UNAVAILABLE, "The pool takes no changes")
        .cause(failure)
        .remedy("Bring a missing drive back; the pool goes on by itself then")
        .detail("not usable", now.reasons())
        .build();
  }
}
