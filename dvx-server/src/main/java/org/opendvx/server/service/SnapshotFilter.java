package org.opendvx.server.service;

import java.time.Instant;
import java.util.Locale;
import java.util.Map;
import org.opendvx.server.api.SnapshotView;

/**
 * Which snapshots are wanted; empty parts do not matter.
 *
 * @param name text within the name, whatever the case
 * @param vm the machine's whole name, or hypervisor/id
 * @param labels that it must have
 * @param since the earliest moment
 * @param until the moment before which it must be
 */
public record SnapshotFilter(
    String name, String vm, Map<String, String> labels, Instant since, Instant until) {
  /** Every snapshot. */
  public static final SnapshotFilter ALL =
      new SnapshotFilter("", "", Map.of(), Instant.MIN, Instant.MAX);

  boolean takes(SnapshotView snapshot) {
    return snapshot.name().toLowerCase(Locale.ROOT).contains(name.toLowerCase(Locale.ROOT))
        && (vm.isEmpty() || vm.equals(snapshot.vm()) || vm.equals(snapshot.vmRef()))
        && snapshot.labels().entrySet().containsAll(labels.entrySet())
        && !snapshot.created().isBefore(since)
        && snapshot.created().isBefore(until);
  }
}
