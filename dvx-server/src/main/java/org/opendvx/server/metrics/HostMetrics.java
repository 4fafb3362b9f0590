package org.opendvx.server.metrics;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.FunctionTimer;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;
import org.opendvx.core.cluster.ClusterHost;
import org.opendvx.core.cluster.HostStatus;

/** What a node measures of itself among other hosts. */
public final class HostMetrics {
  private static final double NANOS = 1e9;

  private HostMetrics() {}

  /** Measures a host. What flash, peers and pool gave is for {@link PeerMetrics}. */
  public static void measure(MeterRegistry registry, ClusterHost host) {
    FunctionCounter.builder("dvx.read.chunks", host, h -> h.status().reads().memory())
        .description("Chunks read, by where they were found")
        .tag("tier", "ram")
        .register(registry);
    gauge(registry, host, "lease.held", "Whether this host may answer", s -> s.leaseHeld() ? 1 : 0);
    gauge(registry, host, "life", "Rises by one each time this host joins", HostStatus::life);
    gauge(registry, host, "roots", "Roots that this host serves", s -> s.roots().size());
    gauge(
        registry,
        host,
        "barred",
        "Whether changes of files wait for the confirmation of their machines",
        s -> s.barred() ? 1 : 0);
    operations(registry, host, "local", HostStatus::localOperations);
    operations(registry, host, "forwarded", HostStatus::forwarded);
    traffic(registry, host, "sent", s -> s.traffic().sent());
    traffic(registry, host, "received", s -> s.traffic().received());
    FunctionTimer.builder(
            "dvx.host.hand.over",
            host,
            h -> h.status().handOvers().count(),
            h -> h.status().handOvers().sumNanos(),
            TimeUnit.NANOSECONDS)
        .description("How long files took to come to this host")
        .register(registry);
    Gauge.builder(
            "dvx.host.hand.over.longest", host, h -> h.status().handOvers().longestNanos() / NANOS)
        .description("The slowest of them")
        .baseUnit("seconds")
        .register(registry);
  }

  private static void gauge(
      MeterRegistry registry,
      ClusterHost host,
      String name,
      String says,
      ToDoubleFunction<HostStatus> value) {
    Gauge.builder("dvx.host." + name, host, h -> value.applyAsDouble(h.status()))
        .description(says)
        .register(registry);
  }

  private static void operations(
      MeterRegistry registry, ClusterHost host, String where, ToDoubleFunction<HostStatus> value) {
    FunctionCounter.builder("dvx.host.operations", host, h -> value.applyAsDouble(h.status()))
        .description("Operations by where they were carried out")
        .tag("where", where)
        .register(registry);
  }

  private static void traffic(
      MeterRegistry registry, ClusterHost host, String way, ToDoubleFunction<HostStatus> value) {
    FunctionCounter.builder("dvx.host.peer", host, h -> value.applyAsDouble(h.status()))
        .description("Messages between this host and the others")
        .baseUnit("bytes")
        .tag("way", way)
        .register(registry);
  }
}
