package org.opendvx.server.demo;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.opendvx.server.demo.SnapshotSeries.Cut;
import org.opendvx.server.demo.SnapshotSeries.Series;
import org.opendvx.server.demo.load.Tally;

/**
 * What the demonstration measured.
 *
 * @param stuns hypervisor snapshots that vCenter was asked for
 * @param series the snapshots under load
 * @param loss what the loss of two drives did
 * @param both the cut over machines of both hypervisors
 * @param converted what became of the machine that went to the engine and back
 * @param holds of the guest with the agent
 * @param reduction bytes written by bytes stored
 * @param tally what was compared
 * @param seconds how long all of it took
 */
record Figures(
    StunCount.Counted stuns,
    Series series,
    DrivePull.Loss loss,
    BothHypervisors.Cut both,
    ThereAndBack.Converted converted,
    GuestSnapshots.Holds holds,
    double reduction,
    Tally tally,
    double seconds) {
  private static final double MILLI = 1e6;

  /** Whether all is as it must be. */
  boolean isGood() {
    return stuns.stuns() == 0 && stuns.engine() == 0 && tally.mismatches() == 0;
  }

  /** By the names under which they are kept; times in milliseconds. */
  Map<String, Object> byName() {
    List<Long> total = series.cuts().stream().map(Cut::totalNanos).sorted().toList();
    List<Long> held = series.cuts().stream().map(Cut::heldNanos).sorted().toList();
    Map<String, Object> figures = new LinkedHashMap<>();
    figures.put("stuns", stuns.stuns());
    figures.put("cut_ms_p50", millis(middle(total)));
    figures.put("cut_ms_max", millis(total.getLast()));
    figures.put("write_ms_max_in_cut", millis(series.longest().inside()));
    figures.put("write_ms_max_outside", millis(series.longest().outside()));
    figures.put("reduction", Math.round(reduction * 1000) / 1000.0);
    figures.put("bytes_verified", tally.bytes());
    figures.put("mismatches", tally.mismatches());
    figures.put("drives_lost", loss.lost());
    figures.put("stuns_of_control_run", stuns.control());
    figures.put("cuts", series.cuts().size());
    figures.put("held_ms_p50", millis(middle(held)));
    figures.put("held_ms_max", millis(held.getLast()));
    figures.put("writes_during_cuts", series.writes());
    figures.put("write_ms_max_at_drive_loss", millis(loss.longestNanos()));
    figures.put("engine_snapshots", stuns.engine());
    figures.put("engine_snapshots_of_control_run", stuns.engineControl());
    figures.put("both_cut_ms", millis(both.totalNanos()));
    figures.put("both_cut_machines", both.machines());
    figures.put("both_writes_during_cut", both.writes());
    figures.put("convert_more_percent", converted.percent());
    holds.putInto(figures);
    figures.put("seconds", Math.round(seconds * 10) / 10.0);
    return figures;
  }

  private static long middle(List<Long> sorted) {
    return sorted.get(sorted.size() / 2);
  }

  private static double millis(long nanos) {
    return Math.round(nanos / MILLI * 1000) / 1000.0;
  }
}
