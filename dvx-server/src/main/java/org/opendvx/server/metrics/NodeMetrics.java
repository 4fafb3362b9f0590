package org.opendvx.server.metrics;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.cache.FlashCache;
import org.opendvx.core.cache.FlashStatus;
import org.opendvx.core.clean.CleanerStatus;
import org.opendvx.core.clean.CleanerStatus.State;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.Datastore.SpaceReport;
import org.opendvx.core.datastore.DvxDatastore;
import org.opendvx.core.pool.Pool;
import org.opendvx.core.pool.local.CareStatus;

/** What the node measures of pool, datastore and itself. Thread-safe. */
public final class NodeMetrics implements AutoCloseable {
  private final PoolMetrics pooled;
  private final PrometheusMeterRegistry registry;
  private final Datastore datastore;

  /** What one scrape sees, so that its figures belong together. */
  private volatile @Nullable SpaceReport sample;

  /** Metrics over these. */
  public NodeMetrics(String version, Pool pool, Datastore datastore) {
    this.pooled = new PoolMetrics(version, pool);
    this.registry = pooled.registry();
    this.datastore = datastore;
    datastoreGauges();
  }

  /**
   * Measures where reads are answered from, and the cache on flash.
   *
   * @param flash null when there is none
   */
  public void measure(@Nullable FlashCache flash) {
    tier("ram", real -> real.logStatistics().cacheHits());
    tier("flash", _ -> flash == null ? 0 : flash.status().hits());
    tier(
        "pool",
        real -> real.logStatistics().cacheMisses() - (flash == null ? 0 : flash.status().hits()));
    if (flash == null) {
      return;
    }
    flash("read", "Bytes read from flash", flash, FlashStatus::bytesRead);
    flash("written", "Bytes written to flash", flash, FlashStatus::bytesWritten);
    flash("index", "Memory of the index", flash, FlashStatus::indexBytes);
    FunctionCounter.builder("dvx.flash.damaged.chunks", flash, cache -> cache.status().damaged())
        .description("Chunks on flash that failed their check")
        .register(registry);
    Gauge.builder(
            "dvx.flash.peer.cache.mode",
            () -> flash.status().mode() == FlashStatus.Mode.PEER_CACHE ? 1 : 0)
        .description("Whether there are flash devices and none of them works")
        .register(registry);
    for (int i = 0; i < flash.status().devices().size(); i++) {
      int device = i;
      Gauge.builder(
              "dvx.flash.device.active",
              () ->
                  flash.status().devices().get(device).state() == FlashStatus.State.ACTIVE ? 1 : 0)
          .description("Whether a flash device works")
          .tag("device", flash.status().devices().get(i).name())
          .register(registry);
    }
  }

  private void tier(String tier, ToDoubleFunction<DvxDatastore> chunks) {
    if (datastore instanceof DvxDatastore real) {
      FunctionCounter.builder("dvx.read.chunks", real, chunks)
          .description("Chunks read, by where they were found")
          .tag("tier", tier)
          .register(registry);
    }
  }

  private void flash(
      String name, String says, FlashCache flash, ToDoubleFunction<FlashStatus> value) {
    Gauge.builder("dvx.flash." + name, () -> value.applyAsDouble(flash.status()))
        .description(says)
        .baseUnit("bytes")
        .register(registry);
  }

