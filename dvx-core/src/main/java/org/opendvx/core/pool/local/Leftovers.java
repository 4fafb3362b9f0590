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

  /** The incomplete container that a shard belongs to. */
  @Nullable ContainerEntry get(ShardName shard) {
    return incomplete.get(Stripe.of(shard));
  }

  void put(ContainerEntry entry) {
    incomplete.put(Stripe.of(entry), entry);
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
}
