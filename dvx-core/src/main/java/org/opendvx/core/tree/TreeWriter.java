package org.opendvx.core.tree;

import org.jspecify.annotations.Nullable;
import org.opendvx.core.log.NodeLog;

/** Writes dirty nodes bottom-up. Parents then refer to their children by address. */
final class TreeWriter {
  private final TreeIo io;
  private final long birth;
  private final byte[] buffer = new byte[NodeLog.MAX_NODE];

  TreeWriter(TreeIo io, long birth) {
    this.io = io;
    this.birth = birth;
  }

  RootRef write(@Nullable Object root, long count) {
    return switch (root) {
      case null -> RootRef.EMPTY;
      case NodeRef ref -> new RootRef(ref.address, ref.birth, count);
      default -> {
        Node node = (Node) root;
        write(node);
        yield new RootRef(node.address(), node.birth(), count);
      }
    };
  }

  private void write(Node node) {
    if (node.address() != 0) {
      return;
    }
    if (node instanceof Inner inner) {
      for (int i = 0; i < inner.size; i++) {
        if (inner.children[i] instanceof Node child) {
          write(child);
          inner.children[i] = new NodeRef(child.address(), child.birth(), child);
        }
      }
    }
    int length = NodeCodec.encode(node, buffer);
    node.written(io.write(buffer, length), birth);
    io.touch(node);
  }
}
