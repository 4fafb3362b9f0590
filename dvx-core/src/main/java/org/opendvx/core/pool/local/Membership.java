package org.opendvx.core.pool.local;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;

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

  int size() {
    return members.size();
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
      next.add(same ? member : new Member(member.index(), member.drive(), state, nextGeneration));
    }
    return new Membership(nextGeneration, next);
  }
}
