package org.opendvx.server.demo.load;

/** Scatters numbers: the finalizer of SplitMix64, the same at every run. */
final class Mix {
  private Mix() {}

  static long of(long x) {
    long z = (x + 0x9E3779B97F4A7C15L);
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }

  /** A number from 0 to {@code bound - 1}. */
  static long below(long bound, long x) {
    return Long.remainderUnsigned(of(x), bound);
  }
}
