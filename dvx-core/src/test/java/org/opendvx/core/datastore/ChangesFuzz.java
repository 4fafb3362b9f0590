package org.opendvx.core.datastore;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.opendvx.core.datastore.Change.SnapshotHead;
import org.opendvx.core.datastore.Change.SnapshotNode;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.fuzz.Checks;
import org.opendvx.core.fuzz.FuzzTarget;
import org.opendvx.core.tree.RootRef;

/** The changes in a journal record. */
public final class ChangesFuzz implements FuzzTarget {
  /** Found by name. */
  public ChangesFuzz() {}

  @Override
  public String name() {
    return "journal-changes";
  }

  @Override
  public List<byte[]> seeds() {
    InodeImage image = InodeFuzz.IMAGE;
    SnapshotHead head = new SnapshotHead(3, "name", 77, Map.of("k", "v"), 2, 1 << 20);
    List<SnapshotNode> nodes =
        List.of(
            new SnapshotNode(1, 0, new byte[0], false, image),
            new SnapshotNode(16, 1, new byte[] {'f'}, true, image));
    List<Change> changes =
        List.of(
            new Change.InodeMake(16, image),
            new Change.InodePut(17, image),
            new Change.InodeDrop(18),
            new Change.EntryPut(1, new DirectoryEntry(4711, new byte[] {'x'}, 16, FileType.FIFO)),
            new Change.EntryRemove(1, 4711),
            new Change.BlocksMapped(16, 5, new long[] {1, 0, -1}, 9000, 12),
            new Change.BlocksShared(17, 6, new long[] {2, 0, -2}, 9001, 13),
            new Change.Truncated(16, 4096, 13),
            new Change.ContentShared(16, new FileKey(3, 17)),
            new Change.SnapshotPut(head, new byte[] {1, 2, 3}, nodes),
            new Change.SnapshotJoined(
                head, new byte[0], nodes, List.of(RootRef.EMPTY, new RootRef(1, 2, 3))),
            new Change.InodeTaken(16, image, new RootRef(1, 2, 3)),
            new Change.InodeGiven(16, 4),
            new Change.SnapshotAmend(3, Map.of("a", "b"), new byte[] {9}),
            new Change.SnapshotDrop(3),
            new Change.RequestDone(new RequestTag(1, 2), 16, 14));
    List<byte[]> seeds = new ArrayList<>();
    seeds.add(encode(changes));
    changes.forEach(change -> seeds.add(encode(List.of(change))));
    return seeds;
  }

  private static byte[] encode(List<Change> changes) {
    ByteBuffer out = ByteBuffer.allocate(ChangeCodec.length(changes));
    ChangeCodec.encode(out, changes);
    return out.array();
  }

  @Override
  public void check(byte[] input) {
    try {
      byte[] written = encode(ChangeCodec.decode(ByteBuffer.wrap(input)));
      Checks.same(written, encode(ChangeCodec.decode(ByteBuffer.wrap(written))), "changes");
    } catch (DvxException e) {
      Checks.refused(e);
    }
  }
}
