package org.opendvx.core.cluster;

/** The clock of leases: never goes back, and goes on while the machine is suspended. */
@FunctionalInterface
public interface LeaseClock {
  /** Nanoseconds since some moment of the past. */
  long nanos();
}
