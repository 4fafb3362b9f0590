package org.opendvx.core.tree;

import java.util.Arrays;

/**
 * A node in memory: sorted keys and, in the subclasses, what belongs to them.
 *
 * <p>Written only by the tree whose stamp it carries. {@code address} and {@code birth} are set
 * once, by the flush that writes the node, which happens after the last edit.
 */
abstract sealed class Node permits Inner, Leaf {
  long[] keys;
  int size;
  final long stamp;
  private volatile long address;
  private long birth;

  Node(long[] keys, int size, long stamp) {
    this.keys = keys;
    this.size = size;
    this.stamp = stamp;
  }

  /** A copy that a tree with the given stamp may edit. */
  abstract Node copy(long newStamp);

  /** Entries in the leaves below, or in this leaf. */
  abstract long count();

  /** Whether it must be split. */
  abstract boolean overfull();

  /**
   * Moves the upper part to a new node.
   *
   * @param appending whether the last insertion was at the end: then the left part stays nearly
   *     full, since more is to be expected on the right
   */
  abstract Node split(boolean appending);

  /** Whether {@link #absorb} of the right neighbour would leave room for growth. */
  abstract boolean canAbsorb(Node right);

  /** Takes over the entries of the right neighbour. */
  abstract void absorb(Node right);

  /** Rough bytes on the heap. */
  abstract int weight();

  /** Chunk address, 0 while dirty. */
  final long address() {
    return address;
  }

  final long birth() {
    return birth;
  }

  final void written(long newAddress, long newBirth) {
    birth = newBirth;
    address = newAddress;
  }

  /** Index of the key, or {@code -(insertion point) - 1}. */
  final int search(long key) {
    return Arrays.binarySearch(keys, 0, size, key);
  }

  /** Makes room for one more entry at an index; subclasses shift their part. */
  final void openKey(int index, long key) {
    if (size == keys.length) {
      keys = Arrays.copyOf(keys, grown(size));
    }
    System.arraycopy(keys, index, keys, index + 1, size - index);
    keys[index] = key;
    size++;
  }

  /** Drops entries {@code from} to {@code to - 1} of the keys. */
  final void closeKeys(int from, int to) {
    System.arraycopy(keys, to, keys, from, size - to);
    size -= to - from;
  }

  final void appendKeys(Node right) {
    if (size + right.size > keys.length) {
      keys = Arrays.copyOf(keys, size + right.size);
    }
    System.arraycopy(right.keys, 0, keys, size, right.size);
  }

  static int grown(int length) {
    return Math.max(8, length + (length >> 1));
  }
}
