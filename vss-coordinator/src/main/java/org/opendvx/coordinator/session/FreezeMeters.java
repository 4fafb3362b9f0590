package org.opendvx.coordinator.session;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;

/** What is measured of agents. */
final class FreezeMeters {
  private static final Duration[] HELD = {
    Duration.ofMillis(10),
    Duration.ofMillis(25),
    Duration.ofMillis(50),
    Duration.ofMillis(100),
    Duration.ofMillis(150),
    Duration.ofMillis(250),
    Duration.ofMillis(500),
    Duration.ofSeconds(1),
    Duration.ofSeconds(2),
    Duration.ofSeconds(5),
    Duration.ofSeconds(10)
  };
  private static final Duration[] FROZEN = {
    Duration.ofMillis(100),
    Duration.ofMillis(500),
    Duration.ofSeconds(1),
    Duration.ofSeconds(5),
    Duration.ofSeconds(10),
    Duration.ofSeconds(20),
    Duration.ofSeconds(60)
  };

  private final MeterRegistry meters;
  private final Timer held;
  private final Timer frozen;

  FreezeMeters(MeterRegistry meters, Links links) {
    this.meters = meters;
    this.held =
        Timer.builder("dvx.agent.writes.held")
            .description("How long guests held their writes")
            .serviceLevelObjectives(HELD)
            .register(meters);
    this.frozen =
        Timer.builder("dvx.agent.writers.frozen")
            .description("How long applications in guests were frozen")
            .serviceLevelObjectives(FROZEN)
            .register(meters);
    Gauge.builder("dvx.agent.connected", links, Links::count)
        .description("Guest agents that may be asked to freeze")
        .register(meters);
  }

  void held(long heldMillis, long frozenMillis) {
    held.record(Duration.ofMillis(heldMillis));
    frozen.record(Duration.ofMillis(frozenMillis));
  }

  void refused(String code) {
    Counter.builder("dvx.agent.refusals")
        .description("Connections of agents that were refused")
        .tag("code", code)
        .register(meters)
        .increment();
  }

  void freeze(String result) {
    Counter.builder("dvx.agent.freezes")
        .description("Freezes by how they ended")
        .tag("result", result)
        .register(meters)
        .increment();
  }
}
