package org.opendvx.server.bench;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;
import org.opendvx.server.bench.ledger.BlockLedger;
import org.opendvx.server.bench.load.LoadRunner.Measured;
import org.opendvx.server.bench.load.LoadSettings;
import org.opendvx.server.bench.load.LoadStats;
import org.opendvx.server.bench.load.Operation;
import org.opendvx.server.bench.load.Outages;
import org.opendvx.server.bench.report.LoadReport;
import org.opendvx.server.bench.report.ProcessCpu;

/** Collects the figures of one run. Not thread-safe. */
final class ReportBuilder {
  private static final double NANOS = 1e9;

  private final NfsBench.Plan plan;
  private final OperatingSystemMXBean own =
      ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
  private final long began = System.nanoTime();
  private final List<LoadStats> all = new ArrayList<>();
  private long readyMillis;
  private long serverNanos;
  private long clientNanos;
  private long machineNanos;
  private boolean serverMeasured;
  private @Nullable Measured measured;

  /**
   * Names in the report.
   *
   * @param serverName what the server is called in comparisons
   * @param label what the load is called in comparisons
   * @param serverPids processes whose time is the server's
   */
  record Naming(String serverName, String label, List<Long> serverPids) {}

  ReportBuilder(NfsBench.Plan plan) {
    this.plan = plan;
  }

  /** The server answers. */
  void ready() {
    readyMillis = (System.nanoTime() - began) / 1_000_000;
  }

  /** Figures count from now on. */
  void measuring() {
    serverNanos = -serverTime();
    clientNanos = -own.getProcessCpuTime();
    machineNanos = -ProcessCpu.machineNanos();
  }

  /** The files were filled. */
  void filled(LoadStats stats) {
    all.add(stats);
  }

  /** The load has ended; {@code sameServer} says that no process was replaced meanwhile. */
  void measured(Measured result, boolean sameServer) {
    clientNanos += own.getProcessCpuTime();
    machineNanos += ProcessCpu.machineNanos();
    serverMeasured = sameServer && !plan.naming().serverPids().isEmpty();
    serverNanos = serverMeasured ? serverNanos + serverTime() : 0;
    measured = result;
    all.add(result.stats());
  }

  /** All blocks were read back. */
  void checked(LoadStats stats) {
    all.add(stats);
  }

  private long serverTime() {
    return ProcessCpu.nanos(plan.naming().serverPids());
  }

  LoadReport build(BlockLedger ledger, Outages outages) {
    Measured run = measured;
    LoadStats stats = run == null ? new LoadStats() : run.stats();
    double seconds = run == null ? 0 : run.nanos() / NANOS;
    Map<String, Long> errors = new TreeMap<>();
    all.forEach(part -> part.errors().forEach((name, n) -> errors.merge(name, n, Long::sum)));
    return new LoadReport(
        plan.naming().serverName(),
        plan.naming().label(),
        plan.target().toString(),
        load(ledger),
        seconds,
        run == null ? 0 : run.settleNanos() / NANOS,
        rate((double) stats.operations(), seconds),
        rate((double) stats.dataBytes(), seconds) / 1e6,
        calls(stats, Operation.READ),
        calls(stats, Operation.WRITE),
        calls(stats, Operation.COMMIT),
        serverMeasured ? cpu(serverNanos, stats, seconds) : null,
        run == null ? null : cpu(clientNanos, stats, seconds),
        serverMeasured ? cpu(machineNanos - clientNanos, stats, seconds) : null,
        errors,
        all.stream().mapToLong(LoadStats::failed).sum(),
        new LoadReport.Checks(
            all.stream().mapToLong(LoadStats::checkedBlocks).sum(),
            all.stream().mapToLong(LoadStats::mismatchCount).sum(),
            all.stream().flatMap(part -> part.mismatches().stream()).limit(10).toList(),
            all.stream().mapToLong(LoadStats::holes).sum(),
            ledger.durableBlocks(),
            all.stream().mapToLong(LoadStats::resent).sum(),
            all.stream().mapToLong(LoadStats::delays).sum()),
        new LoadReport.Away(outages.count(), outages.longestNanos() / 1e6),
        readyMillis,
        ended(run));
  }

  private static String ended(@Nullable Measured run) {
    if (run == null) {
      return "check";
    }
    return run.complete() ? "complete" : run.disconnected() ? "disconnected" : "too many errors";
  }

  private LoadReport.Load load(BlockLedger ledger) {
    LoadSettings settings = plan.settings();
    return new LoadReport.Load(
        settings.mode().name().toLowerCase(Locale.ROOT),
        ledger.span().blockSize(),
        settings.queueDepth(),
        settings.connections(),
        settings.readPercent(),
        settings.stability().name().toLowerCase(Locale.ROOT),
        ledger.span().files(),
        ledger.span().fileBytes(),
        plan.pattern().compressibility(),
        plan.pattern().duplicatePercent(),
        plan.pattern().seed());
  }

  private static LoadReport.Calls calls(LoadStats stats, Operation operation) {
    Histogram times = stats.histogram(operation);
    return new LoadReport.Calls(
        times.getTotalCount(),
        stats.bytes(operation),
        times.getMean() / 1e3,
        times.getValueAtPercentile(50) / 1e3,
        times.getValueAtPercentile(99) / 1e3,
        times.getValueAtPercentile(99.9) / 1e3,
        times.getMaxValue() / 1e3);
  }

  private static LoadReport.Cpu cpu(long nanos, LoadStats stats, double seconds) {
    return new LoadReport.Cpu(
        nanos / NANOS,
        rate(nanos / 1e3, (double) stats.operations()),
        rate(nanos / NANOS, seconds),
        rate(stats.dataBytes() / 1e6, nanos / NANOS));
  }

  private static double rate(double amount, double per) {
    return per > 0 ? amount / per : 0;
  }
}
