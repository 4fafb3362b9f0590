package org.opendvx.server.service;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.opendvx.core.datastore.SnapshotQuery;
import org.opendvx.core.vm.RestorePoint;

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
  private static final long NANOS = 1_000_000_000L;

  /** Every snapshot. */
  public static final SnapshotFilter ALL =
      new SnapshotFilter("", "", Map.of(), Instant.MIN, Instant.MAX);

  /** Whether any snapshot will do. */
  boolean any() {
    return equals(ALL);
  }

  SnapshotQuery query() {
    return new SnapshotQuery(
        name,
        labels,
        vm.isEmpty() ? List.of() : RestorePoint.labelsOf(vm),
        nanos(since),
        nanos(until));
  }

  /** Nanoseconds since 1970, or the nearest that can be told. */
  private static long nanos(Instant time) {
    long seconds = time.getEpochSecond();
    if (seconds > Long.MAX_VALUE / NANOS - 1) {
      return Long.MAX_VALUE;
    }
    return seconds < Long.MIN_VALUE / NANOS + 1 ? Long.MIN_VALUE : seconds * NANOS + time.getNano();
  }
}
