package org.opendvx.core.tree;

import org.opendvx.core.log.NodeLog;

/**
 * Visits the stored nodes of trees, each subtree once as far as the visitor remembers: for finding
 * out what is alive. Nodes are read from the log past the cache, so that a walk does not push out
 * what is in use. Confined to one thread.
 */
public final class NodeWalk {
  private final NodeLog log;
  private final Visitor visitor;

  /** Walks over the nodes in a log. */
  public NodeWalk(TreeIo io, Visitor visitor) {
    this.log = io.log();
    this.visitor = visitor;
  }

  /** Receives what is alive. */
  public interface Visitor {
    /**
     * A node or blob is alive.
     *
     * @param birth no node below has a higher one; {@link Long#MAX_VALUE} for blobs
     * @return whether to go on below: false when it was seen, or is older than anybody cares for
     */
    boolean node(long address, long birth);

    /** A leaf of a block map maps blocks to these chunks; the first {@code count} are valid. */
    void chunks(long[] addresses, int count);
  }

  /** Walks a tree whose leaves map blocks, or whose records are of no interest. */
  public void tree(RootRef root) {
    records(root, (_, _) -> true);
  }

  /** Walks a record tree and hands over the records of the leaves visited. */
  public void records(RootRef root, RecordTree.Visitor records) {
    if (root.count() > 0 && visitor.node(root.address(), root.birth())) {
      below(root.address(), records);
    }
  }

  private void below(long address, RecordTree.Visitor records) {
    switch (NodeCodec.decode(log.read(address), address)) {
      case Inner inner -> {
        for (int i = 0; i < inner.size; i++) {
          NodeRef child = (NodeRef) inner.children[i];
          if (visitor.node(child.address, child.birth)) {
            below(child.address, records);
          }
        }
      }
      case LongLeaf leaf -> visitor.chunks(leaf.values, leaf.size);
      case RecordLeaf leaf -> {
        for (int i = 0; i < leaf.size; i++) {
          boolean _ = records.record(leaf.keys[i], leaf.values[i]);
        }
      }
    }
  }

  /** Marks the nodes of a blob. */
  public void blob(Blob blob) {
    blob.nodes(log, visitor);
  }
}
