package org.opendvx.core.datastore;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.opendvx.core.datastore.Change.BlocksMapped;
import org.opendvx.core.datastore.Change.BlocksShared;
import org.opendvx.core.datastore.Change.ContentShared;
import org.opendvx.core.datastore.Change.EntryPut;
import org.opendvx.core.datastore.Change.EntryRemove;
import org.opendvx.core.datastore.Change.InodeDrop;
import org.opendvx.core.datastore.Change.InodeGiven;
import org.opendvx.core.datastore.Change.InodeMake;
import org.opendvx.core.datastore.Change.InodePut;
import org.opendvx.core.datastore.Change.InodeTaken;
import org.opendvx.core.datastore.Change.RequestDone;
import org.opendvx.core.datastore.Change.SnapshotAmend;
import org.opendvx.core.datastore.Change.SnapshotDrop;
import org.opendvx.core.datastore.Change.SnapshotJoined;
import org.opendvx.core.datastore.Change.SnapshotNode;
import org.opendvx.core.datastore.Change.SnapshotPut;
import org.opendvx.core.datastore.Change.Truncated;
import org.opendvx.core.tree.FrozenTree;
import org.opendvx.core.tree.RootRef;
import org.opendvx.core.tree.TreeIo;

/**
 * What changes apply to. The same code runs when a change happens and when it is replayed.
 *
 * <p>Whoever applies holds the locks of what changes, or is alone.
 */
final class State {
  private final TreeIo io;
  private final InodeTable inodes;
  private final SnapshotCatalogue snapshots;
  private final RequestOutcomes outcomes;

  /** Highest birth of the trees that came from other roots. */
  private final AtomicLong foreignBirth = new AtomicLong();

  State(TreeIo io, InodeTable inodes, SnapshotCatalogue snapshots, RequestOutcomes outcomes) {
    this.io = io;
    this.inodes = inodes;
    this.snapshots = snapshots;
    this.outcomes = outcomes;
  }

  TreeIo io() {
    return io;
  }

  InodeTable inodes() {
    return inodes;
  }

  SnapshotCatalogue snapshots() {
    return snapshots;
  }

  RequestOutcomes outcomes() {
    return outcomes;
  }

  void apply(List<Change> changes) {
    for (int i = 0; i < changes.size(); i++) {
      apply(changes.get(i));
    }
  }

  private void apply(Change change) {
    switch (change) {
      case BlocksMapped(long file, long first, long[] addresses, long size, long time) ->
          map(file, first, addresses, size, time);
      case BlocksShared(long file, long first, long[] addresses, long size, long time) ->
          map(file, first, addresses, size, time);
      case InodeMake(long file, InodeImage image) -> {
        Inode _ = inodes.make(file, image);
      }
      case InodePut(long file, InodeImage image) -> {
        Inode inode = inodes.change(file);
        inode.set(image);
      }
      case InodeDrop(long file) -> inodes.drop(file);
      case EntryPut(long directory, DirectoryEntry entry) -> {
        Inode inode = inodes.change(directory);
        inode.putEntry(entry);
      }
      case EntryRemove(long directory, long cookie) -> {
        Inode inode = inodes.change(directory);
        inode.removeEntry(cookie);
      }
      case Truncated(long file, long size, long time) -> {
        Inode inode = inodes.change(file);
        long _ = inode.blocks().removeRange(Blocks.count(size), Blocks.LAST);
        written(inode, size, time);
      }
      case ContentShared(long file, FileKey source) -> {
        Inode inode = inodes.change(file);
        inode.blocks().become(content(source));
        inode.blocksChanged();
      }
      case SnapshotPut put -> freeze(put);
      case SnapshotJoined joined -> join(joined);
      case InodeTaken taken -> take(taken);
      case InodeGiven(long file, long epoch) -> {
        Inode inode = inodes.change(file);
        content(inode, RootRef.EMPTY);
        inode.set(inode.image().withEpoch(-epoch));
      }
      case SnapshotAmend(long snapshot, Map<String, String> labels, byte[] document) ->
          snapshots.amend(snapshot, labels, document);
      case SnapshotDrop(long snapshot) -> snapshots.drop(snapshot);
      case RequestDone(RequestTag tag, long created, long time) -> outcomes.add(tag, created, time);
    }
  }

  private void map(long file, long first, long[] addresses, long size, long time) {
    Inode inode = inodes.change(file);
    inode.blocks().putRange(first, addresses, 0, addresses.length);
    inodes.mapped(addresses.length);
    written(inode, size, time);
  }

  private void take(InodeTaken taken) {
    Inode inode =
        inodes.find(taken.file()) == null
            ? inodes.make(taken.file(), taken.image())
            : inodes.change(taken.file());
    content(inode, taken.content());
    inode.set(taken.image());
  }

  /** Highest birth of the trees that came from other roots: nodes above them are born later. */
  long foreignBirth() {
    return foreignBirth.get();
  }

  private void content(Inode inode, RootRef content) {
    long _ = foreignBirth.accumulateAndGet(content.birth(), Math::max);
    inode.blocks().become(FrozenTree.of(content));
    inode.blocksChanged();
  }

  private void join(SnapshotJoined joined) {
    joined.contents().forEach(c -> foreignBirth.accumulateAndGet(c.birth(), Math::max));
    List<FrozenTree> roots = joined.contents().stream().map(FrozenTree::of).toList();
    snapshots.put(
        new SnapshotCatalogue.Fresh(
            joined.head(), joined.document(), new SnapshotContents(joined.nodes(), roots, io)));
  }

  private void written(Inode inode, long size, long time) {
    inode.blocksChanged();
    inode.set(inode.image().written(size, time));
  }

  private FrozenTree content(FileKey source) {
    if (!source.frozen()) {
      return inodes.get(source.file()).freeze();
    }
    SnapshotContents contents = snapshots.contents(source.snapshot());
    SnapshotContents.Frozen frozen = contents == null ? null : contents.find(source.file());
    if (frozen == null) {
      throw new IllegalStateException("a change refers to " + source + ", which does not exist");
    }
    return frozen.content();
  }

  private void freeze(SnapshotPut put) {
    List<FrozenTree> roots = new ArrayList<>(put.nodes().size());
    for (SnapshotNode node : put.nodes()) {
      roots.add(node.member() ? inodes.get(node.file()).freeze() : FrozenTree.of(RootRef.EMPTY));
    }
    snapshots.put(
        new SnapshotCatalogue.Fresh(
            put.head(), put.document(), new SnapshotContents(put.nodes(), roots, io)));
  }
}
