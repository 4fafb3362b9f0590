package org.opendvx.server.metrics;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.pool.Pool;
import org.opendvx.core.pool.PoolStatus;
import org.opendvx.core.pool.PoolStatus.DriveState;
import org.opendvx.core.pool.PoolStatus.Health;
import org.opendvx.core.pool.local.CareStatus;

/** What nodes and data nodes measure alike: the process, the pool and its drives. Thread-safe. */
public final class PoolMetrics implements AutoCloseable {
  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final Pool pool;
  private final MultiGauge driveTotal;
  private final MultiGauge driveUsed;
  private final MultiGauge driveActive;
  private volatile @Nullable DriveMetrics cared;

  /** What one scrape sees, so that its figures belong together. */
  private volatile @Nullable PoolStatus sample;

  /**
   * Metrics over these.
   *
   * @param version of the program
   */
  public PoolMetrics(String version, Pool pool) {
    this.pool = pool;
    new JvmMemoryMetrics().bindTo(registry);
    new JvmThreadMetrics().bindTo(registry);
    new ProcessorMetrics().bindTo(registry);
    new UptimeMetrics().bindTo(registry);
    Gauge.builder("dvx.build.info", () -> 1)
        .description("The version that runs")
        .tag("version", version)
        .register(registry);
    poolGauges();
    driveTotal = drives("dvx.drive.total", "Room for the pool on a drive");
    driveUsed = drives("dvx.drive.used", "Of it in use");
    driveActive =
        MultiGauge.builder("dvx.drive.active")
            .description("Whether a drive takes part")
            .register(registry);
  }

  /** Measures what is done for the drives of this machine. */
  public void drives(Supplier<CareStatus> care) {
    cared = new DriveMetrics(registry, care);
  }

  /** The registry, for those who measure more. */
  public PrometheusMeterRegistry registry() {
    return registry;
  }

  /** All metrics in Prometheus' text format. */
  public String scrape() {
    PoolStatus status = pool.status();
    sample = status;
    driveRows(driveTotal, status, PoolStatus.Drive::totalBytes);
    driveRows(driveUsed, status, PoolStatus.Drive::usedBytes);
    driveRows(driveActive, status, drive -> drive.state() == DriveState.ACTIVE ? 1 : 0);
    DriveMetrics drives = cared;
    if (drives != null) {
      drives.sample();
    }
    return registry.scrape();
  }

  @Override
  public void close() {
    registry.close();
  }

  private void poolGauges() {
    for (Health health : Health.values()) {
      Gauge.builder("dvx.pool.health", () -> now().health() == health ? 1 : 0)
          .description("1 for the state in which the pool is")
          .tag("state", health.name())
          .register(registry);
    }
    pool("tolerated.losses", "Drives that may still be lost", null, PoolStatus::toleratedLosses);
    pool("generation", "Membership generation", null, PoolStatus::generation);
    pool("containers", "Containers", null, PoolStatus::containers);
    pool("containers.degraded", "Containers lacking a shard", null, PoolStatus::degradedContainers);
    pool("raw", "Room of all active drives", "bytes", s -> s.capacity().rawBytes());
    pool("usable", "Room for data after parity", "bytes", s -> s.capacity().usableBytes());
    pool("free", "Usable room not in use", "bytes", s -> s.capacity().freeBytes());
    pool("reserve", "Part of free kept back", "bytes", s -> s.capacity().reserveBytes());
  }

  private void pool(
      String name, String says, @Nullable String unit, ToDoubleFunction<PoolStatus> value) {
    Gauge.builder("dvx.pool." + name, () -> value.applyAsDouble(now()))
        .description(says)
        .baseUnit(unit)
        .register(registry);
  }

  private MultiGauge drives(String name, String says) {
    return MultiGauge.builder(name).description(says).baseUnit("bytes").register(registry);
  }

  private static void driveRows(
      MultiGauge gauge, PoolStatus status, ToDoubleFunction<PoolStatus.Drive> value) {
    gauge.register(
        status.drives().stream()
            .map(
                drive ->
                    MultiGauge.Row.of(
                        Tags.of("drive", Integer.toString(drive.index())), drive, value))
            .toList(),
        true);
  }

  private PoolStatus now() {
    PoolStatus taken = sample;
    return taken == null ? pool.status() : taken;
  }
}
