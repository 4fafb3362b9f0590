package org.opendvx.core.tree;

import org.jspecify.annotations.Nullable;

/**
 * A tree as it was at one moment; never changes. Any thread may make readers and new trees of it.
 */
public final class FrozenTree {
  /** Node, NodeRef, or null when the tree is empty. */
  final @Nullable Object root;

  private final long count;
  private volatile @Nullable RootRef ref;

  FrozenTree(@Nullable Object root, long count, @Nullable RootRef ref) {
    this.root = root;
    this.count = count;
    this.ref = ref;
  }

  /** A tree that is in the log. */
  public static FrozenTree of(RootRef ref) {
    return new FrozenTree(
        ref.count() == 0 ? null : new NodeRef(ref.address(), ref.birth(), null), ref.count(), ref);
  }

  /** Entries. */
  public long count() {
    return count;
  }

  /** Where the root is, null while it was not flushed. */
  public @Nullable RootRef ref() {
    return ref;
  }

  /**
   * Writes every node that is not in the log yet; does nothing when called again. Only one thread
   * may flush trees of the same {@link TreeIo} at a time. Readers and the live tree go on
   * meanwhile. What was written is durable after the next {@link
   * org.opendvx.core.log.NodeLog#flush}.
   *
   * @param birth birth sequence for the nodes written, not lower than in any flush before
   */
  public RootRef flush(TreeIo io, long birth) {
    RootRef known = ref;
    if (known == null) {
      known = new TreeWriter(io, birth).write(root, count);
      ref = known;
    }
    return known;
  }
}
