package org.opendvx.core.pool.local;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What is known of containers that are not in the index: those of which too few shards have been
 * found, which drives that are taken back may complete; and those that were deleted while a drive
 * was away, whose shards on it must not come back. Thread-safe.
 */
final class Leftovers {
  private final Map<Stripe, ContainerEntry> incomplete = new ConcurrentHashMap<>();
  private final Set<Long> tombstones = ConcurrentHashMap.newKeySet();
  private final Set<Long> tombstoneFiles = ConcurrentHashMap.newKeySet();

  /** Containers whose deletion was begun, and not finished: nobody misses them. */
  private final Set<Long> doomed = ConcurrentHashMap.newKeySet();

  private record Stripe(long id, int attempt, StripeShape shape) {
    private static Stripe of(ShardName shard) {
      return new Stripe(shard.containerId(), shard.attempt(), shard.shape());
    }

    private static Stripe of(ContainerEntry entry) {
      return new Stripe(entry.id(), entry.attempt(), entry.shape());
    }
  }

  /** Containers that were deleted while a drive was away. */
  Set<Long> tombstones() {
    return tombstones;
  }

  /** Those of them of which an earlier version made a file each. */
  Set<Long> tombstoneFiles() {
    return tombstoneFiles;
  }

  /** The incomplete container that a shard belongs to. */
  @Nullable ContainerEntry get(ShardName shard) {
    return incomplete.get(Stripe.of(shard));
  }

  void put(ContainerEntry entry) {
    incomplete.put(Stripe.of(entry), entry);
  }

  /** Notes shards besides those of the same writing that are known already. */
  void add(ContainerEntry entry) {
    incomplete.merge(
        Stripe.of(entry),
        entry,
        (known, more) -> {
          ContainerEntry all = known;
          for (int shard = 0; shard < more.shape().shards(); shard++) {
            if (more.drive(shard) != DriveSet.ABSENT) {
              all = all.withDrive(shard, more.drive(shard));
            }
          }
          return all;
        });
  }

  void remove(ContainerEntry entry) {
    incomplete.remove(Stripe.of(entry));
  }

  /** What there is of a container, by attempt. */
  List<ContainerEntry> of(long id) {
    return incomplete.values().stream().filter(entry -> entry.id() == id).toList();
  }

  List<ContainerEntry> all() {
    return List.copyOf(incomplete.values());
  }

  boolean isEmpty() {
    return incomplete.isEmpty();
  }

  /** The deletion of a container begins. */
  void doom(long id) {
    doomed.add(id);
  }

  /** A container is deleted. */
  void deleted(long id) {
    doomed.remove(id);
  }

  boolean isDoomed(long id) {
    return doomed.contains(id);
  }

  /** Forgets every shard of a drive. */
  void clearDrive(int drive) {
    for (ContainerEntry entry : all()) {
      int shard = DriveSet.shardOn(entry.drives(), entry.shape().shards(), drive);
      if (shard >= 0) {
        ContainerEntry less = entry.withDrive(shard, DriveSet.ABSENT);
        if (less.found() == 0) {
          remove(entry);
        } else {
          put(less);
        }
      }
    }
  }
}
