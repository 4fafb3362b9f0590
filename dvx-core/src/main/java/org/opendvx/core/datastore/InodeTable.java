package org.opendvx.core.datastore;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.tree.FrozenTree;
import org.opendvx.core.tree.RecordTree;
import org.opendvx.core.tree.RootRef;
import org.opendvx.core.tree.TreeIo;

/**
 * The live files: those of the last checkpoint in a tree, changed ones in memory over it.
 *
 * <p>An inode that changed since the last checkpoint is held; others are held while somebody uses
 * them or they were used lately. Thread-safe; freezing and changing are kept apart by the cut lock.
 */
final class InodeTable {
  private final TreeIo io;

  /** The one object of each id, as long as anybody holds it. */
  private final Cache<Long, Inode> known =
      Caffeine.newBuilder().weakValues().executor(Runnable::run).build();

  /** Holds those used lately. */
  private final Cache<Long, Inode> recent;

  private final AtomicLong files;

  /** Blocks mapped since the last freeze. */
  private final LongAdder blocks = new LongAdder();

  private volatile Set<Inode> dirty = ConcurrentHashMap.newKeySet();

  /** Those that a checkpoint is writing; held until the new table is in place. */
  private volatile Set<Inode> writing = Set.of();

  private volatile Table table;

  /** Whether files of {@link #writing} may still have to be frozen; guarded by the cut lock. */
  private boolean freezing;

  private long generation;

  /**
   * The table of a checkpoint.
   *
   * @param recentFiles clean files kept in memory
   */
  InodeTable(TreeIo io, RootRef table, int recentFiles) {
    this.io = io;
    this.table = new Table(FrozenTree.of(table), io);
    this.files = new AtomicLong(table.count());
    this.recent = Caffeine.newBuilder().maximumSize(recentFiles).executor(Runnable::run).build();
  }

  /** The file of an id, null when there is none. */
  @Nullable Inode find(long id) {
    Inode inode = known.getIfPresent(id);
    if (inode == null) {
      inode = load(id);
    } else if (inode.inUseAgain()) {
      recent.put(id, inode);
    }
    return inode == null || inode.dropped() ? null : inode;
  }

  private @Nullable Inode load(long id) {
    while (true) {
      Table source = table;
      byte[] record = source.reader.get(id);
      if (record == null) {
        if (source == table) {
          // It may have been made since; a dirty one is always known.
          return known.getIfPresent(id);
        }
        continue;
      }
      InodeCodec.Stored stored = InodeCodec.decodeStored(record);
      // What was read is current only if no checkpoint replaced the table meanwhile: changes since
      // the table's checkpoint keep their inode known.
      Inode inode =
          known.get(
              id,
              _ -> source == table ? new Inode(id, stored.image(), stored.content(), io) : null);
      if (inode != null) {
        recent.put(id, inode);
        return inode;
      }
    }
  }

  /** The file of an id, which exists. */
  Inode get(long id) {
    Inode inode = find(id);
    if (inode == null) {
      throw new IllegalStateException("a change of the file " + id + ", which does not exist");
    }
    return inode;
  }

  /** The file of an id, which is about to change; under the cut lock, shared. */
  Inode change(long id) {
    Inode inode = get(id);
    if (freezing && writing.contains(inode)) {
      inode.freezeFor(generation);
    }
    dirty.add(inode);
    return inode;
  }

  /** Makes a file; one of the same id that was dropped is replaced. */
  Inode make(long id, InodeImage image) {
    Inode inode = new Inode(id, image, RootRef.EMPTY, io);
    Inode before = known.getIfPresent(id);
    if (before != null) {
      dirty.remove(before);
    }
    known.put(id, inode);
    dirty.add(inode);
    files.incrementAndGet();
    return inode;
  }

  void drop(long id) {
    Inode inode = change(id);
    inode.drop();
    recent.invalidate(id);
    files.decrementAndGet();
  }

  /** Notes that blocks of a file were mapped. */
  void mapped(int count) {
    blocks.add(count);
  }

  /** Blocks mapped since the last freeze. */
  long blocksChanged() {
    return blocks.sum();
  }

  int dirtyCount() {
    return dirty.size();
  }

  /** Files, directories and links. */
  long files() {
    return files.get();
  }

  /**
   * A changed file at the moment of a checkpoint.
   *
   * @param content null when it was dropped
   */
  record FrozenInode(Inode inode, InodeImage image, @Nullable FrozenTree content) {}

  /**
   * Starts to freeze all that changed since the last time; under the cut lock, exclusively. O(1):
   * what follows freezes files by and by, and whoever changes one before its turn freezes it first.
   */
  void beginFreeze() {
    writing = dirty;
    dirty = ConcurrentHashMap.newKeySet(1024);
    blocks.reset();
    generation++;
    freezing = true;
  }

  /** The files to be frozen. */
  List<Inode> toFreeze() {
    return List.copyOf(writing);
  }

  /** Freezes some of them; under the cut lock, exclusively. */
  void freeze(List<Inode> some) {
    for (Inode inode : some) {
      inode.freezeFor(generation);
    }
  }

  /** All are frozen; under the cut lock, exclusively. */
  void endFreeze() {
    freezing = false;
  }

  /** The files as they were when the freezing began. */
  List<FrozenInode> frozen() {
    List<FrozenInode> frozen = new ArrayList<>(writing.size());
    for (Inode inode : writing) {
      frozen.add(inode.takeFrozen(generation));
    }
    return frozen;
  }

  /** A checkpoint failed: what it took is changed still. Under the cut lock, exclusively. */
  void unfreeze() {
    freezing = false;
    for (Inode inode : writing) {
      // One dropped and made again under its id: the newer object speaks for it.
      Inode current = known.getIfPresent(inode.id);
      if (current == null || current == inode) {
        dirty.add(inode);
      }
    }
    writing = Set.of();
  }

  /** Writes what was frozen to the table's tree, not yet visible to anybody. */
  FrozenTree write(List<FrozenInode> frozen, long birth) {
    List<FrozenInode> sorted = new ArrayList<>(frozen);
    sorted.sort((a, b) -> Long.compare(a.inode().id, b.inode().id));
    RecordTree next = RecordTree.of(io, table.frozen);
    for (FrozenInode file : sorted) {
      FrozenTree content = file.content();
      if (content == null) {
        next.remove(file.inode().id);
      } else {
        next.put(file.inode().id, InodeCodec.encodeStored(file.image(), content.flush(io, birth)));
      }
    }
    FrozenTree written = next.freeze();
    written.flush(io, birth);
    return written;
  }

  /** Puts a written table in place of the old one. */
  void use(FrozenTree written) {
    table = new Table(written, io);
    for (Inode inode : writing) {
      if (!inode.dropped()) {
        recent.put(inode.id, inode);
      }
    }
    writing = Set.of();
  }

  /** A checkpoint's table and a tree over it that nobody changes. */
  private static final class Table {
    final FrozenTree frozen;
    final RecordTree reader;

    Table(FrozenTree frozen, TreeIo io) {
      this.frozen = frozen;
      this.reader = RecordTree.of(io, frozen);
    }
  }
}
