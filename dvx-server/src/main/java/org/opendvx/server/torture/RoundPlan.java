package org.opendvx.server.torture;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import org.opendvx.server.torture.drive.DrivePlan;
import org.opendvx.server.torture.drive.Fault;

/**
 * What goes wrong in a round: first in the process that works, then in some that do nothing but
 * open what is left. The seed and the round fix it. Drives that lie are at most two, the same ones
 * through the round, since that is what a pool of six promises to stand.
 *
 * @param kinds of faults in this round
 * @param lying drives that fail or lie, by index
 * @param stages what each drive does in each process; without drives where all are sound
 * @param flipsEarly whether bits flip before the round rather than after the work
 * @param scrubsFirst whether the judge scrubs before it reads what there is
 * @param cleans whether the cleaner runs beside the work; without it the journal gets longer
 * @param rebuildDelay after which what a drive that is away had is written elsewhere
 */
record RoundPlan(
    Set<FaultKind> kinds,
    List<Integer> lying,
    List<List<DrivePlan>> stages,
    boolean flipsEarly,
    boolean scrubsFirst,
    boolean cleans,
    Duration rebuildDelay) {
  private static final int MOST_LYING = 2;
  private static final int MOST_RECOVERIES = 2;
  private static final int MOST_FAULTS = 3;
  private static final int WORK_BITS = 12;

  /** About what opening needs. */
  private static final int WORK_LEAST = 60;

  private static final int OPENING_BITS = 8;
  private static final int MOST_TIMES = 5;
  private static final int LEAST_FULL_MILLIS = 200;
  private static final int MORE_FULL_MILLIS = 3000;
  private static final double[] EARLY = {0, 0.5, 0.95};
  private static final Duration[] REBUILD = {
    Duration.ofMillis(200), Duration.ofSeconds(3), Duration.ofMinutes(10)
  };
  private static final Set<FaultKind> OF_DRIVES =
      EnumSet.of(FaultKind.IOERROR, FaultKind.TORN, FaultKind.LOSTWRITE);

  /** The plan of a round. */
  static RoundPlan of(Set<FaultKind> allowed, int drives, long seed, int round) {
    // Numbers of seeds that are neighbours have nothing to do with each other this way.
    Random random = new Random(new SplittableRandom(seed * 1_000_003 + round).nextLong());
    Set<FaultKind> kinds = EnumSet.noneOf(FaultKind.class);
    // In the same order in every process, which that of a set need not be.
    for (FaultKind kind : FaultKind.values()) {
      if (allowed.contains(kind) && (random.nextBoolean() || allowed.size() == 1)) {
        kinds.add(kind);
      }
    }
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < drives; i++) {
      order.add(i);
    }
    Collections.shuffle(order, random);
    List<Integer> lying = order.subList(0, 1 + random.nextInt(MOST_LYING));
    List<List<DrivePlan>> stages = new ArrayList<>();
    boolean plain = EnumSet.of(FaultKind.KILL, FaultKind.FLIP).containsAll(kinds);
    int recoveries = plain ? 0 : random.nextInt(MOST_RECOVERIES + 1);
    for (int stage = 0; stage <= recoveries; stage++) {
      stages.add(plain ? List.of() : stage(kinds, drives, lying, stage, random));
    }
    return new RoundPlan(
        kinds,
        List.copyOf(lying),
        stages,
        random.nextBoolean(),
        random.nextBoolean(),
        random.nextInt(3) > 0,
        REBUILD[random.nextInt(REBUILD.length)]);
  }

  private static List<DrivePlan> stage(
      Set<FaultKind> kinds, int drives, List<Integer> lying, int stage, Random random) {
    int bits = stage == 0 ? WORK_BITS : OPENING_BITS;
    boolean powercut = kinds.contains(FaultKind.POWERCUT);
    int cutting = powercut || stage > 0 ? random.nextInt(drives) : -1;
    boolean full = kinds.contains(FaultKind.FULL) && (stage == 0 || random.nextInt(4) == 0);
    boolean all = random.nextBoolean();
    int fullAfter = below(random, bits);
    double early = EARLY[random.nextInt(EARLY.length)];
    List<DrivePlan> plans = new ArrayList<>();
    for (int drive = 0; drive < drives; drive++) {
      List<Fault> faults = new ArrayList<>();
      boolean lies = lying.contains(drive);
      if (lies) {
        faults.addAll(faults(kinds, bits, random));
      }
      if (drive == cutting) {
        Fault.Task task = random.nextBoolean() ? Fault.Task.WRITE : Fault.Task.FORCE;
        int after = stage == 0 ? WORK_LEAST + below(random, bits) : below(random, bits);
        faults.addFirst(new Fault(Fault.What.POWER, task, after, 1));
      }
      boolean fills = full && (all || random.nextBoolean());
      plans.add(
          new DrivePlan(
              faults,
              powercut || (lies && kinds.contains(FaultKind.LOSTWRITE)),
              early,
              fills ? fullAfter : -1,
              LEAST_FULL_MILLIS + random.nextInt(MORE_FULL_MILLIS),
              random.nextLong()));
    }
    return plans;
  }

  private static List<Fault> faults(Set<FaultKind> kinds, int bits, Random random) {
    List<FaultKind> possible = kinds.stream().filter(OF_DRIVES::contains).toList();
    List<Fault> faults = new ArrayList<>();
    int count = possible.isEmpty() ? 0 : random.nextInt(MOST_FAULTS + 1);
    for (int i = 0; i < count; i++) {
      int after = below(random, bits);
      int times = random.nextInt(4) == 0 ? Fault.FOR_GOOD : 1 + random.nextInt(MOST_TIMES);
      faults.add(
          switch (possible.get(random.nextInt(possible.size()))) {
            case TORN -> new Fault(Fault.What.TORN, Fault.Task.WRITE, after, times);
            case LOSTWRITE -> new Fault(Fault.What.LOST, Fault.Task.FORCE, after, times);
            default -> {
              Fault.Task[] tasks = Fault.Task.values();
              Fault.Task task = tasks[random.nextInt(tasks.length)];
              yield new Fault(Fault.What.ERROR, task, after, times);
            }
          });
    }
    return faults;
  }

  /** As often small as large. */
  private static int below(Random random, int bits) {
    return random.nextInt(1 << (1 + random.nextInt(bits)));
  }

  /** Processes that only open what is left, one after the other. */
  int recoveries() {
    return stages.size() - 1;
  }

  /** Whether an opening may be refused for want of room. */
  boolean mayBeFull(int stage) {
    return stages.get(stage).stream().anyMatch(plan -> plan.fullAfter() >= 0);
  }

  @Override
  public String toString() {
    return FaultKind.words(kinds)
        + " with drives "
        + lying
        + (cleans ? "" : ", no cleaner")
        + (recoveries() == 0 ? "" : ", " + recoveries() + " crashes while it opens");
  }
}
