package org.opendvx.core.tree;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A node above others. {@code keys[i]} is a lower bound of the keys below child {@code i}; child
 * {@code i} holds nothing at or above {@code keys[i + 1]}. A child is a {@link Node} or a {@link
 * NodeRef}; a flush may put the latter in the place of the former at any time.
 */
final class Inner extends Node {
  static final int MAX = 256;

  Object[] children;
  long[] counts;

  Inner(long[] keys, Object[] children, long[] counts, int size, long stamp) {
    super(keys, size, stamp);
    this.children = children;
    this.counts = counts;
  }

  /** A new root above two nodes. */
  static Inner above(Node left, Node right, long stamp) {
    long[] keys = new long[8];
    Object[] children = new Object[8];
    long[] counts = new long[8];
    keys[0] = left.keys[0];
    keys[1] = right.keys[0];
    children[0] = left;
    children[1] = right;
    counts[0] = left.count();
    counts[1] = right.count();
    return new Inner(keys, children, counts, 2, stamp);
  }

  /** The child under which a key is or would be. */
  int indexFor(long key) {
    int found = search(key);
    return found >= 0 ? found : Math.max(0, -found - 2);
  }

  Node child(int index, TreeIo io) {
    Object child = children[index];
    return child instanceof NodeRef ref ? ref.load(io) : (Node) child;
  }

  /** The child if it is in memory. */
  @Nullable Node residentChild(int index) {
    Object child = children[index];
    return child instanceof NodeRef ref ? ref.resident() : (Node) child;
  }

  void insert(int index, Node child) {
    int old = size;
    openKey(index, child.keys[0]);
    if (old == children.length) {
      children = Arrays.copyOf(children, keys.length);
      counts = Arrays.copyOf(counts, keys.length);
    }
    System.arraycopy(children, index, children, index + 1, old - index);
    System.arraycopy(counts, index, counts, index + 1, old - index);
    children[index] = child;
    counts[index] = child.count();
  }

  void remove(int from, int to) {
    System.arraycopy(children, to, children, from, size - to);
    System.arraycopy(counts, to, counts, from, size - to);
    Arrays.fill(children, size - (to - from), size, null);
    closeKeys(from, to);
  }

  @Override
  long count() {
    long sum = 0;
    for (int i = 0; i < size; i++) {
      sum += counts[i];
    }
    return sum;
  }

  @Override
  Inner copy(long newStamp) {
    int room = size + 4;
    return new Inner(
        Arrays.copyOf(keys, room),
        Arrays.copyOf(children, room),
        Arrays.copyOf(counts, room),
        size,
        newStamp);
  }

  @Override
  boolean overfull() {
    return size > MAX;
  }

  @Override
  Inner split(boolean appending) {
    int keep = appending ? size - 1 : size / 2;
    Inner right =
        new Inner(
            Arrays.copyOfRange(keys, keep, size),
            Arrays.copyOfRange(children, keep, size),
            Arrays.copyOfRange(counts, keep, size),
            size - keep,
            stamp);
    Arrays.fill(children, keep, size, null);
    size = keep;
    return right;
  }

  @Override
  boolean canAbsorb(Node right) {
    return right instanceof Inner && size + right.size <= MAX / 2;
  }

  @Override
  void absorb(Node right) {
    Inner other = (Inner) right;
    appendKeys(other);
    if (children.length < keys.length) {
      children = Arrays.copyOf(children, keys.length);
      counts = Arrays.copyOf(counts, keys.length);
    }
    System.arraycopy(other.children, 0, children, size, other.size);
    System.arraycopy(other.counts, 0, counts, size, other.size);
    size += other.size;
  }

  @Override
  int weight() {
    return 96 + 64 * keys.length;
  }
}
