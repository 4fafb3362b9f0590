package org.opendvx.server.metrics;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.clean.ResealStatus;

/** Metrics {@code dvx_keys_*}. */
public final class KeyMetrics {
  private KeyMetrics() {}

  /** Measures how far sealing anew has come. */
  public static void measure(MeterRegistry registry, Supplier<ResealStatus> keys) {
    gauge(registry, keys, "current", "Id of the current data key", null, ResealStatus::keyId);
    gauge(registry, keys, "data", "Data keys in the ring", null, now -> now.keyIds().size());
    gauge(
        registry,
        keys,
        "resealing",
        "1 while older data keys are in the ring",
        null,
        now -> now.active() ? 1 : 0);
    gauge(
        registry,
        keys,
        "containers.left",
        "To be sealed anew; -1 when not known yet",
        null,
        ResealStatus::containersLeft);
    gauge(
        registry,
        keys,
        "left",
        "Bytes of them; -1 when not known yet",
        "bytes",
        ResealStatus::bytesLeft);
    FunctionCounter.builder("dvx.keys.dropped", keys, source -> source.get().completed())
        .description("Times that older data keys were taken out of the ring")
        .register(registry);
  }

  private static void gauge(
      MeterRegistry registry,
      Supplier<ResealStatus> keys,
      String name,
      String says,
      @Nullable String unit,
      ToDoubleFunction<ResealStatus> value) {
    Gauge.builder("dvx.keys." + name, () -> value.applyAsDouble(keys.get()))
        .description(says)
        .baseUnit(unit)
        .register(registry);
  }
}
