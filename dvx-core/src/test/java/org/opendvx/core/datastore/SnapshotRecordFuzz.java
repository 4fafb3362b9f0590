package org.opendvx.core.datastore;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import org.opendvx.core.datastore.Change.SnapshotHead;
import org.opendvx.core.datastore.Change.SnapshotNode;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.fuzz.Checks;
import org.opendvx.core.fuzz.FuzzTarget;
import org.opendvx.core.log.NodeLog;
import org.opendvx.core.tree.FrozenTree;
import org.opendvx.core.tree.RootRef;
import org.opendvx.core.tree.TreeIo;

/** Records of the snapshot catalogue, and the list of a snapshot's files. */
public final class SnapshotRecordFuzz implements FuzzTarget {
  private final TreeIo io = new TreeIo(new Empty(), 1 << 20);

  /** Found by name. */
  public SnapshotRecordFuzz() {}

  @Override
  public String name() {
    return "snapshot-record";
  }

  @Override
  public List<byte[]> seeds() {
    SnapshotHead head = new SnapshotHead(3, "name", 77, Map.of("k", "v"), 2, 1 << 20);
    List<SnapshotNode> nodes =
        List.of(
            new SnapshotNode(1, 0, new byte[0], false, InodeFuzz.IMAGE),
            new SnapshotNode(16, 1, new byte[] {'f'}, true, InodeFuzz.IMAGE));
    SnapshotContents contents =
        new SnapshotContents(
            nodes,
            List.of(FrozenTree.of(RootRef.EMPTY), FrozenTree.of(new RootRef(65_536, 2, 3))),
            io);
    ByteBuffer record = ByteBuffer.allocate(39 + ChangeCodec.headLength(head)).put((byte) 1);
    record.putLong(0).putInt(0).putLong(65_536).putInt(10).putLong(65_537).putInt(20);
    record.putShort((short) ChangeCodec.headLength(head));
    ChangeCodec.encodeHead(record, head);
    return List.of(record.array(), contents.store(io, 4));
  }

  @Override
  public void check(byte[] input) {
    try {
      SnapshotHead head = SnapshotRecord.decode(input).head(io);
      ByteBuffer written = ByteBuffer.allocate(ChangeCodec.headLength(head));
      ChangeCodec.encodeHead(written, head);
      Checks.holds(head.equals(ChangeCodec.decodeHead(written.flip())), "a head");
    } catch (DvxException e) {
      Checks.refused(e);
    }
    try {
      SnapshotContents contents = SnapshotContents.load(input, io);
      byte[] written = contents.store(io, 5);
      Checks.same(written, SnapshotContents.load(written, io).store(io, 5), "contents");
      contents.nodes().forEach(contents::path);
    } catch (DvxException e) {
      Checks.refused(e);
    }
  }

  /** A log that holds nothing. */
  private static final class Empty implements NodeLog {
    @Override
    public long write(byte[] node, int offset, int length) {
      throw new AssertionError("nothing is written");
    }

    @Override
    public void flush() {}

    @Override
    public byte[] read(long address) {
      throw Bytes.corrupt("A node", "there is none");
    }
  }
}
