package org.opendvx.server.torture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.opendvx.server.torture.drive.DrivePlan;
import org.opendvx.server.torture.drive.Fault;

class RoundPlanTest {
  private static final int DRIVES = 6;
  private static final int ROUNDS = 400;

  @Test
  void atMostTwoDrivesLieInARoundWhateverElseHappens() {
    for (int round = 0; round < ROUNDS; round++) {
      RoundPlan plan = RoundPlan.of(FaultKind.all(), DRIVES, 5, round);
      assertTrue(plan.lying().size() <= 2);
      for (List<DrivePlan> stage : plan.stages()) {
        for (int drive = 0; drive < stage.size(); drive++) {
          boolean lies =
              stage.get(drive).faults().stream()
                  .anyMatch(fault -> fault.what() != Fault.What.POWER);
          assertTrue(!lies || plan.lying().contains(drive), plan::toString);
        }
      }
    }
  }

  @Test
  void theSeedAndTheRoundFixIt() {
    for (int round = 0; round < ROUNDS; round++) {
      assertEquals(
          RoundPlan.of(FaultKind.all(), DRIVES, 5, round),
          RoundPlan.of(
              new LinkedHashSet<>(List.of(FaultKind.values()).reversed()), DRIVES, 5, round));
    }
  }

  @Test
  void everyKindComesAndNoneThatWasNotAskedFor() {
    Set<FaultKind> seen = EnumSet.noneOf(FaultKind.class);
    for (int round = 0; round < ROUNDS; round++) {
      seen.addAll(RoundPlan.of(FaultKind.all(), DRIVES, 5, round).kinds());
      RoundPlan plain = RoundPlan.of(Set.of(FaultKind.KILL), DRIVES, 5, round);
      assertEquals(List.of(List.of()), plain.stages());
    }
    assertEquals(FaultKind.all(), seen);
  }

  @Test
  void kindsAreReadAsTheyAreShown() {
    assertEquals(FaultKind.all(), FaultKind.parse(FaultKind.words(FaultKind.all())));
    assertEquals(Set.of(FaultKind.FLIP, FaultKind.FULL), FaultKind.parse("full, flip"));
    assertThrows(IllegalArgumentException.class, () -> FaultKind.parse("flip,flop"));
  }
}
