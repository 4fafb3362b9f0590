package org.opendvx.coordinator.session;

/** A clock that only goes forward, whatever becomes of the time of day. */
@FunctionalInterface
public interface Ticker {
  /** The system's. */
  Ticker SYSTEM = System::nanoTime;

  /** Nanoseconds from an arbitrary start. */
  long nanos();

  /** Milliseconds since a moment. */
  default long millisSince(long start) {
    return (nanos() - start) / 1_000_000;
  }
}
