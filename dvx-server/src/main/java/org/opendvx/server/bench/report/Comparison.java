package org.opendvx.server.bench.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * Loads of several servers side by side: medians over the runs of each load, and their ratio to one
 * server's.
 *
 * @param baseline the server that the others are compared with
 * @param rows one for each load and server, in the order of the reports
 */
public record Comparison(String baseline, List<Row> rows) {

  /**
   * The medians of one load on one server.
   *
   * @param load the load's label
   * @param server the server's name
   * @param runs how many runs they are taken from
   * @param good whether no run had an error or a mismatch
   * @param iops operations a second
   * @param mbPerSecond data a second
   * @param p50Micros median time of a READ, or of a WRITE where there are none
   * @param p99Micros time that 99 % of them stay below
   * @param cpuMicros the server's processor time for each operation
   * @param machineMicros the machine's processor time for each operation beside the client's
   * @param iopsRatio operations a second over the baseline's
   * @param cpuRatio the baseline's processor time for each operation over this one's: above 1 this
   *     server does more with a processor
   */
  public record Row(
      String load,
      String server,
      int runs,
      boolean good,
      double iops,
      double mbPerSecond,
      double p50Micros,
      double p99Micros,
      double cpuMicros,
      double machineMicros,
      @Nullable Double iopsRatio,
      @Nullable Double cpuRatio) {}

  private record Key(String load, String server) {}

  /** Compares; the baseline need not have run every load. */
  public static Comparison of(Collection<LoadReport> reports, String baseline) {
    Map<Key, List<LoadReport>> groups = new LinkedHashMap<>();
    for (LoadReport report : reports) {
      groups
          .computeIfAbsent(new Key(report.label(), report.serverName()), _ -> new ArrayList<>())
          .add(report);
    }
    List<Row> rows = new ArrayList<>();
    groups.forEach(
        (key, runs) -> rows.add(row(key, runs, groups.get(new Key(key.load(), baseline)))));
    return new Comparison(baseline, rows);
  }

  private static Row row(Key key, List<LoadReport> runs, @Nullable List<LoadReport> base) {
    double iops = median(runs, LoadReport::iops);
    double cpu = median(runs, Comparison::cpuMicros);
    return new Row(
        key.load(),
        key.server(),
        runs.size(),
        runs.stream().allMatch(LoadReport::isGood),
        iops,
        median(runs, LoadReport::mbPerSecond),
        median(runs, run -> main(run).p50Micros()),
        median(runs, run -> main(run).p99Micros()),
        cpu,
        median(runs, run -> micros(run.rest())),
        base == null ? null : ratio(iops, median(base, LoadReport::iops)),
        base == null ? null : ratio(median(base, Comparison::cpuMicros), cpu));
  }

  private static LoadReport.Calls main(LoadReport run) {
    return run.reads().count() > 0 ? run.reads() : run.writes();
  }

  private static double cpuMicros(LoadReport run) {
    return micros(run.server());
  }

  private static double micros(LoadReport.@Nullable Cpu cpu) {
    return cpu == null ? 0 : cpu.microsPerOperation();
  }

  private static @Nullable Double ratio(double value, double base) {
    return value > 0 && base > 0 ? value / base : null;
  }

  /** The middle value, or the mean of the two in the middle. */
  static double median(List<LoadReport> runs, ToDoubleFunction<LoadReport> figure) {
    double[] sorted = runs.stream().mapToDouble(figure).toArray();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }

  /** A table in Markdown. */
  public String markdown() {
    StringBuilder out = new StringBuilder();
    out.append(
            "| load | server | IOPS | MB/s | p50 µs | p99 µs | server CPU µs/op | with kernel threads | IOPS vs ")
        .append(baseline)
        .append(" | per CPU second vs ")
        .append(baseline)
        .append(" |\n|---|---|--:|--:|--:|--:|--:|--:|--:|--:|\n");
    for (Row row : rows) {
      out.append(
          String.format(
              Locale.ROOT,
              "| %s | %s%s | %,.0f | %,.1f | %,.0f | %,.0f | %s | %s | %s | %s |%n",
              row.load(),
              row.server(),
              row.good() ? "" : " (with errors)",
              row.iops(),
              row.mbPerSecond(),
              row.p50Micros(),
              row.p99Micros(),
              micros(row.cpuMicros()),
              micros(row.machineMicros()),
              times(row.iopsRatio()),
              times(row.cpuRatio())));
    }
    return out.toString().stripTrailing();
  }

  private static String micros(double value) {
    return value > 0 ? String.format(Locale.ROOT, "%.1f", value) : "";
  }

  private static String times(@Nullable Double ratio) {
    return ratio == null ? "" : String.format(Locale.ROOT, "%.2fx", ratio);
  }
}
