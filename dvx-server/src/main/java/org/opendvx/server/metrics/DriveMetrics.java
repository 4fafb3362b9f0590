package org.opendvx.server.metrics;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.pool.local.CareStatus;
import org.opendvx.core.pool.local.CareStatus.DriveCondition;

/** What is done for the drives of this machine, as metrics. */
final class DriveMetrics {
  private static final double MILLIS = 1e3;
  private static final double MICROS = 1e6;

  private final Supplier<CareStatus> care;
  private final MeterRegistry registry;
  private final MultiGauge readErrors;
  private final MultiGauge badShards;
  private final MultiGauge suspected;
  private final MultiGauge leaving;
  private final MultiGauge mean;

  DriveMetrics(MeterRegistry registry, Supplier<CareStatus> care) {
    this.registry = registry;
    this.care = care;
    readErrors =
        drives("read.errors", "Reads that failed since the drive was taken into use", null);
    badShards = drives("bad.shards", "Shards found damaged or gone since then", null);
    suspected = drives("suspected", "1 while it has been much slower than the others", null);
    leaving = drives("leaving", "1 while it is being emptied to be removed", null);
    mean = drives("answer", "Mean time of its answers lately", "seconds");
    for (CareStatus.Phase phase : CareStatus.Phase.values()) {
      Gauge.builder("dvx.rebuild.phase", () -> now().rebuild().phase() == phase ? 1 : 0)
          .description("1 for the phase in which the rebuild is")
          .tag("phase", phase.name())
          .register(registry);
    }
    gauge(
        "rebuild.containers",
        "Containers of the rebuild under way",
        null,
        s -> s.rebuild().total());
    gauge("rebuild.containers.done", "Of them done", null, s -> s.rebuild().done());
    gauge("rebuild.moved", "Read and written since the start", "bytes", s -> s.rebuild().bytes());
    gauge(
        "rebuild.balance.moved", "Moved by the last rebalance", "bytes", s -> s.balance().bytes());
    gauge("scrub.running", "1 while everything is read", null, s -> s.scrub().running() ? 1 : 0);
    gauge("scrub.containers.done", "Containers read by this scrub", null, s -> s.scrub().done());
    gauge("scrub.read", "Bytes read by this scrub", "bytes", s -> s.scrub().bytes());
    gauge("scrub.bad.shards", "Bad shards found by this scrub", null, s -> s.scrub().found());
    gauge("scrub.repaired.shards", "Of them repaired", null, s -> s.scrub().repaired());
    gauge(
        "scrub.finished.timestamp",
        "When the last complete scrub ended; 0 for never",
        "seconds",
        s -> s.scrub().finishedMillis() / MILLIS);
  }

  /** Brings the rows of the drives up to date. */
  void sample() {
    CareStatus status = now();
    rows(readErrors, status, DriveCondition::readErrors);
    rows(badShards, status, DriveCondition::badShards);
    rows(suspected, status, drive -> drive.slow() ? 1 : 0);
    rows(leaving, status, drive -> drive.leaving() ? 1 : 0);
    rows(mean, status, drive -> drive.meanMicros() / MICROS);
  }

  private CareStatus now() {
    return care.get();
  }

  private MultiGauge drives(String name, String says, @Nullable String unit) {
    return MultiGauge.builder("dvx.drive." + name)
        .description(says)
        .baseUnit(unit)
        .register(registry);
  }

  private void gauge(
      String name, String says, @Nullable String unit, ToDoubleFunction<CareStatus> value) {
    Gauge.builder("dvx." + name, () -> value.applyAsDouble(now()))
        .description(says)
        .baseUnit(unit)
        .register(registry);
  }

  private static void rows(
      MultiGauge gauge, CareStatus status, ToDoubleFunction<DriveCondition> value) {
    gauge.register(
        status.drives().stream()
            .map(
                drive ->
                    MultiGauge.Row.of(
                        Tags.of("drive", Integer.toString(drive.index())), drive, value))
            .toList(),
        true);
  }
}
