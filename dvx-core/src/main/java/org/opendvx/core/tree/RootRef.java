package org.opendvx.core.tree;

import java.nio.ByteBuffer;

/**
 * Where a flushed tree's root is: what a record stores of a tree.
 *
 * @param address chunk address of the root node, 0 when the tree is empty
 * @param birth birth sequence of the root node; no node below has a higher one
 * @param count entries in the tree
 */
public record RootRef(long address, long birth, long count) {
  /** The empty tree. */
  public static final RootRef EMPTY = new RootRef(0, 0, 0);

  /** Bytes of the encoded form. */
  public static final int ENCODED = 24;

  /** Writes address, birth, count: three big-endian 64-bit numbers. */
  public void encode(ByteBuffer target) {
    target.putLong(address).putLong(birth).putLong(count);
  }

  /** Reads what {@link #encode} wrote. */
  public static RootRef decode(ByteBuffer source) {
    return new RootRef(source.getLong(), source.getLong(), source.getLong());
  }
}
