package org.opendvx.core.vm;

import java.time.Duration;
import java.time.Instant;
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
   * Why it cannot hold a machine that it covers right now, such as a guest that is just booting;
   * empty when it can. Cheap, asks no guest: so that nobody waits for what is known.
   */
  default Optional<String> notReady(VmDescription vm) {
    return Optional.empty();
  }

  /**
   * Whether the guest of a machine that is off said that it shuts down in good order, and the
   * hypervisor saw that it then switched itself off, and nothing ran since.
   *
   * @return empty when it was not seen, or not whole
   */
  default Optional<Shutdown> witnessedShutdown(Hypervisor hypervisor, VmDescription vm) {
    return Optional.empty();
  }

  /**
   * A shutdown that was seen whole.
   *
   * @param name another shutdown does not have it
   * @param off when the machine went off, by this node's clock
   */
  record Shutdown(String name, Instant off) {}

  /**
   * Freezes the guest and returns when its writes are held.
   *
   * @param disks the disks that are going to be cut
   * @param limit until "held", after which it gives up and lets the guest go
   * @throws org.opendvx.core.error.DvxException when the guest could not be frozen; it is not held
   *     then
   */
  Held freeze(VmDescription vm, List<VmDescription.VmDisk> disks, Duration limit);

  /**
   * Does all that may take long before a freeze, so that several guests can be frozen at the same
   * moment. Nothing is held when this returns.
   *
   * @param limit until "prepared"
   * @throws org.opendvx.core.error.DvxException when the guest cannot; nothing is left to clean up
   */
  default Prepared prepare(VmDescription vm, List<VmDescription.VmDisk> disks, Duration limit) {
    return freezeLimit -> freeze(vm, disks, freezeLimit);
  }

  /** A guest that can be frozen without delay. */
  @FunctionalInterface
  interface Prepared extends AutoCloseable {

    /**
     * Holds the guest's writes; as {@link Quiescer#freeze}.
     *
     * @param limit until "held"
     */
    Held freeze(Duration limit);

    /** Gives up if {@link #freeze} was not called; never throws. */
    @Override
    default void close() {}
  }

  /** A guest that is being held. */
  interface Held extends AutoCloseable {

    /** Lets go and learns what was true at the cut. Never throws: trouble lowers the label. */
    Outcome thaw();

    /** Lets go because there is no cut that counts, and does not wait; never throws. */
    default void abort(String reason) {
      close();
    }

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
   * @param skipped volumes of the guest that were not frozen, each with the reason
   */
  @SuppressWarnings("ArrayRecordComponent") // carried, never compared
  record Outcome(
      Consistency consistency,
      String reason,
      long writersFrozenMillis,
      long writesHeldMillis,
      Optional<byte[]> document,
      List<String> skipped) {
    /** One of a guest that left nothing out. */
    public Outcome(
        Consistency consistency,
        String reason,
        long writersFrozenMillis,
        long writesHeldMillis,
        Optional<byte[]> document) {
      this(consistency, reason, writersFrozenMillis, writesHeldMillis, document, List.of());
    }
  }
}
