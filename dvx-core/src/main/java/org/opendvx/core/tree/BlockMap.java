package org.opendvx.core.tree;

import java.util.Arrays;
import java.util.function.LongPredicate;

/**
 * Maps block indexes to chunk addresses; what is not mapped reads as 0, a hole. Locking: see {@link
 * CowTree}.
 */
public final class BlockMap extends CowTree {
  private long inserting;

  private BlockMap(TreeIo io, FrozenTree frozen) {
    super(io, frozen);
  }

  /** A map without entries. */
  public static BlockMap empty(TreeIo io) {
    return new BlockMap(io, FrozenTree.of(RootRef.EMPTY));
  }

  /** A map in the log. */
  public static BlockMap open(TreeIo io, RootRef ref) {
    return new BlockMap(io, FrozenTree.of(ref));
  }

  /** A map that starts as a frozen one was, sharing its nodes; O(1). */
  public static BlockMap of(TreeIo io, FrozenTree frozen) {
    return new BlockMap(io, frozen);
  }

  /** The address of a block, 0 when it is a hole. */
  public long get(long block) {
    Leaf leaf = leaf(block);
    if (leaf == null) {
      return 0;
    }
    int index = leaf.search(block);
    return index < 0 ? 0 : ((LongLeaf) leaf).values[index];
  }

  /** Fills {@code target} with the addresses of {@code count} blocks from {@code first}. */
  public void getRange(long first, int count, long[] target, int offset) {
    Arrays.fill(target, offset, offset + count, 0);
    if (count == 1) {
      target[offset] = get(first);
      return;
    }
    long end = first + count;
    leaves(
        first,
        node -> {
          LongLeaf leaf = (LongLeaf) node;
          int index = leaf.search(first);
          for (int i = index < 0 ? -index - 1 : index; i < leaf.size; i++) {
            if (leaf.keys[i] >= end) {
              return false;
            }
            target[offset + (int) (leaf.keys[i] - first)] = leaf.values[i];
          }
          return leaf.keys[leaf.size - 1] < end - 1;
        });
  }

  /** Maps a block; address 0 makes it a hole. */
  public void put(long block, long address) {
    if (address == 0) {
      removeRange(block, block);
    } else {
      inserting = address;
      insert(block);
    }
  }

  /** Maps {@code count} blocks from {@code first}. */
  public void putRange(long first, long[] addresses, int offset, int count) {
    for (int i = 0; i < count; i++) {
      put(first + i, addresses[offset + i]);
    }
  }

  /** Visits mapped blocks from one on, ascending, until told to stop. */
  public void scan(long from, Visitor visitor) {
    leaves(
        from,
        node -> {
          LongLeaf leaf = (LongLeaf) node;
          int index = leaf.search(from);
          for (int i = index < 0 ? -index - 1 : index; i < leaf.size; i++) {
            if (!visitor.block(leaf.keys[i], leaf.values[i])) {
              return false;
            }
          }
          return true;
        });
  }

  /**
   * Reads nodes into the cache, ascending: for who will look blocks up soon.
   *
   * @param goOn asked after each leaf, with the bytes of heap that leaves took so far, roughly
   * @return leaves
   */
  public int readAhead(LongPredicate goOn) {
    int[] count = new int[1];
    long[] weight = new long[1];
    leaves(
        0,
        leaf -> {
          count[0]++;
          weight[0] += leaf.weight();
          return goOn.test(weight[0]);
        });
    return count[0];
  }

  @Override
  Leaf emptyLeaf(long forStamp) {
    return LongLeaf.empty(forStamp);
  }

  @Override
  boolean store(Leaf leaf, long key) {
    return ((LongLeaf) leaf).put(key, inserting);
  }

  /** Receives mapped blocks. */
  @FunctionalInterface
  public interface Visitor {
    /**
     * One mapped block.
     *
     * @return whether to go on
     */
    boolean block(long block, long address);
  }
}
