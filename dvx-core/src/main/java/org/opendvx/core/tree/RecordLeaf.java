package org.opendvx.core.tree;

import java.util.Arrays;

/** A leaf of a record tree: key to bytes. The byte arrays are never changed once stored. */
final class RecordLeaf extends Leaf {
  /** Split above this many value bytes; with one more record of the largest size it still fits. */
  static final int MAX_BYTES = 12 << 10;

  private static final int MAX_ENTRIES = 512;

  byte[][] values;
  int bytes;

  RecordLeaf(long[] keys, byte[][] values, int size, int bytes, long stamp) {
    super(keys, size, stamp);
    this.values = values;
    this.bytes = bytes;
  }

  static RecordLeaf empty(long stamp) {
    return new RecordLeaf(new long[8], new byte[8][], 0, 0, stamp);
  }

  /**
   * Sets an entry.
   *
   * @return whether it is new
   */
  boolean put(long key, byte[] value) {
    int found = search(key);
    if (found >= 0) {
      bytes += value.length - values[found].length;
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
    bytes += value.length;
    return true;
  }

  @Override
  RecordLeaf copy(long newStamp) {
    int room = size + 8;
    return new RecordLeaf(
        Arrays.copyOf(keys, room), Arrays.copyOf(values, room), size, bytes, newStamp);
  }

  @Override
  boolean overfull() {
    return size > 1 && (bytes > MAX_BYTES || size > MAX_ENTRIES);
  }

  @Override
  RecordLeaf split(boolean appending) {
    int keep = appending ? size - 1 : half();
    byte[][] moved = Arrays.copyOfRange(values, keep, size);
    int movedBytes = total(moved);
    RecordLeaf right =
        new RecordLeaf(Arrays.copyOfRange(keys, keep, size), moved, size - keep, movedBytes, stamp);
    Arrays.fill(values, keep, size, new byte[0]);
    size = keep;
    bytes -= movedBytes;
    return right;
  }

  /** The middle by bytes; keys count too, since records may be empty. */
  private int half() {
    int middle = (bytes + size * Long.BYTES) / 2;
    int left = 0;
    int index = 0;
    while (index < size - 1 && left < middle) {
      left += values[index++].length + Long.BYTES;
    }
    return Math.max(1, index);
  }

  private static int total(byte[][] values) {
    int sum = 0;
    for (byte[] value : values) {
      sum += value.length;
    }
    return sum;
  }

  @Override
  void remove(int from, int to) {
    for (int i = from; i < to; i++) {
      bytes -= values[i].length;
    }
    System.arraycopy(values, to, values, from, size - to);
    closeKeys(from, to);
  }

  @Override
  boolean canAbsorb(Node right) {
    return right instanceof RecordLeaf other
        && bytes + other.bytes <= MAX_BYTES / 2
        && size + other.size <= MAX_ENTRIES / 2;
  }

  @Override
  void absorb(Node right) {
    RecordLeaf other = (RecordLeaf) right;
    appendKeys(other);
    if (values.length < keys.length) {
      values = Arrays.copyOf(values, keys.length);
    }
    System.arraycopy(other.values, 0, values, size, other.size);
    size += other.size;
    bytes += other.bytes;
  }

  @Override
  int weight() {
    return 96 + 32 * keys.length + bytes;
  }
}
