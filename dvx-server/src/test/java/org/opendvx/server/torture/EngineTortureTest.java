package org.opendvx.server.torture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Random;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(700)
class EngineTortureTest {
  private static final long CAPACITY = 96 << 20;

  @TempDir private Path folder;

  @Test
  void whatSurvivesAKillIsWhatWasTold() throws Exception {
    String _ = assertGood(3, 1, Set.of(FaultKind.KILL));
  }

  @Test
  void whatSurvivesDrivesThatLieIsWhatWasTold() throws Exception {
    long seed = LongStream.iterate(1, next -> next + 1).filter(this::tells).findFirst().orElse(0);
    String told = assertGood(seed, 2, FaultKind.all());
    assertFalse(told.contains(" 0 operations"), told);
    assertFalse(told.lines().allMatch(line -> line.contains(" 0 faults")), told);
    assertFalse(told.lines().allMatch(line -> line.contains(" 0 bits flipped")), told);
  }

  /** Whether what happens in its first two rounds is not hidden by drives that are full. */
  private boolean tells(long seed) {
    Set<FaultKind> kinds = EnumSet.noneOf(FaultKind.class);
    for (int round = 0; round < 2; round++) {
      RoundPlan plan = RoundPlan.of(FaultKind.all(), TortureStore.DRIVES, seed, round);
      kinds.addAll(plan.kinds());
      if (plan.stages().stream()
          .noneMatch(stage -> stage.stream().anyMatch(drive -> !drive.faults().isEmpty()))) {
        return false;
      }
    }
    return !kinds.contains(FaultKind.FULL)
        && kinds.containsAll(EnumSet.of(FaultKind.FLIP, FaultKind.LOSTWRITE, FaultKind.POWERCUT));
  }

  private String assertGood(long seed, int rounds, Set<FaultKind> faults) throws Exception {
    StringWriter text = new StringWriter();
    EngineTorture torture =
        new EngineTorture(folder, CAPACITY, seed, faults, new PrintWriter(text));
    assertEquals("", torture.run(rounds), text::toString);
    assertTrue(text.toString().contains("round " + (rounds - 1) + ": "), text::toString);
    return text.toString();
  }

  @Test
  void aJudgeThatLooksFindsEveryKindOfDifference() throws Exception {
    try (TortureStore store = TortureStore.format(folder, CAPACITY)) {
      ClientFiles files = new ClientFiles(store.datastore());
      ClientModel model = new ClientModel(0);
      files.makeFolder(model);
      Random random = new Random(1);
      for (int i = 0; i < 60; i++) {
        Operation operation = model.next(random);
        files.perform(model, operation);
        model.apply(operation);
      }
      assertEquals("", files.difference(model));
      int slot = model.files().keySet().iterator().next();
      String shot = model.snapshots().keySet().iterator().next();
      Operation[] only = {
        new Operation.Write(slot, 5, new int[] {77}),
        new Operation.Remove(slot),
        new Operation.Drop(shot),
        new Operation.Cut(slot, "c0-more")
      };
      for (Operation operation : only) {
        ClientModel other = model.copy();
        other.apply(operation);
        assertFalse(files.difference(other).isEmpty(), operation::toString);
      }
      // A block of a snapshot that changed.
      model.shot(shot).blocks()[3] = 1_234_567;
      assertFalse(files.difference(model).isEmpty());
    }
  }

  @Test
  void theHistoryTellsBothSidesTheSame() throws Exception {
    History history = new History();
    history.add(java.util.List.of("ddrd", "", "d", "rr"));
    history.add(java.util.List.of("d", "dddd", "", "d"));
    Path file = folder.resolve("history");
    history.write(file);
    History read = History.read(file, TortureEngineCommand.CLIENTS);
    assertEquals(2, read.rounds());
    for (int client = 0; client < TortureEngineCommand.CLIENTS; client++) {
      ClientModel one = history.replay(client, 9);
      ClientModel other = read.replay(client, 9);
      assertEquals(one.files().keySet(), other.files().keySet());
      assertEquals(one.next(new Random(1)).getClass(), other.next(new Random(1)).getClass());
    }
  }
}
