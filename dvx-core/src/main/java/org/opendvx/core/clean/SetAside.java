package org.opendvx.core.clean;

import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import org.opendvx.core.error.Kind;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Containers that cannot be cleaned now, and why: they are left as they are, the others are not
 * kept waiting for them. After a while each is tried again. Thread-safe.
 */
final class SetAside {
  private static final Logger LOG = LoggerFactory.getLogger(SetAside.class);

  /** Damage is rarely mended, and then by a repair that takes its time. */
  private static final Duration DAMAGED = Duration.ofHours(1);

  private static final Duration AWAY = Duration.ofMinutes(1);
  private static final int MOST_LISTED = 20;

  private record Entry(String why, Instant since, long retryAtNanos) {}

  private final Map<Long, Entry> entries = new ConcurrentHashMap<>();

  /** Sets a container aside. */
  void add(long place, Kind kind, String why) {
    Duration time = kind == Kind.CORRUPT ? DAMAGED : AWAY;
    Entry entry = new Entry(why, Instant.now(), System.nanoTime() + time.toNanos());
    if (entries.put(place, entry) == null) {
      LOG.warn("Container {} is not cleaned for now and stays as it is: {}", place, why);
    }
  }

  /** It is gone, or was cleaned after all. */
  void remove(long place) {
    entries.remove(place);
  }

  boolean contains(long place) {
    Entry entry = entries.get(place);
    return entry != null && System.nanoTime() - entry.retryAtNanos() < 0;
  }

  /** Those that are not to be tried now. */
  Set<Long> now() {
    Set<Long> now = new TreeSet<>();
    entries.keySet().stream().filter(this::contains).forEach(now::add);
    return now;
  }

  /** How many there are, those too that are due to be tried again. */
  int size() {
    return entries.size();
  }

  /** Some of them, by number. */
  List<CleanerStatus.Stuck> listed() {
    return entries.entrySet().stream()
        .map(
            each ->
                new CleanerStatus.Stuck(
                    each.getKey(), each.getValue().why(), each.getValue().since()))
        .sorted(Comparator.comparingLong(CleanerStatus.Stuck::container))
        .limit(MOST_LISTED)
        .toList();
  }
}
