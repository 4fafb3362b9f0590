package org.opendvx.core.pool.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opendvx.core.error.DvxException;

/**
 * No history of openings, losses, returns and crashes between any two label writes leads to an
 * opening that believes a drive without all that was acknowledged. The drives are labels and a
 * number: how much of what was acknowledged they have.
 */
class ElectionTest {
  private static final UUID POOL = new UUID(1, 2);

  /** Crash before the next label write. */
  private static final class Crash extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  /** Chooses what happens; a history is its choices. */
  @FunctionalInterface
  private interface Choice {
    int of(int options);
  }

  private static final class World {
    private final int drives;
    private final Choice choice;
    private final DriveLabel[] labels;
    private final long[] has;
    private long acknowledged;
    private int writesLeft;
    private Membership current;
    private long last;
    private long term;
    private int opened;

    World(int drives, Choice choice) {
      this.drives = drives;
      this.choice = choice;
      labels = new DriveLabel[drives];
      has = new long[drives];
      List<Member> members = new ArrayList<>();
      long first = Membership.generation(1, 0);
      for (int i = 0; i < drives; i++) {
        members.add(new Member(i, new UUID(3, i), Member.State.ACTIVE, first));
      }
      current = new Membership(first, members);
      for (int i = 0; i < drives; i++) {
        labels[i] = new DriveLabel(POOL, members.get(i).drive(), i, false, 0, 1, current);
      }
    }

    /** One life of the pool: opened with some drives, changed a few times, ended at some point. */
    void life() {
      List<Integer> present = new ArrayList<>();
      int mask = choice.of(1 << drives);
      for (int i = 0; i < drives; i++) {
        if ((mask & (1 << i)) != 0) {
          present.add(i);
        }
      }
      writesLeft = choice.of(3 * drives + 2);
      try {
        open(present);
        acknowledge();
        for (int i = choice.of(3); i > 0; i--) {
          change(present);
          acknowledge();
        }
      } catch (Crash _) {
        // The next life sees what was written.
      }
    }

    private void open(List<Integer> present) {
      Election election;
      try {
        election = Election.of(present.stream().map(i -> labels[i]).toList());
      } catch (DvxException _) {
        throw new Crash();
      }
      opened++;
      for (int drive : election.believed()) {
        assertTrue(has[drive] >= acknowledged, () -> "believes a stale drive: " + this);
      }
      term = election.highestTerm() + 1;
      last = Membership.generation(term, 0);
      for (int i : shuffled(present)) {
        write(i, labels[i].withClaim(term));
      }
      current = election.base();
      Set<Integer> active = new TreeSet<>(election.believed());
      Set<Integer> taken = new TreeSet<>();
      for (int stale : election.stale()) {
        if (active.size() + taken.size() < Quorum.leastActive(drives)) {
          prepare(stale, election.believed());
          taken.add(stale);
        }
      }
      active.addAll(taken);
      stamp(active, taken);
    }

    private void change(List<Integer> present) {
      List<Integer> active = current.active();
      int drive = present.get(choice.of(present.size()));
      Set<Integer> next = new TreeSet<>(active);
      if (current.isActive(drive)) {
        next.remove(drive);
        if (next.size() >= Quorum.leastActive(drives)) {
          stamp(next, Set.of());
        }
      } else {
        prepare(drive, active);
        next.add(drive);
        stamp(next, Set.of(drive));
      }
    }

    /** Marks the label, then empties and fills the drive; a crash may come between any. */
    private void prepare(int drive, java.util.Collection<Integer> sources) {
      write(drive, labels[drive].withEmptied());
      has[drive] = -1;
      pass();
      has[drive] = sources.stream().mapToLong(i -> has[i]).max().orElseThrow();
    }

    private void stamp(Set<Integer> active, Set<Integer> taken) {
      Set<Integer> evicted = new TreeSet<>(current.active());
      evicted.removeAll(active);
      last = Membership.next(last);
      Membership next = current.changed(last, evicted, taken);
      assertEquals(new ArrayList<>(active), next.active());
      for (int i : shuffled(active)) {
        write(i, label(i, next));
      }
      current = next;
    }

    private DriveLabel label(int drive, Membership membership) {
      return new DriveLabel(
          POOL, membership.members().get(drive).drive(), drive, false, 0, term, membership);
    }

    private void acknowledge() {
      acknowledged++;
      for (int drive : current.active()) {
        has[drive] = acknowledged;
      }
    }

