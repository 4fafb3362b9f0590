package org.opendvx.core.tree;

import java.util.Arrays;
import java.util.List;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.fuzz.Checks;
import org.opendvx.core.fuzz.FuzzTarget;
import org.opendvx.core.log.NodeLog;

/** Tree nodes. */
public final class NodeFuzz implements FuzzTarget {
  private static final int ROOM = 16 * NodeLog.MAX_NODE;

  /** Found by name. */
  public NodeFuzz() {}

  @Override
  public String name() {
    return "tree-node";
  }

  @Override
  public List<byte[]> seeds() {
    Object[] children = {new NodeRef(65_536, 3, null), new NodeRef(7, 9, null)};
    Inner inner = new Inner(new long[] {1, 100}, children, new long[] {5, 6}, 2, 0);
    LongLeaf leaf = new LongLeaf(new long[] {0, 1, 900}, new long[] {1L << 20, 0, -1}, 3, 0);
    byte[][] records = {new byte[] {1}, new byte[300]};
    RecordLeaf recordLeaf = new RecordLeaf(new long[] {4, 5}, records, 2, 301, 0);
    return List.of(encode(inner), encode(leaf), encode(recordLeaf));
  }

  private static byte[] encode(Node node) {
    byte[] bytes = new byte[ROOM];
    return Arrays.copyOf(bytes, NodeCodec.encode(node, bytes));
  }

  @Override
  public long mostAllocated(int length) {
    // The room to write it again.
    return 3L * ROOM + 256L * length;
  }

  @Override
  public int mostBytes() {
    return NodeLog.MAX_NODE;
  }

  @Override
  public void check(byte[] input) {
    try {
      Node node = NodeCodec.decode(input, 1);
      byte[] written = encode(node);
      Checks.same(written, encode(NodeCodec.decode(written, 1)), "a node");
    } catch (DvxException e) {
      Checks.refused(e);
    }
  }
}
