package org.opendvx.server.metrics;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.function.ToDoubleFunction;
import org.opendvx.core.peer.PeerTier;
import org.opendvx.core.peer.PeerTierStatus;
import org.opendvx.core.prefetch.Prefetch;

/** Where the reads of one of several hosts are answered from, and what is fetched ahead. */
public final class PeerMetrics {
  private PeerMetrics() {}

  /** Measures reads past memory by tier, and chunks between hosts. */
  public static void measure(MeterRegistry registry, PeerTier tier) {
    read(registry, tier, "flash", PeerTierStatus::flashChunks);
    read(registry, tier, "peer", PeerTierStatus::peerChunks);
    read(registry, tier, "pool", PeerTierStatus::poolChunks);
    way(registry, tier, "received", PeerTierStatus::bytesIn);
    way(registry, tier, "sent", PeerTierStatus::bytesOut);
    count(registry, tier, "served", "Chunks given to other hosts", PeerTierStatus::servedChunks);
    count(
        registry,
        tier,
        "refusals",
        "Requests of hosts that were too many",
        PeerTierStatus::refusals);
    count(
        registry,
        tier,
        "hedges",
        "Times that somebody else was asked since a host was slow",
        PeerTierStatus::hedges);
    count(
        registry,
        tier,
        "damaged",
        "Slots of hosts that were not what was asked for",
        status -> status.peers().stream().mapToLong(PeerTierStatus.OnePeer::damaged).sum());
    Gauge.builder(
            "dvx.peer.summaries",
            tier,
            t -> t.status().ownSummaryBytes() + t.status().peerSummaryBytes())
        .description("Memory for what is known of who has what")
        .baseUnit("bytes")
        .register(registry);
    Gauge.builder("dvx.peer.cache.mode", tier, t -> t.keeps() ? 0 : 1)
        .description("Whether this host has no flash that works, and reads from others")
        .register(registry);
  }

  private static void read(
      MeterRegistry registry, PeerTier tier, String name, ToDoubleFunction<PeerTierStatus> value) {
    FunctionCounter.builder("dvx.read.chunks", tier, t -> value.applyAsDouble(t.status()))
        .description("Chunks read, by where they were found")
        .tag("tier", name)
        .register(registry);
  }

  private static void way(
      MeterRegistry registry, PeerTier tier, String name, ToDoubleFunction<PeerTierStatus> value) {
    FunctionCounter.builder("dvx.peer.chunk", tier, t -> value.applyAsDouble(t.status()))
        .description("Messages about chunks between this host and the others")
        .baseUnit("bytes")
        .tag("way", name)
        .register(registry);
  }

  private static void count(
      MeterRegistry registry,
      PeerTier tier,
      String name,
      String says,
      ToDoubleFunction<PeerTierStatus> value) {
    FunctionCounter.builder("dvx.peer." + name, tier, t -> value.applyAsDouble(t.status()))
        .description(says)
        .register(registry);
  }

  /** Measures what is fetched ahead. */
  public static void measure(MeterRegistry registry, Prefetch prefetch) {
    FunctionCounter.builder("dvx.prefetch.moves", prefetch, p -> p.totals().started())
        .description("Moves of machines for which chunks were fetched ahead")
        .register(registry);
    ahead(registry, prefetch, "hot", Prefetch.Totals::hot);
    ahead(registry, prefetch, "skipped", Prefetch.Totals::skipped);
    ahead(registry, prefetch, "peers", Prefetch.Totals::fromPeers);
    ahead(registry, prefetch, "pool", Prefetch.Totals::fromPool);
    ahead(registry, prefetch, "missed", Prefetch.Totals::missed);
    ahead(registry, prefetch, "used", Prefetch.Totals::used);
    Gauge.builder("dvx.prefetch.rate", prefetch, Prefetch::rate)
        .description("Bytes a second that may be fetched ahead at present")
        .baseUnit("bytes")
        .register(registry);
  }

  private static void ahead(
      MeterRegistry registry,
      Prefetch prefetch,
      String what,
      ToDoubleFunction<Prefetch.Totals> of) {
    FunctionCounter.builder("dvx.prefetch", prefetch, p -> of.applyAsDouble(p.totals()))
        .description(
            "Hot chunks of machines that moved here: all, those here already, those fetched, not"
                + " had, and those fetched and then read")
        .baseUnit("bytes")
        .tag("what", what)
        .register(registry);
  }
}
