package org.opendvx.core.tree;

import org.jspecify.annotations.Nullable;

/**
 * The algorithm that block maps and record trees share.
 *
 * <p>Changes need exclusive locking by the caller, reads shared locking; a tree that nobody changes
 * may be read without. Any call may block to load nodes unless {@link #resident} said otherwise.
 */
abstract sealed class CowTree permits BlockMap, RecordTree {
  private static final long FIRST_KEY = 0;

  final TreeIo io;
  private @Nullable Object root;
  private long count;
  private long stamp;

  /** Set by {@link #insert(Node, long)}: the new right neighbour of the node just edited. */
  private @Nullable Node splitOff;

  private long changed;

  CowTree(TreeIo io, FrozenTree frozen) {
    this.io = io;
    this.root = frozen.root;
    this.count = frozen.count();
    this.stamp = io.nextStamp();
  }

  abstract Leaf emptyLeaf(long forStamp);

  /**
   * Stores the entry that is being inserted.
   *
   * @return whether the key is new in the leaf
   */
  abstract boolean store(Leaf leaf, long key);

  /** Entries. */
  public final long count() {
    return count;
  }

  /** The tree as it is now; O(1). Later edits copy what they touch. */
  public final FrozenTree freeze() {
    stamp = io.nextStamp();
    Object top = root;
    Node node = top instanceof Node n ? n : null;
    RootRef ref = null;
    if (node != null && node.address() != 0) {
      ref = new RootRef(node.address(), node.birth(), count);
    } else if (top instanceof NodeRef r) {
      ref = new RootRef(r.address, r.birth, count);
    }
    return new FrozenTree(top, count, ref);
  }

  /** Becomes what a frozen tree was; O(1). */
  public final void become(FrozenTree frozen) {
    root = frozen.root;
    count = frozen.count();
    stamp = io.nextStamp();
  }

  /** Whether looking up or changing keys from first to last needs no read from the log. */
  public final boolean resident(long first, long last) {
    Object top = root;
    if (top == null) {
      return true;
    }
    Node node = top instanceof NodeRef ref ? ref.resident() : (Node) top;
    return resident(node, first, last);
  }

  private static boolean resident(@Nullable Node node, long first, long last) {
    if (!(node instanceof Inner inner)) {
      return node != null;
    }
    int to = inner.indexFor(last);
    for (int i = inner.indexFor(first); i <= to; i++) {
      if (!resident(inner.residentChild(i), first, last)) {
        return false;
      }
    }
    return true;
  }

  final @Nullable Node rootNode() {
    Object top = root;
    return top instanceof NodeRef ref ? ref.load(io) : (Node) top;
  }

  /** The leaf for a key, null when the tree is empty. */
  final @Nullable Leaf leaf(long key) {
    Node node = rootNode();
    while (node instanceof Inner inner) {
      node = inner.child(inner.indexFor(key), io);
    }
    return (Leaf) node;
  }

  final void insert(long key) {
    if (key < FIRST_KEY) {
      throw new IllegalArgumentException("negative key " + key);
    }
    Node top = rootNode();
    Node edited = insert(top == null ? emptyLeaf(stamp) : top, key);
    Node right = splitOff;
    if (right != null) {
      splitOff = null;
      edited = Inner.above(edited, right, stamp);
    }
    root = edited;
    count += changed;
  }

  private Node insert(Node node, long key) {
    Node edited = node.stamp == stamp ? node : node.copy(stamp);
    boolean last;
    if (edited instanceof Inner inner) {
      int index = inner.indexFor(key);
      last = index == inner.size - 1;
      inner.keys[index] = Math.min(inner.keys[index], key);
      inner.children[index] = insert(inner.child(index, io), key);
      inner.counts[index] += changed;
      Node right = splitOff;
      if (right != null) {
        inner.counts[index] -= right.count();
        inner.insert(index + 1, right);
        splitOff = null;
      }
    } else {
      changed = store((Leaf) edited, key) ? 1 : 0;
      last = edited.keys[edited.size - 1] == key;
    }
    if (edited.overfull()) {
      splitOff = edited.split(last);
    }
    return edited;
  }

  /** How many entries have keys from first to last; reads two paths. */
  public final long countRange(long first, long last) {
    Node top = rootNode();
    return top == null || first > last ? 0 : countRange(top, first, last);
  }