    private void write(int drive, DriveLabel label) {
      pass();
      labels[drive] = label;
    }

    private void pass() {
      if (writesLeft-- == 0) {
        throw new Crash();
      }
    }

    private List<Integer> shuffled(java.util.Collection<Integer> all) {
      List<Integer> order = new ArrayList<>(all);
      switch (choice.of(3)) {
        case 0 -> Collections.reverse(order);
        case 1 -> Collections.rotate(order, 1 + choice.of(Math.max(1, order.size())));
        default -> {
          // As it is.
        }
      }
      return order;
    }

    @Override
    public String toString() {
      return acknowledged + " " + Arrays.toString(has) + " " + Arrays.toString(labels);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
  void longRandomHistoriesNeverRollBack(int drives) {
    long seed = System.nanoTime();
    System.out.println("election of " + drives + " drives, seed " + seed);
    Random random = new Random(seed);
    int opened = 0;
    for (int history = 0; history < 600; history++) {
      World world = new World(drives, random::nextInt);
      for (int life = 0; life < 25; life++) {
        world.life();
      }
      opened += world.opened;
    }
    assertTrue(opened > 1000, "histories that open nothing show nothing: " + opened);
  }

  /**
   * Every pair of lives: all sets of present drives, all crash points, and then every set of drives
   * opens without rolling back, whenever it opens.
   */
  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4, 5, 6})
  void everyShortHistoryIsSafe(int drives) {
    int lives = drives <= 4 ? 3 : 2;
    int crashPoints = 3 * drives + 2;
    int total = 0;
    long histories = Math.round(Math.pow((double) (1 << drives) * crashPoints, lives));
    long step = Math.max(1, histories / 20_000);
    for (long history = 0; history < histories; history += step) {
      long[] digits = {history};
      int[] state = new int[1];
      World world =
          new World(
              drives,
              options -> {
                int position = state[0]++;
                if (position > 1) {
                  // The choices within a life that are not enumerated take turns.
                  return Math.floorMod((int) (digits[0] * 31 + position * 7L), options);
                }
                int chosen = (int) (digits[0] % options);
                digits[0] /= options;
                return chosen;
              });
      for (int life = 0; life < lives; life++) {
        state[0] = 0;
        world.life();
      }
      for (int present = 1; present < 1 << drives; present++) {
        openable(world, present);
      }
      total += world.opened;
    }
    assertTrue(total > 0);
  }

  private static void openable(World world, int present) {
    List<DriveLabel> labels = new ArrayList<>();
    for (int i = 0; i < world.drives; i++) {
      if ((present & (1 << i)) != 0) {
        labels.add(world.labels[i]);
      }
    }
    try {
      Election election = Election.of(labels);
      for (int drive : election.believed()) {
        assertTrue(world.has[drive] >= world.acknowledged, () -> "stale: " + world);
      }
    } catch (DvxException e) {
      boolean all = labels.size() == world.drives;
      assertTrue(!all, () -> "does not open with all drives: " + world + e.render());
    }
  }

  @Test
  void twoEvictedDrivesAndTwoOthersOpenWithoutBelievingTheEvicted() {
    World world = new World(6, options -> options - 1);
    world.writesLeft = Integer.MAX_VALUE;
    world.open(List.of(0, 1, 2, 3, 4, 5));
    world.acknowledge();
    world.stamp(new TreeSet<>(List.of(2, 3, 4, 5)), Set.of());
    world.acknowledge();
    Election election =
        Election.of(List.of(world.labels[0], world.labels[1], world.labels[4], world.labels[5]));
    assertEquals(Set.of(4, 5), election.believed());
    assertEquals(Set.of(0, 1), election.stale());
    assertEquals(Set.of(2, 3), election.missing());
    assertThrows(
        DvxException.class,
        () -> Election.of(List.of(world.labels[0], world.labels[1], world.labels[4])));
  }

  @Test
  void aPairOfFourDrivesDoesNotOpenBecauseTheOtherPairCouldAsWell() {
    World world = new World(4, options -> options - 1);
    world.writesLeft = Integer.MAX_VALUE;
    world.open(List.of(0, 1, 2, 3));
    assertThrows(DvxException.class, () -> Election.of(List.of(world.labels[0], world.labels[1])));
    assertEquals(
        Set.of(0, 1, 3),
        Election.of(List.of(world.labels[0], world.labels[1], world.labels[3])).believed());
  }
}
