package org.opendvx.core.nfs;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.nfs.rpc.RpcMetrics;
import org.opendvx.core.nfs.v3.Nfs3Program;
import org.opendvx.core.nfs.v3.Nfs3Status;

/**
 * The metrics {@code dvx_nfs_*}. Meters of NFS procedures are found by index: no look-up a call.
 */
final class NfsMetrics implements RpcMetrics {
  private static final int PROCEDURES = 22;

  /** Statuses by index: the small codes as they are, then those from 10001. */
  private static final int SMALL_CODES = 72;

  private static final int LARGE_CODES = 16;
  private static final int FIRST_LARGE = 10_001;
  private static final int STATUSES = SMALL_CODES + LARGE_CODES;
  private static final Duration[] BUCKETS = {
    Duration.ofNanos(50_000),
    Duration.ofNanos(100_000),
    Duration.ofNanos(250_000),
    Duration.ofNanos(500_000),
    Duration.ofMillis(1),
    Duration.ofNanos(2_500_000),
    Duration.ofMillis(5),
    Duration.ofMillis(10),
    Duration.ofMillis(25),
    Duration.ofMillis(100),
    Duration.ofMillis(500),
    Duration.ofSeconds(2),
    Duration.ofSeconds(10)
  };

  private final MeterRegistry registry;
  private final Nfs3Program names;
  private final Timer[] timers = new Timer[PROCEDURES];
  private final AtomicReferenceArray<@Nullable Counter> counters =
      new AtomicReferenceArray<>(PROCEDURES * STATUSES);
  private final Map<String, Counter> byReason = new ConcurrentHashMap<>();
  private final AtomicInteger open = new AtomicInteger();
  private final Counter received;
  private final Counter sent;

  NfsMetrics(MeterRegistry registry, Nfs3Program names) {
    this.registry = registry;
    this.names = names;
    for (int i = 0; i < PROCEDURES; i++) {
      timers[i] =
          Timer.builder("dvx.nfs.request")
              .description("Time from an NFS call's arrival to its reply")
              .tag("procedure", names.procedureName(i))
              .serviceLevelObjectives(BUCKETS)
              .register(registry);
    }
    received = bytes("in");
    sent = bytes("out");
    registry.gauge("dvx.nfs.connections", open);
  }

  @Override
  public void answered(int program, int procedure, int status, long nanos) {
    if (program != Nfs3Program.NUMBER || procedure < 0 || procedure >= PROCEDURES) {
      return;
    }
    int index =
        status < SMALL_CODES
            ? status
            : SMALL_CODES + Math.clamp(status - FIRST_LARGE, 0, LARGE_CODES - 1);
    Counter counter = counters.get(procedure * STATUSES + index);
    if (counter == null) {
      counter = counter(procedure, status);
      counters.set(procedure * STATUSES + index, counter);
    }
    counter.increment();
    timers[procedure].record(nanos, TimeUnit.NANOSECONDS);
  }

  @Override
  public void rejected(String reason) {
    reason("dvx.nfs.rejected.calls", reason);
  }

  @Override
  public void opened() {
    open.incrementAndGet();
  }

  @Override
  public void closed(String reason) {
    open.decrementAndGet();
    reason("dvx.nfs.closed.connections", reason);
  }

  @Override
  public void refused(String reason) {
    reason("dvx.nfs.refused.connections", reason);
  }

  @Override
  public void received(int bytes) {
    received.increment(bytes);
  }

  @Override
  public void sent(int bytes) {
    sent.increment(bytes);
  }

  private void reason(String meter, String reason) {
    byReason
        .computeIfAbsent(
            meter + '/' + reason,
            _ -> Counter.builder(meter).tag("reason", reason).register(registry))
        .increment();
  }

  private Counter counter(int procedure, int status) {
    return Counter.builder("dvx.nfs.requests")
        .description("NFS calls answered")
        .tag("procedure", names.procedureName(procedure))
        .tag("status", Nfs3Status.nameOf(status))
        .register(registry);
  }

  private Counter bytes(String direction) {
    return Counter.builder("dvx.nfs.bytes")
        .description("Bytes of RPC records on the network")
        .tag("direction", direction)
        .register(registry);
  }
}
