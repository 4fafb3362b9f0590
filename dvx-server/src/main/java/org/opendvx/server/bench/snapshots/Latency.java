package org.opendvx.server.bench.snapshots;

import java.util.Arrays;

/**
 * How long one kind of operation took, in microseconds.
 *
 * @param count operations
 */
record Latency(int count, double p50, double p99, double max) {
  private static final double MICROS = 1e3;

  /** Of these, in nanoseconds. */
  static Latency of(long[] nanos) {
    long[] sorted = nanos.clone();
    Arrays.sort(sorted);
    int count = sorted.length;
    return new Latency(
        count,
        sorted[count / 2] / MICROS,
        sorted[Math.min(count - 1, count * 99 / 100)] / MICROS,
        sorted[count - 1] / MICROS);
  }

  /** Something that is done again and again. */
  @FunctionalInterface
  interface Step {
    /** Does it; the number rises. */
    void run(int number);
  }

  /** Measures one after another. */
  static Latency measure(int count, Step step) {
    long[] nanos = new long[count];
    for (int i = 0; i < count; i++) {
      long start = System.nanoTime();
      step.run(i);
      nanos[i] = System.nanoTime() - start;
    }
    return of(nanos);
  }
}
