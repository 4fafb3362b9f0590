package org.opendvx.core.datastore;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.Change.SnapshotNode;
import org.opendvx.core.tree.BlockMap;
import org.opendvx.core.tree.FrozenTree;
import org.opendvx.core.tree.RootRef;
import org.opendvx.core.tree.TreeIo;

/**
 * The files of a snapshot and the directories above them, with their frozen content; immutable.
 * Bytes: docs/formats/snapshot.md.
 */
final class SnapshotContents {
  private static final byte VERSION = 1;

  /** A file or directory in a snapshot. */
  static final class Frozen {
    final SnapshotNode node;

    /** Never changed, so read without locks; empty for what has no blocks. */
    final BlockMap blocks;

    private final FrozenTree content;
    private final List<Frozen> children = new ArrayList<>();

    private Frozen(SnapshotNode node, FrozenTree content, TreeIo io) {
      this.node = node;
      this.content = content;
      this.blocks = BlockMap.of(io, content);
    }

    FrozenTree content() {
      return content;
    }

    /** In the order of file ids. */
    List<Frozen> children() {
      return children;
    }
  }

  private final List<Frozen> nodes;
  private final Map<Long, Frozen> byFile;

  /**
   * The contents of a snapshot.
   *
   * @param roots frozen content by node, an empty tree for directories
   */
  SnapshotContents(List<SnapshotNode> nodes, List<FrozenTree> roots, TreeIo io) {
    this.nodes = new ArrayList<>(nodes.size());
    this.byFile = HashMap.newHashMap(nodes.size());
    for (int i = 0; i < nodes.size(); i++) {
      Frozen frozen = new Frozen(nodes.get(i), roots.get(i), io);
      this.nodes.add(frozen);
      byFile.put(frozen.node.file(), frozen);
    }
    for (Frozen frozen : this.nodes) {
      Frozen parent = byFile.get(frozen.node.parent());
      if (parent != null) {
        parent.children.add(frozen);
      }
    }
    for (Frozen frozen : this.nodes) {
      frozen.children.sort(Comparator.comparingLong(child -> child.node.file()));
    }
  }

  /**
   * The same with every tree by its place in the log, once it was written: nothing of the trees is
   * held in memory.
   */
  SnapshotContents stored(TreeIo io) {
    List<SnapshotNode> same = new ArrayList<>(nodes.size());
    List<FrozenTree> roots = new ArrayList<>(nodes.size());
    for (Frozen frozen : nodes) {
      RootRef ref = frozen.content.ref();
      same.add(frozen.node);
      roots.add(ref == null ? frozen.content : FrozenTree.of(ref));
    }
    return new SnapshotContents(same, roots, io);
  }

  @Nullable Frozen find(long file) {
    return byFile.get(file);
  }

  List<Frozen> nodes() {
    return nodes;
  }

  /** Path from the root with leading slash. */
  String path(Frozen frozen) {
    StringBuilder path = new StringBuilder();
    Frozen at = frozen;
    for (int depth = 0; at != null && depth <= nodes.size(); depth++) {
      if (at.node.name().length > 0) {
        path.insert(0, new String(at.node.name(), java.nio.charset.StandardCharsets.UTF_8));
        path.insert(0, '/');
      }
      at = byFile.get(at.node.parent());
    }
    return path.toString();
  }

  /** Writes dirty nodes of the members' trees and gives the bytes of all this. */
  byte[] store(TreeIo io, long birth) {
    int length = 1 + Integer.BYTES;
    for (Frozen frozen : nodes) {
      length += ChangeCodec.nodeLength(frozen.node) + RootRef.ENCODED;
    }
    ByteBuffer out = ByteBuffer.allocate(length).put(VERSION).putInt(nodes.size());
    for (Frozen frozen : nodes) {
      ChangeCodec.encodeNode(out, frozen.node);
      frozen.content.flush(io, birth).encode(out);
    }
    return out.array();
  }

  /** Reads what {@link #store} wrote. */
  static SnapshotContents load(byte[] bytes, TreeIo io) {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    try {
      int version = in.get();
      if (version != VERSION) {
        throw Bytes.newer("A snapshot", version);
      }
      int count = Bytes.count(in, RootRef.ENCODED);
      List<SnapshotNode> nodes = new ArrayList<>(count);
      List<FrozenTree> roots = new ArrayList<>(count);
      for (int i = 0; i < count; i++) {
        nodes.add(ChangeCodec.decodeNode(in));
        roots.add(FrozenTree.of(RootRef.decode(in)));
      }
      return new SnapshotContents(nodes, roots, io);
    } catch (BufferUnderflowException _) {
      throw Bytes.corrupt("A snapshot", "its list of files ends early");
    }
  }
}
