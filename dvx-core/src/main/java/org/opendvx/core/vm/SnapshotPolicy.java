package org.opendvx.core.vm;

/** What to do about the guest when a snapshot of its machine is taken. */
public enum SnapshotPolicy {
  /** Application-consistent or no restore point at all. */
  REQUIRE,
  /** As consistent as the guest allows, labelled with what was reached. */
  TRY,
  /** The guest is not asked: crash-consistent. */
  OFF
}
