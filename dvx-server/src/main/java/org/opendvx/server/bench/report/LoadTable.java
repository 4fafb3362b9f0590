package org.opendvx.server.bench.report;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Tells the figures of one load to a person. */
public final class LoadTable {
  private LoadTable() {}

  /** Some lines, the last without a line break. */
  public static String render(LoadReport report) {
    StringBuilder out = new StringBuilder();
    LoadReport.Load load = report.load();
    line(
        out,
        "load",
        String.format(
            Locale.ROOT,
            "%s %d B, queue depth %d x %d connections, %s, %d files x %d MiB, %.1fx, %d %% duplicates",
            load.mode(),
            load.blockSize(),
            load.queueDepth(),
            load.connections(),
            load.stable(),
            load.files(),
            load.fileBytes() >> 20,
            load.compressibility(),
            load.duplicatePercent()));
    line(
        out,
        "result",
        String.format(
            Locale.ROOT,
            "%,.0f IOPS   %,.1f MB/s   %.2f s (%.2f s of it to settle)   %s",
            report.iops(),
            report.mbPerSecond(),
            report.seconds(),
            report.settleSeconds(),
            report.ended()));
    calls(out, "reads", report.reads());
    calls(out, "writes", report.writes());
    calls(out, "commits", report.commits());
    cpu(out, "server CPU", report.server());
    cpu(out, "client CPU", report.client());
    cpu(out, "other CPU", report.rest());
    LoadReport.Checks checks = report.checks();
    line(
        out,
        "checked",
        String.format(
            Locale.ROOT,
            "%,d blocks, %,d mismatches, %,d holes; %,d blocks must survive a crash",
            checks.blocks(),
            checks.mismatches(),
            checks.holes(),
            checks.durableBlocks()));
    checks.first().forEach(text -> line(out, "", text));
    if (checks.resentWrites() + checks.delayedCalls() > 0) {
      line(
          out,
          "repeated",
          String.format(
              Locale.ROOT,
              "%,d writes after a new write verifier, %,d calls as the server asked to wait",
              checks.resentWrites(),
              checks.delayedCalls()));
    }
    if (report.outages().count() > 0) {
      line(
          out,
          "outages",
          String.format(
              Locale.ROOT,
              "%d, the longest %,.0f ms",
              report.outages().count(),
              report.outages().longestMillis()));
    }
    line(out, "errors", report.failed() + (report.errors().isEmpty() ? "" : " " + report.errors()));
    return out.toString().stripTrailing();
  }

  private static void calls(StringBuilder out, String name, LoadReport.Calls calls) {
    if (calls.count() > 0) {
      line(
          out,
          name,
          String.format(
              Locale.ROOT,
              "%,d   latency µs: mean %,.0f  p50 %,.0f  p99 %,.0f  p99.9 %,.0f  max %,.0f",
              calls.count(),
              calls.meanMicros(),
              calls.p50Micros(),
              calls.p99Micros(),
              calls.p999Micros(),
              calls.maxMicros()));
    }
  }

  private static void cpu(StringBuilder out, String name, LoadReport.@Nullable Cpu cpu) {
    if (cpu != null) {
      line(
          out,
          name,
          String.format(
              Locale.ROOT,
              "%.2f s   %.1f µs an operation   %.2f cores   %,.0f MB a core second",
              cpu.seconds(),
              cpu.microsPerOperation(),
              cpu.cores(),
              cpu.mbPerCoreSecond()));
    }
  }

  private static void line(StringBuilder out, String name, String text) {
    out.append("%-11s ".formatted(name)).append(text).append('\n');
  }
}
