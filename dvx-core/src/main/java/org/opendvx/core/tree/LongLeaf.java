package org.opendvx.core.tree;

import java.util.Arrays;

/** A leaf of a block map: key to non-zero long. */
final class LongLeaf extends Leaf {
  static final int MAX = 512;

  long[] values;

  LongLeaf(long[] keys, long[] values, int size, long stamp) {
    super(keys, size, stamp);
    this.values = values;
  }

  static LongLeaf empty(long stamp) {
    return new LongLeaf(new long[8], new long[8], 0, stamp);
  }

  /**
   * Sets an entry.
   *
   * @return whether it is new
   */
  boolean put(long key, long value) {
    int found = search(key);
    if (found >= 0) {
      values[found] = value;
      return false;
    }
    int index = -found - 1;
    int old = size;
    openKey(index, key);
    if (old == values.length) {
      values = Arrays.copyOf(values, keys.length);
    }
    System.arraycopy(values, index, values, index + 1, old - index);
    values[index] = value;
    return true;
  }

  @Override
  LongLeaf copy(long newStamp) {
    int room = Math.min(MAX + 1, size + 8);
    return new LongLeaf(
        Arrays.copyOf(keys, Math.max(room, size)),
        Arrays.copyOf(values, Math.max(room, size)),
        size,
        newStamp);
  }

  @Override
  boolean overfull() {
    return size > MAX;
  }

  @Override
  LongLeaf split(boolean appending) {
    int keep = appending ? size - 1 : size / 2;
    LongLeaf right =
        new LongLeaf(
            Arrays.copyOfRange(keys, keep, size),
            Arrays.copyOfRange(values, keep, size),
            size - keep,
            stamp);
    size = keep;
    return right;
  }

  @Override
  void remove(int from, int to) {
    System.arraycopy(values, to, values, from, size - to);
    closeKeys(from, to);
  }

  @Override
  boolean canAbsorb(Node right) {
    return right instanceof LongLeaf && size + right.size <= MAX / 2;
  }

  @Override
  void absorb(Node right) {
    LongLeaf other = (LongLeaf) right;
    appendKeys(other);
    if (values.length < keys.length) {
      values = Arrays.copyOf(values, keys.length);
    }
    System.arraycopy(other.values, 0, values, size, other.size);
    size += other.size;
  }

  @Override
  int weight() {
    return 80 + 16 * keys.length;
  }
}
