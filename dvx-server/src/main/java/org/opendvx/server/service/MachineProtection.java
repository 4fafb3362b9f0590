package org.opendvx.server.service;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.opendvx.core.datastore.Snapshots.SnapshotInfo;
import org.opendvx.core.vm.SnapshotPolicy;
import org.opendvx.core.vm.Stragglers;
import org.opendvx.core.vm.VmRef;
import org.opendvx.server.api.CloneView;
import org.opendvx.server.api.RestoreView;

/**
 * Snapshots, restores and clones of virtual machines, as REST needs them. Calls block until all is
 * done and fail with {@link org.opendvx.core.error.DvxException}.
 */
public interface MachineProtection extends AutoCloseable {

  /** Lets all guests go that are still held, for some seconds at the most. */
  @Override
  default void close() {}

  /**
   * Takes a snapshot of a machine.
   *
   * @param name empty: made of the machine's name and the time
   * @param who asked for it
   */
  Shot snapshot(
      VmRef vm,
      String name,
      Map<String, String> labels,
      SnapshotPolicy policy,
      String who,
      Progress progress);

  /**
   * Takes snapshots of several machines in one instant.
   *
   * @param vms each with its policy
   */
  Shots snapshotTogether(
      Map<VmRef, SnapshotPolicy> vms,
      Map<String, String> labels,
      Stragglers stragglers,
      String who,
      Progress progress);

  /**
   * Brings a machine back in place.
   *
   * @param vm empty: the machine that the snapshot was taken of
   */
  RestoreView restore(
      Optional<VmRef> vm,
      SnapshotInfo snapshot,
      boolean powerOff,
      boolean powerOn,
      Progress progress);

  /** Makes a new machine. */
  CloneView clone(
      SnapshotInfo snapshot, String name, boolean powerOn, boolean keepMacs, Progress progress);

  /** Makes a machine of another hypervisor. */
  CloneView convert(Conversion conversion, Progress progress);

  /** What a snapshot tells of its machine. */
  Facts facts(SnapshotInfo snapshot);

  /**
   * What is kept of the machine with a snapshot, as a tree that can be written as JSON; empty when
   * there is nothing.
   */
  Optional<Object> document(SnapshotInfo snapshot);

  /**
   * A machine to make of another one.
   *
   * @param snapshot what it is made of; empty: {@code vm} as it is now
   * @param vm empty when there is a snapshot
   * @param kind {@code rhv} or {@code vsphere}
   * @param connection where to make it, empty: the only one of the kind
   * @param network that its cards are put on, empty: the one of the same name
   */
  record Conversion(
      Optional<SnapshotInfo> snapshot,
      Optional<VmRef> vm,
      String kind,
      String connection,
      String name,
      String network,
      boolean keepMacs,
      boolean powerOn) {}

  /**
   * A snapshot that was just taken.
   *
   * @param heldNanos how long the node held writes
   * @param totalNanos from the cut's begin until it was durable
   */
  record Shot(SnapshotInfo snapshot, long heldNanos, long totalNanos) {}

  /**
   * Snapshots of several machines.
   *
   * @param dropped why, by machine, for those that are not in it
   */
  record Shots(List<Shot> shots, Map<String, String> dropped) {}

  /**
   * What a snapshot tells of its machine. The first two are empty for a set of files.
   *
   * @param vmRef hypervisor/id
   * @param labels those that people gave
   */
  record Facts(
      String vm, String vmRef, String consistency, String reason, Map<String, String> labels) {}
}
