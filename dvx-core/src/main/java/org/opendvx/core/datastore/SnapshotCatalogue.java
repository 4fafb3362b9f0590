package org.opendvx.core.datastore;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.Change.SnapshotHead;
import org.opendvx.core.tree.FrozenTree;
import org.opendvx.core.tree.RecordTree;
import org.opendvx.core.tree.RootRef;
import org.opendvx.core.tree.TreeIo;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All snapshots: those of the last checkpoint in two trees (by id, by hash of the name), newer ones
 * and deletions in memory over them. Nothing here grows with the number of old snapshots.
 *
 * <p>Thread-safe for readers; changes are serialised by the caller, and kept apart from {@link
 * #freeze} by the cut lock.
 */
final class SnapshotCatalogue {
  private static final Logger LOG = LoggerFactory.getLogger(SnapshotCatalogue.class);
  private static final int CACHED_NODES = 20_000;

  /** A snapshot that no checkpoint has seen. */
  @SuppressWarnings("ArrayRecordComponent") // compared by identity
  record Fresh(SnapshotHead head, byte[] document, SnapshotContents contents) {
    @Override
    public boolean equals(@Nullable Object other) {
      return this == other;
    }

    @Override
    public int hashCode() {
      return System.identityHashCode(this);
    }
  }

  /** What memory says of an id: fresh, or gone when null. */
  record Newer(@Nullable Fresh fresh) {
    /** What it holds in memory: itself, and trees of so many files. */
    long weight() {
      return fresh == null ? 1 : 1L + fresh.head().files();
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return this == other;
    }

    @Override
    public int hashCode() {
      return System.identityHashCode(this);
    }
  }

  private final TreeIo io;
  private final NameHash hash;
  private final ConcurrentSkipListMap<Long, Newer> newer = new ConcurrentSkipListMap<>();
  private final ConcurrentHashMap<String, Long> freshNames = new ConcurrentHashMap<>();
  private final AtomicLong count;

  /** Weight of what is newer than the last checkpoint, and of what came since it began. */
  private final AtomicLong held = new AtomicLong();

  private final AtomicLong sinceFreeze = new AtomicLong();
  private final Cache<Long, SnapshotContents> contents =
      Caffeine.newBuilder()
          .maximumWeight(CACHED_NODES)
          .weigher((Long _, SnapshotContents c) -> c.nodes().size() + 1)
          .executor(Runnable::run)
          .build();
  private volatile Tables tables;

  /** The catalogue of a checkpoint. */
  SnapshotCatalogue(TreeIo io, NameHash hash, RootRef byId, RootRef byName) {
    this.io = io;
    this.hash = hash;
    this.tables = new Tables(FrozenTree.of(byId), FrozenTree.of(byName), io);
    this.count = new AtomicLong(byId.count());
  }

  long count() {
    return count.get();
  }

  @Nullable SnapshotHead head(long id) {
    Newer memory = newer.get(id);
    if (memory != null) {
      return memory.fresh() == null ? null : memory.fresh().head();
    }
    byte[] record = tables.byIdReader.get(id);
    if (record == null) {
      Newer since = newer.get(id);
      return since == null || since.fresh() == null ? null : since.fresh().head();
    }
    return SnapshotRecord.decode(record).head(io);
  }

  byte[] document(long id) {
    Newer memory = newer.get(id);
    if (memory != null && memory.fresh() != null) {
      return memory.fresh().document();
    }
    byte[] record = memory != null ? null : tables.byIdReader.get(id);
    return record == null ? new byte[0] : SnapshotRecord.decode(record).document().read(io);
  }

  /** The files of a snapshot, null when there is none of that id. */
  @Nullable SnapshotContents contents(long id) {
    Newer memory = newer.get(id);
    if (memory != null) {
      return memory.fresh() == null ? null : memory.fresh().contents();
    }
    // The table first: what is cached may be of a snapshot that was deleted meanwhile, of which
    // nothing must come to life again.
    byte[] record = tables.byIdReader.get(id);
    if (record == null) {
      Newer since = newer.get(id);
      return since == null || since.fresh() == null ? null : since.fresh().contents();
    }
    SnapshotContents cached = contents.getIfPresent(id);
    if (cached != null) {
      return cached;
    }
    if (!Attempts.mayWait()) {
      throw new ContentsMissing(this, id);
    }
    return load(id, record);
  }

  private SnapshotContents load(long id, byte[] record) {
    SnapshotContents loaded =
        SnapshotContents.load(SnapshotRecord.decode(record).contents().read(io), io);
    contents.put(id, loaded);
    return loaded;
  }

  /** The id of a name, 0 when there is none. */
  long find(String name) {
    Long fresh = freshNames.get(name);
    if (fresh != null) {
      return fresh;
    }
    for (long id : SnapshotRecord.ids(tables.byNameReader.get(nameKey(name)))) {
      SnapshotHead head = head(id);
      if (head != null && head.name().equals(name)) {
        return id;
      }
    }
    return freshNames.getOrDefault(name, 0L);
  }

  /** Heads with ids above one, ascending. */
  List<SnapshotHead> list(long afterId, int limit) {
    NavigableMap<Long, Newer> memory = new TreeMap<>();
    long end = Long.MAX_VALUE;
    int live = 0;
    for (Map.Entry<Long, Newer> entry : newer.tailMap(afterId, false).entrySet()) {
      memory.put(entry.getKey(), entry.getValue());
      if (entry.getValue().fresh() != null && ++live == limit) {
        end = entry.getKey();
        break;
      }
    }
    long last = end;
    List<SnapshotHead> page = new ArrayList<>();
    tables.byIdReader.scan(
        afterId + 1,
        (id, record) -> {
          if (id > last) {
            return false;
          }
          takeFresh(memory.headMap(id, false), page, limit);
          if (page.size() < limit && !memory.containsKey(id)) {
            page.add(SnapshotRecord.decode(record).head(io));
          }
          return page.size() < limit;
        });
    takeFresh(memory, page, limit);
    return page;
  }

  /** A copy of a map that may be changing meanwhile. */
  private static NavigableMap<Long, Newer> copy(Map<Long, Newer> map) {
    NavigableMap<Long, Newer> copy = new TreeMap<>();
    map.forEach(copy::put);
    return copy;
  }

  private static void takeFresh(Map<Long, Newer> fresh, List<SnapshotHead> page, int limit) {
    var entries = fresh.entrySet().iterator();
    while (entries.hasNext()) {
      Newer entry = entries.next().getValue();
      if (entry.fresh() != null) {
        if (page.size() == limit) {
          return;
        }
        page.add(entry.fresh().head());
      }
      entries.remove();
    }
  }

  /**
   * A page of the snapshots that a query wants, with ids above one, ascending. Looks at no more
   * than {@link SnapshotSearch#MOST}, so it may end before it is full.
   */
  SnapshotSearch.Result search(SnapshotQuery query, long afterId, int limit) {
    // Memory first: what goes from there is in the tables by then.
    NavigableMap<Long, Newer> memory = copy(newer.tailMap(afterId, false));
    return new SnapshotSearch(query, limit, memory, tables, hash, io).after(afterId);
  }

  /** Whether the index knows all that a checkpoint wrote; if not, the next one makes it. */
  boolean indexed() {
    return tables.complete();
  }

  /** Weight of what no checkpoint has written yet. */
  long held() {
    return held.get();
  }

  /** Weight of what came since a checkpoint began last. */
  long sinceFreeze() {
    return sinceFreeze.get();
  }

  private @Nullable Newer hold(long id, Newer next) {
    Newer before = newer.put(id, next);
    long _ = held.addAndGet(next.weight() - (before == null ? 0 : before.weight()));
    long _ = sinceFreeze.addAndGet(next.weight());
    return before;
  }

  void put(Fresh fresh) {
    Newer _ = hold(fresh.head().id(), new Newer(fresh));
    freshNames.put(fresh.head().name(), fresh.head().id());
    count.incrementAndGet();
  }

  /** Gives a snapshot that is there other labels and another document. */
  void amend(long id, Map<String, String> labels, byte[] document) {
    SnapshotHead head = head(id);
    SnapshotContents frozen = contents(id);
    if (head == null || frozen == null) {
      throw new IllegalStateException("a change of snapshot " + id + ", which does not exist");
    }
    SnapshotHead amended =
        new SnapshotHead(id, head.name(), head.created(), labels, head.files(), head.bytes());
    Newer _ = hold(id, new Newer(new Fresh(amended, document, frozen)));
    freshNames.put(head.name(), id);
  }

  /** Forgets a snapshot that is there. */
  void drop(long id) {
    Newer before = hold(id, new Newer(null));
    if (before != null && before.fresh() != null) {
      freshNames.remove(before.fresh().head().name(), id);
    }
    contents.invalidate(id);
    count.decrementAndGet();
  }

  /** What changed since the last checkpoint, and is still to be written. */
  static final class Changes {
    private final NavigableMap<Long, Newer> newer;

    private Changes(NavigableMap<Long, Newer> newer) {
      this.newer = newer;
    }
  }

  /** Two trees that are written and not used yet. */
  record Written(FrozenTree byId, FrozenTree byName) {}

  /** Notes all that changed; under the cut lock, exclusively. */
  Changes freeze() {
    sinceFreeze.set(0);
    return new Changes(copy(newer));
  }

  /** Writes changes to the trees, not yet visible to anybody. */
  Written write(Changes changes, long birth) {
    Tables old = tables;
    RecordTree byId = RecordTree.of(io, old.byId);
    RecordTree byName = RecordTree.of(io, old.byName);
    boolean complete = old.complete();
    if (changes.newer.isEmpty() && complete) {
      return new Written(old.byId, old.byName);
    }
    if (!complete) {
      indexAll(byId, byName);
    }
    changes.newer.forEach(
        (id, change) -> {
          Fresh fresh = change.fresh();
          byte[] record = byId.get(id);
          if (record != null) {
            SnapshotHead before = SnapshotRecord.decode(record).head(io);
            SnapshotIndex.remove(byName, hash, before);
            if (fresh == null) {
              byId.remove(id);
              removeName(byName, before);
            }
          }
          if (fresh != null) {
            byId.put(id, SnapshotRecord.store(fresh, io, birth));
            addName(byName, fresh.head());
            SnapshotIndex.add(byName, hash, fresh.head());
          }
        });
    long last = changes.newer.isEmpty() ? 0 : changes.newer.lastKey();
    SnapshotIndex.complete(byName, byId.count(), Math.max(last, SnapshotIndex.last(byName)));
    FrozenTree ids = byId.freeze();
    FrozenTree names = byName.freeze();
    ids.flush(io, birth);
    names.flush(io, birth);
    return new Written(ids, names);
  }

  /** For a catalogue that a version without an index wrote, or has changed. */
  private void indexAll(RecordTree byId, RecordTree byName) {
    LOG.info("The labels of {} snapshots are being indexed", byId.count());
    SnapshotIndex.clear(byName);
    long[] last = new long[1];
    byId.scan(
        1,
        (id, record) -> {
          SnapshotIndex.add(byName, hash, SnapshotRecord.decode(record).head(io));
          last[0] = id;
          return true;
        });
    SnapshotIndex.complete(byName, byId.count(), last[0]);
  }

  /** Puts written trees in place; what has not changed since is answered by them. */
  void use(Written written, Changes changes) {
    tables = new Tables(written.byId(), written.byName(), io);
    changes.newer.forEach(
        (id, change) -> {
          Fresh fresh = change.fresh();
          if (newer.remove(id, change)) {
            long _ = held.addAndGet(-change.weight());
            if (fresh != null) {
              freshNames.remove(fresh.head().name(), id);
              contents.put(id, fresh.contents().stored(io));
            }
          }
        });
  }

  private long nameKey(String name) {
    return hash.bucket(ByteBuffer.wrap(Bytes.utf8(name)).array());
  }

  private void addName(RecordTree byName, SnapshotHead head) {
    long key = nameKey(head.name());
    byName.put(key, SnapshotRecord.withId(byName.get(key), head.id()));
  }

  private void removeName(RecordTree byName, SnapshotHead head) {
    long key = nameKey(head.name());
    byte[] rest = SnapshotRecord.withoutId(byName.get(key), head.id());
    if (rest.length == 0) {
      byName.remove(key);
    } else {
      byName.put(key, rest);
    }
  }

  /** Trees of a checkpoint, and readers over them that nobody changes. */
  static final class Tables {
    final FrozenTree byId;
    final FrozenTree byName;
    final RecordTree byIdReader;
    final RecordTree byNameReader;

    Tables(FrozenTree byId, FrozenTree byName, TreeIo io) {
      this.byId = byId;
      this.byName = byName;
      this.byIdReader = RecordTree.of(io, byId);
      this.byNameReader = RecordTree.of(io, byName);
    }

    /** Whether the index knows all snapshots. */
    boolean complete() {
      return SnapshotIndex.complete(byNameReader, byIdReader);
    }
  }

  /** The files of a snapshot must be read first. */
  private static final class ContentsMissing extends NotYet {
    private static final long serialVersionUID = 1L;

    private final transient SnapshotCatalogue catalogue;
    private final long id;

    ContentsMissing(SnapshotCatalogue catalogue, long id) {
      super("a snapshot must be read");
      this.catalogue = catalogue;
      this.id = id;
    }

    @Override
    void await() {
      catalogue.contents(id);
    }
  }
}
