package org.opendvx.core.tree;

import org.jspecify.annotations.Nullable;

/**
 * Maps non-negative numbers to small records. Locking: see {@link CowTree}. Byte arrays that go in
 * or come out must not be changed afterwards.
 */
public final class RecordTree extends CowTree {
  /** Largest record in bytes: 12 KiB. */
  public static final int MAX_RECORD = 12 << 10;

  private byte[] inserting = {};

  private RecordTree(TreeIo io, FrozenTree frozen) {
    super(io, frozen);
  }

  /** A tree without entries. */
  public static RecordTree empty(TreeIo io) {
    return new RecordTree(io, FrozenTree.of(RootRef.EMPTY));
  }

  /** A tree in the log. */
  public static RecordTree open(TreeIo io, RootRef ref) {
    return new RecordTree(io, FrozenTree.of(ref));
  }

  /** A tree that starts as a frozen one was, sharing its nodes; O(1). */
  public static RecordTree of(TreeIo io, FrozenTree frozen) {
    return new RecordTree(io, frozen);
  }

  /** The record under a key, null when there is none. */
  public byte @Nullable [] get(long key) {
    Leaf leaf = leaf(key);
    if (leaf == null) {
      return null;
    }
    int index = leaf.search(key);
    return index < 0 ? null : ((RecordLeaf) leaf).values[index];
  }

  /** Sets a record. */
  public void put(long key, byte[] value) {
    if (value.length > MAX_RECORD) {
      throw new IllegalArgumentException("a record of " + value.length + " bytes");
    }
    inserting = value;
    insert(key);
    inserting = new byte[0];
  }

  /**
   * Removes a record.
   *
   * @return whether there was one
   */
  public boolean remove(long key) {
    return removeRange(key, key) > 0;
  }

  /** Visits records from a key on, ascending, until told to stop. */
  public void scan(long from, Visitor visitor) {
    leaves(
        from,
        node -> {
          RecordLeaf leaf = (RecordLeaf) node;
          int index = leaf.search(from);
          for (int i = index < 0 ? -index - 1 : index; i < leaf.size; i++) {
            if (!visitor.record(leaf.keys[i], leaf.values[i])) {
              return false;
            }
          }
          return true;
        });
  }

  @Override
  Leaf emptyLeaf(long forStamp) {
    return RecordLeaf.empty(forStamp);
  }

  @Override
  boolean store(Leaf leaf, long key) {
    return ((RecordLeaf) leaf).put(key, inserting);
  }

  /** Receives records. */
  @FunctionalInterface
  public interface Visitor {
    /**
     * One record.
     *
     * @return whether to go on
     */
    boolean record(long key, byte[] value);
  }
}
