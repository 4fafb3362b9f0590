package org.opendvx.server.torture;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.opendvx.core.error.DvxException;
import org.opendvx.server.torture.drive.BitFlips;

/** Rounds of work, death and check. Confined to one thread. */
final class EngineTorture {
  private static final int FEWEST_OPERATIONS = 20;
  private static final int MORE_OPERATIONS = 500;

  private final Path folder;
  private final long capacity;
  private final long seed;
  private final Set<FaultKind> faults;
  private final PrintWriter out;
  private final History history = new History();

  EngineTorture(Path folder, long capacity, long seed, Set<FaultKind> faults, PrintWriter out) {
    this.folder = folder;
    this.capacity = capacity;
    this.seed = seed;
    this.faults = Set.copyOf(faults);
    this.out = out;
  }

  /** Runs rounds; gives what differs, empty when nothing does. */
  String run(int rounds) throws IOException, InterruptedException {
    try (TortureStore store = TortureStore.format(folder, capacity)) {
      ClientFiles files = new ClientFiles(store.datastore());
      for (int client = 0; client < TortureEngineCommand.CLIENTS; client++) {
        files.makeFolder(new ClientModel(client));
      }
    }
    for (int round = 0; round < rounds; round++) {
      RoundPlan plan = RoundPlan.of(faults, TortureStore.DRIVES, seed, round);
      String violation = round(round, plan);
      if (!violation.isEmpty()) {
        return "round %d, %s: %s".formatted(round, plan, violation);
      }
    }
    return "";
  }

  private String round(int round, RoundPlan plan) throws IOException, InterruptedException {
    history.write(folder.resolve("history"));
    // One more than there are clients, so that this has numbers of its own.
    Random random = History.random(seed, round, TortureEngineCommand.CLIENTS);
    int wanted = FEWEST_OPERATIONS + random.nextInt(MORE_OPERATIONS);
    BitFlips flips = new BitFlips();
    if (plan.flipsEarly()) {
      flip(plan, flips, random);
    }
    Told told = new Told();
    Victim victim = victim();
    String violation = victim.work(wanted, plan.mayBeFull(0), told);
    if (!plan.flipsEarly()) {
      flip(plan, flips, random);
    }
    long struck = victim.struck(0);
    for (int stage = 1; violation.isEmpty() && stage <= plan.recoveries(); stage++) {
      violation = victim.open(stage, plan.mayBeFull(stage));
      struck += victim.struck(stage);
    }
    if (!violation.isEmpty()) {
      return violation;
    }
    RoundJudge judge = new RoundJudge(folder, capacity, seed, history);
    try {
      violation = judge.judge(round, told, plan);
    } catch (RuntimeException e) {
      StringWriter trace = new StringWriter();
      e.printStackTrace(new PrintWriter(trace));
      violation =
          (e instanceof DvxException known ? known.render() : e.getMessage()) + "\n" + trace;
    }
    if (violation.isEmpty() && !flips.left().isEmpty()) {
      violation = "bits that flipped were not mended: " + flips.left();
    }
    if (!violation.isEmpty()) {
      return violation;
    }
    history.add(judge.outcomes());
    out.printf(
        "round %d: %s; %d operations (%d refused), %d faults, %d bits flipped%s, good%n",
        round, plan, told.operations(), told.refused(), struck, flips.count(), judge.summary());
    out.flush();
    return "";
  }

  private void flip(RoundPlan plan, BitFlips flips, Random random) throws IOException {
    if (plan.kinds().contains(FaultKind.FLIP)) {
      for (int drive : plan.lying()) {
        flips.flip(TortureStore.drives(folder).get(drive), random);
      }
    }
  }

  private Victim victim() {
    return new Victim(
        List.of(
            "--folder",
            folder.toString(),
            "--capacity",
            Long.toString(capacity),
            "--seed",
            Long.toString(seed),
            "--faults",
            FaultKind.words(faults)),
        folder.resolve("victim.log"));
  }
}
