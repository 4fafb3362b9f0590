package org.opendvx.core.pool.local;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/**
 * Which drives make up the pool, and which of them are believed, as of a generation.
 *
 * @param generation term and step, see {@link #generation(long, int)}; written once, never again
 *     with other members
 * @param members every drive, by index
 */
record Membership(long generation, List<Member> members) {
  private static final int STEP_BITS = 24;
  private static final int MAX_STEP = (1 << STEP_BITS) - 1;

  /** Most drives of a pool: an index has six bits in memory, and one value means "none". */
  static final int MAX_DRIVES = 62;

  Membership {
    members = List.copyOf(members);
    for (int i = 0; i < members.size(); i++) {
      if (members.get(i).index() != i) {
        throw new IllegalArgumentException("members out of order: " + members);
      }
    }
  }

  /**
   * A generation: terms are claimed by every opening of the pool, steps are the changes within one.
   */
  static long generation(long term, int step) {
    if (step < 0 || step > MAX_STEP) {
      throw new IllegalArgumentException("no such step: " + step);
    }
    return (term << STEP_BITS) | step;
  }

  static long term(long generation) {
    return generation >>> STEP_BITS;
  }

  /** The generation after this one, in the same term. */
  static long next(long generation) {
    return generation(term(generation), (int) (generation & MAX_STEP) + 1);
  }

  /** The generation as people read it: term and step. */
  String name() {
    return term(generation) + "." + (generation & MAX_STEP);
  }

  /** Drives that count, active or not. */
  int size() {
    return (int) members.stream().filter(Member::counts).count();
  }

  /** Places for drives, those of removed ones included: above every index. */
  int places() {
    return members.size();
  }

  /** Whether a place is that of a drive which counts. */
  boolean has(int index) {
    return index >= 0 && index < members.size() && members.get(index).counts();
  }

  /** Whether a drive of this identity counts, at this place. */
  boolean has(int index, UUID drive) {
    return has(index) && members.get(index).drive().equals(drive);
  }

  boolean isLeaving(int index) {
    return members.get(index).leaving();
  }

  /** Indexes of the active drives, ascending. */
  List<Integer> active() {
    List<Integer> active = new ArrayList<>();
    for (Member member : members) {
      if (member.active()) {
        active.add(member.index());
      }
    }
    return active;
  }

  boolean isActive(int index) {
    return members.get(index).active();
  }

  /** The next membership: these drives evicted, those taken back, the others as they are. */
  Membership changed(long nextGeneration, Collection<Integer> evicted, Set<Integer> takenBack) {
    List<Member> next = new ArrayList<>(members.size());
    for (Member member : members) {
      Member.State state = member.state();
      if (takenBack.contains(member.index())) {
        state = Member.State.ACTIVE;
      } else if (evicted.contains(member.index())) {
        state = Member.State.EVICTED;
      }
      boolean same = state == member.state() && !takenBack.contains(member.index());
      next.add(same ? member : member.with(state, nextGeneration));
    }
    return new Membership(nextGeneration, next);
  }

  /**
   * The next membership, with another drive in a place, which is active.
   *
   * @param filling see {@link Member}
   */
  Membership withDrive(long nextGeneration, int index, UUID drive, boolean filling) {
    return with(
        nextGeneration,
        new Member(index, drive, Member.State.ACTIVE, false, filling, nextGeneration));
  }

  /** The next membership, in which all drives have their shards. */
  Membership filled(long nextGeneration) {
    return new Membership(
        nextGeneration,
        members.stream()
            .map(
                member ->
                    new Member(
                        member.index(),
                        member.drive(),
                        member.state(),
                        member.leaving(),
                        false,
                        member.since()))
            .toList());
  }

  /** How many of these places have a drive that has its shards. */
  int filled(Collection<Integer> indexes) {
    return (int) indexes.stream().filter(index -> !members.get(index).filling()).count();
  }

  boolean hasFilling() {
    return members.stream().anyMatch(member -> member.counts() && member.filling());
  }

  /** Where a drive more goes: the place of a removed one, or one more. */
  int freePlace() {
    for (Member member : members) {
      if (!member.counts()) {
        return member.index();
      }
    }
    return members.size();
  }

  /** The next membership, without a drive. */
  Membership without(long nextGeneration, int index) {
    UUID drive = members.get(index).drive();
    return with(nextGeneration, new Member(index, drive, Member.State.REMOVED, nextGeneration));
  }

  /** The next membership, with a drive that is to leave, or to stay after all. */
  Membership withLeaving(long nextGeneration, int index, boolean leaving) {
    Member was = members.get(index);
    return with(
        nextGeneration,
        new Member(index, was.drive(), was.state(), leaving, was.filling(), was.since()));
  }

  private Membership with(long nextGeneration, Member member) {
    List<Member> next = new ArrayList<>(members);
    if (member.index() == next.size()) {
      next.add(member);
    } else {
      next.set(member.index(), member);
    }
    return new Membership(nextGeneration, next);
  }

  /**
   * Whether no opening can go on from this membership, or from one before it, once another is in
   * force: the drives that do not bear the other one must be too few to open.
   */
  boolean mayBeFollowedBy(Membership next) {
    long stamped =
        members.stream()
            .filter(Member::active)
            .filter(member -> next.has(member.index(), member.drive()))
            .filter(member -> next.isActive(member.index()))
            .count();
    return size() <= 2 ? stamped == size() : stamped > Quorum.tolerated(size());
  }
}
