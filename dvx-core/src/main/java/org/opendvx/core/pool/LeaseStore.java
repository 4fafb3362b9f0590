package org.opendvx.core.pool;

import java.time.Duration;
import java.util.Optional;

/**
 * Leases that several hosts contend for. A restart of whoever keeps them never cuts one short: all
 * leases then hold for their whole time once more.
 */
public interface LeaseStore {
  /** The longest time of a lease. */
  Duration MOST = Duration.ofSeconds(30);

  /**
   * Takes a lease that is free or has run out, or renews one that the holder has.
   *
   * @throws org.opendvx.core.error.DvxException CONFLICT when somebody else has it
   */
  Lease take(Epoch epoch, String name, String holder, Duration time);

  /** Gives a lease up; nothing happens when the holder does not have it. */
  void release(Epoch epoch, String name, String holder);

  /** Who has a lease; empty when nobody does. */
  Optional<Lease> look(String name);
}