  /** Measures the cleaner as well. */
  public void cleaner(Supplier<CleanerStatus> cleaner) {
    cleaned("rounds", "Rounds that ended", null, cleaner, CleanerStatus::rounds);
    cleaned("failures", "Rounds that failed", null, cleaner, CleanerStatus::failures);
    cleaned("containers.deleted", "Given back", null, cleaner, CleanerStatus::deletedContainers);
    cleaned("deleted", "Bytes of them", "bytes", cleaner, CleanerStatus::deletedBytes);
    cleaned("slots.moved", "Live slots copied", null, cleaner, CleanerStatus::movedSlots);
    cleaned("written", "What that took", "bytes", cleaner, CleanerStatus::writtenBytes);
    cleaning(
        "reclaimable",
        "Garbage as last estimated, -1 before that",
        "bytes",
        cleaner,
        CleanerStatus::reclaimableBytes);
    cleaning("live", "The rest of what was looked at", "bytes", cleaner, CleanerStatus::liveBytes);
    cleaning(
        "containers.condemned", "Being cleaned", null, cleaner, CleanerStatus::condemnedContainers);
    cleaning(
        "containers.stuck",
        "Not cleaned now since something in them cannot be read",
        null,
        cleaner,
        CleanerStatus::stuckContainers);
    cleaning(
        "containers.moved",
        "Whose slots are elsewhere than their addresses say",
        null,
        cleaner,
        CleanerStatus::movedContainers);
    cleaning(
        "failing",
        "1 while rounds fail or the pool may not be cleaned",
        null,
        cleaner,
        status -> status.state() == State.FAILING || status.state() == State.REFUSING ? 1 : 0);
    cleaning("waiting.writes", "Waiting for room now", null, cleaner, CleanerStatus::waitingWrites);
    cleaning("walk.nodes", "Visited by the last walk", null, cleaner, CleanerStatus::walkedNodes);
    cleaning("round", "The last round took", "seconds", cleaner, CleanerStatus::walkSeconds);
  }

  private void cleaned(
      String name,
      String says,
      @Nullable String unit,
      Supplier<CleanerStatus> cleaner,
      ToDoubleFunction<CleanerStatus> value) {
    FunctionCounter.builder(
            "dvx.cleaner." + name, cleaner, source -> value.applyAsDouble(source.get()))
        .description(says)
        .baseUnit(unit)
        .register(registry);
  }

  private void cleaning(
      String name,
      String says,
      @Nullable String unit,
      Supplier<CleanerStatus> cleaner,
      ToDoubleFunction<CleanerStatus> value) {
    Gauge.builder("dvx.cleaner." + name, () -> value.applyAsDouble(cleaner.get()))
        .description(says)
        .baseUnit(unit)
        .register(registry);
  }

  /** Measures what is done for the drives of this machine. */
  public void drives(Supplier<CareStatus> care) {
    pooled.drives(care);
  }

  /** The registry, for those who measure more. */
  public PrometheusMeterRegistry registry() {
    return registry;
  }

  /** All metrics in Prometheus' text format. */
  public String scrape() {
    sample = datastore.space();
    return pooled.scrape();
  }

  @Override
  public void close() {
    pooled.close();
  }

  private void datastoreGauges() {
    space("total", "Room of the datastore", SpaceReport::totalBytes);
    space("free", "Room that is left", SpaceReport::freeBytes);
    counter("logical", "Bytes written by clients", SpaceReport::logicalWritten);
    counter("unique", "Of them not duplicates", SpaceReport::uniqueWritten);
    counter("stored", "What those took, compressed", SpaceReport::storedWritten);
    Gauge.builder("dvx.datastore.files", () -> now().files())
        .description("Live files, directories and links")
        .register(registry);
    Gauge.builder("dvx.datastore.snapshots", () -> datastore.snapshots().count())
        .description("Snapshots")
        .register(registry);
    Gauge.builder("dvx.datastore.congested", () -> datastore.congested() ? 1 : 0)
        .description("Whether clients are slowed down because the journal is behind")
        .register(registry);
  }

  private void space(String name, String says, ToDoubleFunction<SpaceReport> value) {
    Gauge.builder("dvx.datastore." + name, () -> value.applyAsDouble(now()))
        .description(says)
        .baseUnit("bytes")
        .register(registry);
  }

  private void counter(String name, String says, ToDoubleFunction<SpaceReport> value) {
    FunctionCounter.builder(
            "dvx.datastore.written." + name, this, metrics -> value.applyAsDouble(metrics.now()))
        .description(says)
        .baseUnit("bytes")
        .register(registry);
  }

  private SpaceReport now() {
    SpaceReport taken = sample;
    return taken == null ? datastore.space() : taken;
  }
}
