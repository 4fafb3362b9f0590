package org.opendvx.core.pool.local;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opendvx.core.error.DvxException;

/**
 * As {@link ElectionTest}, with drives that are replaced, added and removed: whatever drives meet
 * after whatever crash, those that are gone for good among them, no opening believes one without
 * all that was acknowledged.
 */
class MembershipChangeTest {
  private static final UUID POOL = new UUID(1, 2);
  private static final int SPARE = 4;

  private static final class Crash extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  private static final class World {
    private final Random random;

    /** By physical drive; null before it is prepared for the first time. */
    private final @Nullable DriveLabel[] labels;

    private final long[] has;
    private long acknowledged;
    private int writesLeft = Integer.MAX_VALUE;
    private Membership current;
    private long last;
    private long term;
    private int opened;
    private int changes;

    World(int drives, Random random) {
      this.random = random;
      labels = new DriveLabel[drives + SPARE];
      has = new long[labels.length];
      long first = Membership.generation(1, 0);
      List<Member> members = new ArrayList<>();
      for (int i = 0; i < drives; i++) {
        members.add(new Member(i, id(i), Member.State.ACTIVE, first));
      }
      current = new Membership(first, members);
      for (int i = 0; i < drives; i++) {
        labels[i] = new DriveLabel(POOL, id(i), i, false, 0, 1, current);
      }
    }

    private static UUID id(int physical) {
      return new UUID(3, physical);
    }

    private static int physical(UUID id) {
      return (int) id.getLeastSignificantBits();
    }

    private int physicalAt(int index) {
      return physical(current.members().get(index).drive());
    }

    void life() {
      List<Integer> present = new ArrayList<>();
      for (int i = 0; i < labels.length; i++) {
        if (labels[i] != null && random.nextInt(5) > 0) {
          present.add(i);
        }
      }
      writesLeft = random.nextInt(4) == 0 ? 1000 : random.nextInt(4 * labels.length);
      try {
        open(present);
        acknowledge();
        for (int i = random.nextInt(4); i > 0; i--) {
          change(present);
          acknowledge();
        }
      } catch (Crash _) {
        // The next life sees what was written.
      }
    }

    private DriveLabel label(int physical) {
      DriveLabel label = labels[physical];
      if (label == null) {
        throw new AssertionError("no label on " + physical);
      }
      return label;
    }

    private void open(List<Integer> present) {
      Election election = elect(present);
      if (election == null) {
        throw new Crash();
      }
      opened++;
      term = election.highestTerm() + 1;
      last = Membership.generation(term, 0);
      for (int i : shuffled(present)) {
        write(i, label(i).withClaim(term));
      }
      current = election.base();
      Set<Integer> active = new TreeSet<>(election.believed());
      Set<Integer> taken = new TreeSet<>();
      for (int stale : election.stale()) {
        if (current.filled(active) + current.filled(taken) < Quorum.leastActive(current.size())) {
          refill(physicalAt(stale), active);
          taken.add(stale);
        }
      }
      active.addAll(taken);
      if (current.filled(active) < Quorum.leastActive(current.size())) {
        throw new Crash();
      }
      stamp(active, taken);
    }

    private @Nullable Election elect(Collection<Integer> present) {
      Election election;
      try {
        election = Election.of(present.stream().map(this::label).toList());
      } catch (DvxException _) {
        return null;
      }
      for (int index : election.believed()) {
        int physical = physical(election.base().members().get(index).drive());
        assertTrue(
            has[physical] >= acknowledged, () -> "believes a stale drive " + physical + this);
      }
      return election;
    }

    private void change(List<Integer> present) {
      List<Integer> active = current.active();
      switch (random.nextInt(9)) {
        case 0, 1 -> {
          Set<Integer> next = new TreeSet<>(active);
          next.remove(active.get(random.nextInt(active.size())));
          if (current.filled(next) >= Quorum.leastActive(current.size())) {
            stamp(next, Set.of());
          }
        }
        case 2, 3 -> {
          for (Member member : current.members()) {
            if (member.counts() && !member.active() && present.contains(physical(member.drive()))) {
              refill(physical(member.drive()), active);
              Set<Integer> next = new TreeSet<>(active);
              next.add(member.index());
              stamp(next, Set.of(member.index()));
              return;
            }
          }
        }
        case 4, 5 -> replace();
        case 6 -> add();
        case 7 -> changeTo(current.filled(Membership.next(last)), -1);
        default -> remove();
      }
    }

    private int newcomer() {
      for (int i = 0; i < labels.length; i++) {
        DriveLabel label = labels[i];
        if (label == null) {
          return i;
        }
        // One that was prepared and never became a member is used again.
        if (!label.membership().has(label.index(), label.drive())
            && !current.has(label.index(), label.drive())) {
          return i;
        }
      }
      return -1;
    }

    private void replace() {
      int drive = newcomer();
      for (Member member : current.members()) {
        if (drive >= 0 && member.counts() && !member.active()) {
          join(drive, member.index());
          return;
        }
      }
    }

