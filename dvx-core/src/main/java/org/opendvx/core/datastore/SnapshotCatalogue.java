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

/**
 * All snapshots: those of the last checkpoint in two trees (by id, by hash of the name), newer ones
 * and deletions in memory over them. Nothing here grows with the number of old snapshots.
 *
 * <p>Thread-safe for readers; changes are serialised by the caller, and kept apart from {@link
 * #freeze} by the cut lock.
 */
final class SnapshotCatalogue {
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
  private record Newer(@Nullable Fresh fresh) {
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
    NavigableMap<Long, Newer> memory = copy(newer.tailMap(afterId, false));
    List<SnapshotHead> page = new ArrayList<>();
    tables.byIdReader.scan(
        afterId + 1,
        (id, record) -> {
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

  void put(Fresh fresh) {
    newer.put(fresh.head().id(), new Newer(fresh));
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
    newer.put(id, new Newer(new Fresh(amended, document, frozen)));
    freshNames.put(head.name(), id);
  }

  /** Forgets a snapshot that is there. */
  void drop(long id) {
    Newer before = newer.put(id, new Newer(null));
    if (before != null && before.fresh() != null) {
      freshNames.remove(before.fresh().head().name(), id);
    }
    contents.invalidate(id);
    count.decrementAndGet();
  }

  /** What changed since the last checkpoint, and is still to be written. */
  static final class Changes {
    private final Map<Long, Newer> newer;

    private Changes(Map<Long, Newer> newer) {
      this.newer = newer;
    }
  }

  /** Two trees that are written and not used yet. */
  record Written(FrozenTree byId, FrozenTree byName) {}

  /** Notes all that changed; under the cut lock, exclusively. */
  Changes freeze() {
    return new Changes(copy(newer));
  }

  /** Writes changes to the trees, not yet visible to anybody. */
  Written write(Changes changes, long birth) {
    Tables old = tables;
    RecordTree byId = RecordTree.of(io, old.byId);
    RecordTree byName = RecordTree.of(io, old.byName);
    changes.newer.forEach(
        (id, change) -> {
          Fresh fresh = change.fresh();
          if (fresh == null) {
            byte[] record = byId.get(id);
            if (record != null) {
              byId.remove(id);
              removeName(byName, SnapshotRecord.decode(record).head(io));
            }
          } else {
            byId.put(id, SnapshotRecord.store(fresh, io, birth));
            addName(byName, fresh.head());
          }
        });
    FrozenTree ids = byId.freeze();
    FrozenTree names = byName.freeze();
    ids.flush(io, birth);
    names.flush(io, birth);
    return new Written(ids, names);
  }

  /** Puts written trees in place; what has not changed since is answered by them. */
  void use(Written written, Changes changes) {
    tables = new Tables(written.byId(), written.byName(), io);
    changes.newer.forEach(
        (id, change) -> {
          Fresh fresh = change.fresh();
          if (newer.remove(id, change) && fresh != null) {
            freshNames.remove(fresh.head().name(), id);
            contents.put(id, fresh.contents());
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
  private static final class Tables {
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
