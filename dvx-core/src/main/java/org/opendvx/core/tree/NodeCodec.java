package org.opendvx.core.tree;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/** The stored form of nodes; see docs/formats/tree-node.md. */
final class NodeCodec {
  private static final int VERSION = 1;
  private static final int INNER = 1;
  private static final int LONG_LEAF = 2;
  private static final int RECORD_LEAF = 3;

  private NodeCodec() {}

  /** Encodes a node whose children are all in the log. */
  static int encode(Node node, byte[] target) {
    ByteBuffer out = ByteBuffer.wrap(target);
    out.put((byte) VERSION);
    out.put((byte) kind(node));
    out.putShort((short) node.size);
    long previous = 0;
    for (int i = 0; i < node.size; i++) {
      Varint.put(out, node.keys[i] - previous);
      previous = node.keys[i];
    }
    switch (node) {
      case Inner inner -> putChildren(out, inner);
      case LongLeaf leaf -> putValues(out, leaf);
      case RecordLeaf leaf -> putRecords(out, leaf);
    }
    return out.position();
  }

  private static int kind(Node node) {
    return switch (node) {
      case Inner _ -> INNER;
      case LongLeaf _ -> LONG_LEAF;
      case RecordLeaf _ -> RECORD_LEAF;
    };
  }

  private static void putChildren(ByteBuffer out, Inner inner) {
    long previous = 0;
    for (int i = 0; i < inner.size; i++) {
      NodeRef ref = (NodeRef) inner.children[i];
      Varint.putSigned(out, ref.address - previous);
      Varint.put(out, ref.birth);
      Varint.put(out, inner.counts[i]);
      previous = ref.address;
    }
  }

  private static void putValues(ByteBuffer out, LongLeaf leaf) {
    long previous = 0;
    for (int i = 0; i < leaf.size; i++) {
      Varint.putSigned(out, leaf.values[i] - previous);
      previous = leaf.values[i];
    }
  }

  private static void putRecords(ByteBuffer out, RecordLeaf leaf) {
    for (int i = 0; i < leaf.size; i++) {
      Varint.put(out, leaf.values[i].length);
      out.put(leaf.values[i]);
    }
  }

  /**
   * Decodes a node.
   *
   * @throws DvxException CORRUPT when the bytes are not a node, UNSUPPORTED when they are of a
   *     newer version
   */
  static Node decode(byte[] bytes, long address) {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    try {
      int version = in.get();
      if (version != VERSION) {
        throw DvxException.of(Kind.UNSUPPORTED, "A tree node has an unknown format")
            .cause("It was written by a newer version")
            .remedy("Run the version that wrote it, or a newer one")
            .detail("address", Long.toHexString(address))
            .detail("version", version)
            .build();
      }
      int kind = in.get();
      int size = Short.toUnsignedInt(in.getShort());
      if (size == 0 || size > in.remaining()) {
        throw corrupt(address, "entry count " + size);
      }
      long[] keys = new long[size];
      long previous = 0;
      for (int i = 0; i < size; i++) {
        previous += Varint.get(in);
        keys[i] = previous;
      }
      return switch (kind) {
        case INNER -> children(in, keys);
        case LONG_LEAF -> values(in, keys);
        case RECORD_LEAF -> records(in, keys, address);
        default -> throw corrupt(address, "kind " + kind);
      };
    } catch (BufferUnderflowException _) {
      throw corrupt(address, "the bytes end early");
    }
  }

  private static Inner children(ByteBuffer in, long[] keys) {
    Object[] children = new Object[keys.length];
    long[] counts = new long[keys.length];
    long address = 0;
    for (int i = 0; i < keys.length; i++) {
      address += Varint.getSigned(in);
      children[i] = new NodeRef(address, Varint.get(in), null);
      counts[i] = Varint.get(in);
    }
    return new Inner(keys, children, counts, keys.length, 0);
  }

  private static LongLeaf values(ByteBuffer in, long[] keys) {
    long[] values = new long[keys.length];
    long value = 0;
    for (int i = 0; i < keys.length; i++) {
      value += Varint.getSigned(in);
      values[i] = value;
    }
    return new LongLeaf(keys, values, keys.length, 0);
  }

  private static RecordLeaf records(ByteBuffer in, long[] keys, long address) {
    byte[][] values = new byte[keys.length][];
    int total = 0;
    for (int i = 0; i < keys.length; i++) {
      long length = Varint.get(in);
      if (length < 0 || length > in.remaining()) {
        throw corrupt(address, "record length " + length);
      }
      values[i] = new byte[(int) length];
      in.get(values[i]);
      total += values[i].length;
    }
    return new RecordLeaf(keys, values, keys.length, total, 0);
  }

  private static DvxException corrupt(long address, String why) {
    return DvxException.of(Kind.CORRUPT, "A tree node cannot be read")
        .cause("Its bytes are not a node: " + why)
        .remedy("Restore from a replica; please report this, it should be impossible")
        .detail("address", Long.toHexString(address))
        .build();
  }
}
