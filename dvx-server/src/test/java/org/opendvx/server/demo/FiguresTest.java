package org.opendvx.server.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.opendvx.server.demo.SnapshotSeries.Cut;
import org.opendvx.server.demo.SnapshotSeries.Series;
import org.opendvx.server.demo.load.Tally;
import org.opendvx.server.demo.load.WriteTimes;

class FiguresTest {
  private final Tally tally = new Tally();

  private static Cut cut(long totalMillis) {
    return new Cut(
        "s",
        new long[0],
        new long[0],
        totalMillis * 100_000,
        totalMillis * 1_000_000,
        new WriteTimes.Window(0, 0));
  }

  private Figures figures(long stuns) {
    return figures(stuns, 0);
  }

  private Figures figures(long stuns, long engineSnapshots) {
    Series series =
        new Series(
            List.of(cut(9), cut(1), cut(3), cut(2), cut(4)),
            1000,
            new WriteTimes.Longest(12_345_678, 23_456_789));
    return new Figures(
        new StunCount.Counted(stuns, 1, engineSnapshots, 1),
        series,
        new DrivePull.Loss(2, 250_000_000),
        new BothHypervisors.Cut("s", 2, 7_500_000, 40),
        new ThereAndBack.Converted(1_000_000, 1_230),
        new GuestSnapshots.Holds(List.of(4L, 5L, 60L), Map.of("CRASH", 2L)),
        1.98765,
        tally,
        61.23);
  }

  @Test
  void theNamesAndUnitsAreThoseThatAreAskedFor() {
    tally.checked(4096);
    Map<String, Object> names = figures(0).byName();
    assertEquals(
        List.of(
            "stuns",
            "cut_ms_p50",
            "cut_ms_max",
            "write_ms_max_in_cut",
            "write_ms_max_outside",
            "reduction",
            "bytes_verified",
            "mismatches",
            "drives_lost"),
        names.keySet().stream().limit(9).toList());
    assertEquals(3.0, names.get("cut_ms_p50"));
    assertEquals(9.0, names.get("cut_ms_max"));
    assertEquals(12.346, names.get("write_ms_max_in_cut"));
    assertEquals(23.457, names.get("write_ms_max_outside"));
    assertEquals(1.988, names.get("reduction"));
    assertEquals(4096L, names.get("bytes_verified"));
    assertEquals(2, names.get("drives_lost"));
    assertEquals(0.9, names.get("held_ms_max"));
    assertEquals(0L, names.get("engine_snapshots"));
    assertEquals(7.5, names.get("both_cut_ms"));
    assertEquals(2, names.get("both_cut_machines"));
    assertEquals(0.123, names.get("convert_more_percent"));
    assertEquals(5L, names.get("hold_ms_p50"));
    assertEquals(60L, names.get("hold_ms_max"));
    assertEquals(Map.of("CRASH", 2L), names.get("labels"));
  }

  @Test
  void aStunOrAMismatchIsNotGood() {
    assertTrue(figures(0).isGood());
    assertFalse(figures(1).isGood());
    assertFalse(figures(0, 1).isGood());
    tally.mismatch("one");
    assertFalse(figures(0).isGood());
  }

  @Test
  void theTableShowsEveryFigure() {
    String table = FigureTable.of(figures(0).byName());
    assertTrue(table.contains("9.0"), table);
    assertTrue(table.contains("1.988 : 1"), table);
  }
}
