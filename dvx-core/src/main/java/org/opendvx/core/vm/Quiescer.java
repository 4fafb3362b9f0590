package org.opendvx.core.vm;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * What can hold a guest's writes still: a guest agent, or a hypervisor's freeze and thaw. Nothing
 * holds longer than its own dead-man timer allows, whatever becomes of the caller.
 */
public interface Quiescer {

  /** Name for labels and logs, such as {@code dvx-agent}. */
  String name();

  /** Whether it can try to hold this machine; cheap, asks no guest. */
  boolean covers(VmDescription vm);

  /**
   * Freezes the guest and returns when its writes are held.
   *
   * @param disks the disks that are going to be cut
   * @param limit until "held", after which it gives up and lets the guest go
   * @throws org.opendvx.core.error.DvxException when the guest could not be frozen; it is not held
   *     then
   */
  Held freeze(VmDescription vm, List<VmDescription.VmDisk> disks, Duration limit);

  /** A guest that is being held. */
  interface Held extends AutoCloseable {

    /** Lets go and learns what was true at the cut. Never throws: trouble lowers the label. */
    Outcome thaw();

    /** Lets go if {@link #thaw} was not called; never throws. */
    @Override
    void close();
  }

  /**
   * What the guest said after the thaw.
   *
   * @param consistency the most that may be claimed
   * @param reason why not more, empty for APPLICATION
   * @param writersFrozenMillis how long applications waited
   * @param writesHeldMillis how long writes were held
   * @param document the writers' documents to keep with the restore point
   */
  @SuppressWarnings("ArrayRecordComponent") // carried, never compared
  record Outcome(
      Consistency consistency,
      String reason,
      long writersFrozenMillis,
      long writesHeldMillis,
      Optional<byte[]> document) {}
}
