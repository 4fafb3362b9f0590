package org.opendvx.core.datastore;

import org.opendvx.core.tree.NodeWalk;
import org.opendvx.core.tree.RootRef;
import org.opendvx.core.tree.TreeIo;

/**
 * Visits everything that a checkpoint reaches: files, directories, snapshots, and what the root
 * record itself refers to. Each shared subtree is visited once, as far as the visitor remembers.
 */
final class LiveWalk {
  private final TreeIo io;
  private final NodeWalk nodes;

  LiveWalk(TreeIo io, NodeWalk.Visitor visitor) {
    this.io = io;
    this.nodes = new NodeWalk(io, visitor);
  }

  void walk(RootRecord root) {
    nodes.blob(root.outcomes());
    nodes.tree(root.snapshotNames());
    nodes.records(
        root.inodes(),
        (_, record) -> {
          nodes.tree(InodeCodec.decodeStored(record).content());
          return true;
        });
    nodes.records(
        root.snapshots(),
        (_, record) -> {
          snapshot(SnapshotRecord.decode(record));
          return true;
        });
  }

  private void snapshot(SnapshotRecord record) {
    nodes.blob(record.headBlob());
    nodes.blob(record.document());
    nodes.blob(record.contents());
    SnapshotContents contents = SnapshotContents.load(record.contents().read(io), io);
    for (SnapshotContents.Frozen frozen : contents.nodes()) {
      RootRef content = frozen.content().ref();
      if (content != null) {
        nodes.tree(content);
      }
    }
  }
}
