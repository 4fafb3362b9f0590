package org.opendvx.core.tree;

import java.lang.ref.WeakReference;
import org.jspecify.annotations.Nullable;

/**
 * Stands in a parent for a child that is in the log. Remembers the child weakly: the cache of
 * {@link TreeIo} decides what stays in memory.
 */
final class NodeRef {
  /** One in so many look-ups past the cache tells it that the node is in use. */
  private static final int TOUCH_MASK = 31;

  final long address;
  final long birth;

  /** Volatile: publishes the node to other readers. */
  private volatile @Nullable WeakReference<Node> cached;

  private int uses;

  NodeRef(long address, long birth, @Nullable Node node) {
    this.address = address;
    this.birth = birth;
    this.cached = node == null ? null : new WeakReference<>(node);
  }

  /** The node if it is in memory. */
  @Nullable Node resident() {
    WeakReference<Node> ref = cached;
    return ref == null ? null : ref.get();
  }

  /** The node, from memory or the log; may block. */
  Node load(TreeIo io) {
    Node node = resident();
    if (node == null) {
      node = io.load(address, birth);
      cached = new WeakReference<>(node);
    } else if ((++uses & TOUCH_MASK) == 0) {
      io.touch(node);
    }
    return node;
  }
}