  private long countRange(Node node, long first, long last) {
    if (!(node instanceof Inner inner)) {
      long from = node.search(first);
      long to = node.search(last);
      return (to < 0 ? -to - 1 : to + 1) - (from < 0 ? -from - 1 : from);
    }
    long sum = 0;
    int end = inner.indexFor(last);
    for (int i = inner.indexFor(first); i <= end; i++) {
      boolean whole = inner.keys[i] >= first && i < inner.size - 1 && inner.keys[i + 1] <= last;
      sum += whole ? inner.counts[i] : countRange(inner.child(i, io), first, last);
    }
    return sum;
  }

  /**
   * Removes the entries with keys from first to last.
   *
   * @return how many there were
   */
  public final long removeRange(long first, long last) {
    Node top = rootNode();
    if (top == null || first > last) {
      return 0;
    }
    changed = 0;
    Node edited = remove(top, first, last, FIRST_KEY, Long.MAX_VALUE);
    while (edited instanceof Inner inner && inner.size == 1) {
      edited = inner.child(0, io);
    }
    root = edited;
    count -= changed;
    return changed;
  }

  /** Returns the node without the range, null when nothing is left; adds to {@code changed}. */
  private @Nullable Node remove(Node node, long first, long last, long low, long high) {
    if (node instanceof Leaf leaf) {
      return removeFromLeaf(leaf, first, last);
    }
    Inner inner = (Inner) node;
    int index = inner.indexFor(first);
    int end = inner.indexFor(last);
    Inner edited = null;
    while (index <= end) {
      Inner current = edited == null ? inner : edited;
      long childLow = index == 0 ? low : current.keys[index];
      long childHigh = index == current.size - 1 ? high : current.keys[index + 1] - 1;
      long before = changed;
      Node rest = null;
      if (first <= childLow && childHigh <= last) {
        changed += current.counts[index];
      } else {
        rest = remove(current.child(index, io), first, last, childLow, childHigh);
        if (changed == before) {
          index++;
          continue;
        }
      }
      if (edited == null) {
        edited = inner.stamp == stamp ? inner : inner.copy(stamp);
      }
      if (rest == null) {
        edited.remove(index, index + 1);
        end--;
      } else {
        edited.children[index] = rest;
        edited.counts[index] -= changed - before;
        index++;
      }
    }
    if (edited == null) {
      return inner;
    }
    if (edited.size == 0) {
      return null;
    }
    join(edited, Math.min(end, edited.size - 1));
    return edited;
  }

  private @Nullable Node removeFromLeaf(Leaf leaf, long first, long last) {
    int from = leaf.search(first);
    from = from < 0 ? -from - 1 : from;
    int to = leaf.search(last);
    to = to < 0 ? -to - 1 : to + 1;
    if (from >= to) {
      return leaf;
    }
    changed += to - from;
    if (to - from == leaf.size) {
      return null;
    }
    Leaf edited = leaf.stamp == stamp ? leaf : (Leaf) leaf.copy(stamp);
    edited.remove(from, to);
    return edited;
  }

  /** Joins a child with its right neighbour when both are in memory and small. */
  private void join(Inner parent, int index) {
    int left = Math.max(0, Math.min(index, parent.size - 2));
    if (parent.size < 2) {
      return;
    }
    Node a = parent.residentChild(left);
    Node b = parent.residentChild(left + 1);
    if (a == null || b == null || !a.canAbsorb(b)) {
      return;
    }
    Node joined = a.stamp == stamp ? a : a.copy(stamp);
    joined.absorb(b);
    parent.children[left] = joined;
    parent.counts[left] += parent.counts[left + 1];
    parent.remove(left + 1, left + 2);
  }

  /** Calls for each leaf that may hold keys from a key on, ascending, until told to stop. */
  final void leaves(long from, LeafVisitor visitor) {
    Node top = rootNode();
    if (top != null) {
      leaves(top, from, visitor);
    }
  }

  private boolean leaves(Node node, long from, LeafVisitor visitor) {
    if (node instanceof Leaf leaf) {
      return visitor.leaf(leaf);
    }
    Inner inner = (Inner) node;
    for (int i = inner.indexFor(from); i < inner.size; i++) {
      if (!leaves(inner.child(i, io), from, visitor)) {
        return false;
      }
    }
    return true;
  }

  /** Receives leaves. */
  @FunctionalInterface
  interface LeafVisitor {
    /**
     * One leaf.
     *
     * @return whether to go on
     */
    boolean leaf(Leaf leaf);
  }
}
