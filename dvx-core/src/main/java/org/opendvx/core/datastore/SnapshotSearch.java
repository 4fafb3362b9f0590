package org.opendvx.core.datastore;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.Change.SnapshotHead;
import org.opendvx.core.datastore.SnapshotCatalogue.Newer;
import org.opendvx.core.datastore.SnapshotCatalogue.Tables;
import org.opendvx.core.tree.RecordTree;
import org.opendvx.core.tree.TreeIo;

/**
 * One search: walks the ids that the index gives for the rarest label that is asked for, or all ids
 * when no label is, past blocks without a cut at a wanted time. Confined to one thread.
 */
final class SnapshotSearch {
  /** Snapshots looked at for a page. */
  static final int MOST = 20_000;

  /** Ids taken from the index at a time. */
  private static final int STEP = 512;

  /**
   * A page.
   *
   * @param next the id after which to go on, 0 when there is no more
   * @param examined snapshots looked at
   */
  record Result(List<SnapshotHead> page, long next, int examined) {}

  private final SnapshotQuery query;
  private final int limit;
  private final NavigableMap<Long, Newer> memory;
  private final RecordTree ids;
  private final RecordTree names;
  private final NameHash hash;
  private final TreeIo io;
  private final boolean complete;
  private final SnapshotIndex.Times times;
  private final List<SnapshotHead> page = new ArrayList<>();
  private long last;
  private int examined;

  /** Set when there is more than the page holds. */
  private boolean full;

  /**
   * A search.
   *
   * @param memory what is newer than the tables, or gone; emptied
   */
  SnapshotSearch(
      SnapshotQuery query,
      int limit,
      NavigableMap<Long, Newer> memory,
      Tables tables,
      NameHash hash,
      TreeIo io) {
    this.query = query;
    this.limit = limit;
    this.memory = memory;
    this.ids = tables.byIdReader;
    this.names = tables.byNameReader;
    this.hash = hash;
    this.io = io;
    this.complete = tables.complete();
    this.times = new SnapshotIndex.Times(names, query, complete);
  }

  Result after(long afterId) {
    last = afterId;
    List<Long> labels = complete ? rarest() : List.of();
    if (labels.isEmpty()) {
      all();
    } else {
      labelled(labels);
    }
    if (!full) {
      fresh(Long.MAX_VALUE);
    }
    return new Result(page, full ? last : 0, examined);
  }

  /** The labels of which a snapshot must have one, such that the fewest snapshots do. */
  private List<Long> rarest() {
    List<List<Long>> choices = new ArrayList<>();
    if (!query.anyOf().isEmpty()) {
      choices.add(
          query.anyOf().stream()
              .map(label -> SnapshotIndex.label(hash, label.key(), label.value()))
              .distinct()
              .toList());
    }
    query
        .labels()
        .forEach((key, value) -> choices.add(List.of(SnapshotIndex.label(hash, key, value))));
    return choices.stream()
        .min(
            Comparator.comparingLong(
                labels ->
                    labels.stream().mapToLong(each -> SnapshotIndex.count(names, each)).sum()))
        .orElse(List.of());
  }

  private void labelled(List<Long> labels) {
    long done = last;
    while (done != Long.MAX_VALUE && !full) {
      TreeSet<Long> found = new TreeSet<>();
      long end = Long.MAX_VALUE;
      for (long label : labels) {
        end = Math.min(end, SnapshotIndex.collect(names, label, done + 1, STEP, times, found));
      }
      for (long id : found.headSet(end, true)) {
        if (!examine(id, ids.get(id))) {
          return;
        }
      }
      done = end;
    }
  }

  private void all() {
    long from = times.next(last + 1);
    while (from != Long.MAX_VALUE && !full) {
      long[] next = {Long.MAX_VALUE};
      ids.scan(
          from,
          (id, record) -> {
            long wanted = times.next(id);
            if (wanted != id) {
              next[0] = wanted;
              return false;
            }
            return examine(id, record);
          });
      from = next[0];
    }
  }

  /** Looks at a stored snapshot; false when the page is done. */
  private boolean examine(long id, byte @Nullable [] record) {
    if (!fresh(id)) {
      return false;
    }
    if (examined == MOST) {
      full = true;
      return false;
    }
    examined++;
    if (record == null) {
      last = id;
      return true;
    }
    // What memory knows of it comes with the next one, or at the end.
    return memory.containsKey(id) || take(id, SnapshotRecord.decode(record).head(io));
  }

  /** Takes newer ones below an id; false when the page is done. */
  private boolean fresh(long below) {
    while (!memory.isEmpty() && memory.firstKey() < below) {
      long id = memory.firstKey();
      SnapshotCatalogue.Fresh fresh = memory.firstEntry().getValue().fresh();
      if (fresh != null && !take(id, fresh.head())) {
        return false;
      }
      Object _ = memory.remove(id);
    }
    return true;
  }

  private boolean take(long id, SnapshotHead head) {
    if (query.takes(head.name(), head.created(), head.labels())) {
      if (page.size() == limit) {
        full = true;
        return false;
      }
      page.add(head);
    }
    last = id;
    return true;
  }
}
