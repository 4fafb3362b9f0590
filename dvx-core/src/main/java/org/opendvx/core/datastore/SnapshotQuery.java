package org.opendvx.core.datastore;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.opendvx.core.datastore.Snapshots.SnapshotInfo;

/**
 * Which snapshots are wanted; all that is said must hold.
 *
 * @param text within the name, whatever the case; empty for any
 * @param labels that a snapshot must have
 * @param anyOf labels of which it must have one at least; empty when that does not matter
 * @param sinceNanos the earliest time of the cut, nanoseconds since 1970
 * @param untilNanos the time before which the cut must be
 */
public record SnapshotQuery(
    String text, Map<String, String> labels, List<Label> anyOf, long sinceNanos, long untilNanos) {

  /** Every snapshot. */
  public static final SnapshotQuery ALL =
      new SnapshotQuery("", Map.of(), List.of(), Long.MIN_VALUE, Long.MAX_VALUE);

  /** Most labels of each kind. */
  public static final int MAX_LABELS = 64;

  /** A label. */
  public record Label(String key, String value) {}

  /** Keeps copies. */
  public SnapshotQuery {
    text = text.toLowerCase(Locale.ROOT);
    labels = Map.copyOf(labels);
    anyOf = List.copyOf(anyOf);
  }

  /** Whether a snapshot is one of them. */
  public boolean takes(SnapshotInfo snapshot) {
    return takes(snapshot.name(), snapshot.createdNanos(), snapshot.labels());
  }

  boolean takes(String name, long created, Map<String, String> own) {
    return created >= sinceNanos
        && created < untilNanos
        && own.entrySet().containsAll(labels.entrySet())
        && (anyOf.isEmpty()
            || anyOf.stream().anyMatch(label -> label.value().equals(own.get(label.key()))))
        && (text.isEmpty() || name.toLowerCase(Locale.ROOT).contains(text));
  }

  /** Whether the time of the cut matters. */
  boolean timed() {
    return sinceNanos != Long.MIN_VALUE || untilNanos != Long.MAX_VALUE;
  }
}
