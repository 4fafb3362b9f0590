package org.opendvx.core.tree;

/** A node that holds entries. */
abstract sealed class Leaf extends Node permits LongLeaf, RecordLeaf {
  Leaf(long[] keys, int size, long stamp) {
    super(keys, size, stamp);
  }

  @Override
  final long count() {
    return size;
  }

  /** Drops entries {@code from} to {@code to - 1}. */
  abstract void remove(int from, int to);
}