    private void add() {
      int drive = newcomer();
      if (drive >= 0 && current.size() >= 3 && current.active().size() == current.size()) {
        join(drive, current.freePlace());
      }
    }

    private void join(int drive, int index) {
      write(drive, new DriveLabel(POOL, id(drive), index, true, 0, 0, current));
      has[drive] = -1;
      pass();
      has[drive] = acknowledged;
      boolean filling = current.has(index);
      Membership next = current.withDrive(Membership.next(last), index, id(drive), filling);
      changeTo(next, drive);
    }

    private void remove() {
      for (Member member : current.members()) {
        if (member.counts() && !member.active() && current.size() > 3) {
          changeTo(current.without(Membership.next(last), member.index()), -1);
          return;
        }
      }
    }

    /** As {@link MembershipKeeper#change}. */
    private void changeTo(Membership next, int newcomer) {
      Set<Integer> stamped = new TreeSet<>(current.active());
      stamped.removeIf(index -> !next.isActive(index));
      if (!current.mayBeFollowedBy(next) || !MembershipKeeper.enough(next, next.filled(stamped))) {
        return;
      }
      last = next.generation();
      boolean fails = random.nextInt(4) == 0;
      for (int index : shuffled(stamped)) {
        if (fails && random.nextBoolean()) {
          // A drive fails here: the change is called off, and it is shut out.
          Set<Integer> others = new TreeSet<>(current.active());
          others.remove(index);
          if (current.filled(others) < Quorum.leastActive(current.size())) {
            throw new Crash();
          }
          stamp(others, Set.of());
          return;
        }
        write(physicalAt(index), labelOf(index, next));
      }
      if (newcomer >= 0) {
        if (fails) {
          stamp(new TreeSet<>(current.active()), Set.of());
          return;
        }
        int index = label(newcomer).index();
        write(newcomer, labelOf(index, next));
      }
      current = next;
      changes++;
    }

    private void refill(int physical, Collection<Integer> sources) {
      write(physical, label(physical).withEmptied());
      has[physical] = -1;
      pass();
      has[physical] = sources.stream().mapToLong(i -> has[physicalAt(i)]).max().orElseThrow();
    }

    private void stamp(Set<Integer> active, Set<Integer> taken) {
      Set<Integer> evicted = new TreeSet<>(current.active());
      evicted.removeAll(active);
      last = Membership.next(last);
      Membership next = current.changed(last, evicted, taken);
      for (int index : shuffled(active)) {
        write(physicalAt(index), labelOf(index, next));
      }
      current = next;
    }

    private DriveLabel labelOf(int index, Membership membership) {
      UUID drive = membership.members().get(index).drive();
      return new DriveLabel(POOL, drive, index, false, 0, term, membership);
    }

    private void acknowledge() {
      acknowledged++;
      for (int index : current.active()) {
        has[physicalAt(index)] = acknowledged;
      }
    }

    private void write(int physical, DriveLabel label) {
      pass();
      labels[physical] = label;
    }

    private void pass() {
      if (writesLeft-- == 0) {
        throw new Crash();
      }
    }

    private List<Integer> shuffled(Collection<Integer> all) {
      List<Integer> order = new ArrayList<>(all);
      Collections.shuffle(order, random);
      return order;
    }

    /**
     * Every set of drives, those long gone included: it opens without a rollback, or not at all.
     */
    void everySet() {
      List<Integer> all = new ArrayList<>();
      for (int i = 0; i < labels.length; i++) {
        if (labels[i] != null) {
          all.add(i);
        }
      }
      for (int mask = 1; mask < 1 << all.size(); mask++) {
        List<Integer> present = new ArrayList<>();
        for (int i = 0; i < all.size(); i++) {
          if ((mask & (1 << i)) != 0) {
            present.add(all.get(i));
          }
        }
        Election election = elect(present);
        assertTrue(
            election != null || present.size() < all.size(),
            () -> "does not open with all drives: " + this);
      }
    }

    @Override
    public String toString() {
      return "\n" + acknowledged + " " + Arrays.toString(has) + "\n" + Arrays.toString(labels);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {3, 4, 5, 6, 7})
  void drivesComeAndGoWithoutARollback(int drives) {
    long seed = Long.getLong("dvx.membership.seed", System.nanoTime());
    System.out.println("membership changes of " + drives + " drives, seed " + seed);
    int opened = 0;
    int changes = 0;
    for (int history = 0; history < 150; history++) {
      World world = new World(drives, new Random(seed + history));
      for (int life = 0; life < 20; life++) {
        world.life();
        if (life % 5 == 4) {
          world.everySet();
        }
      }
      opened += world.opened;
      changes += world.changes;
    }
    System.out.println(opened + " openings, " + changes + " drives came or went");
    assertTrue(opened > 200 && changes > 50, "histories that do nothing show nothing");
  }
}
