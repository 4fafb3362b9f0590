package org.opendvx.core.datastore;

import java.util.Arrays;

/**
 * The names of a file, as pairs of directory and entry cookie; immutable. The names themselves are
 * in the directories.
 */
final class Links {
  /** Most names of one file; keeps an inode within one record. */
  static final int MAX = 500;

  static final Links NONE = new Links(new long[0]);

  private final long[] pairs;

  private Links(long[] pairs) {
    this.pairs = pairs;
  }

  static Links of(long directory, long cookie) {
    return new Links(new long[] {directory, cookie});
  }

  /** Takes an array of pairs over. */
  static Links ofPairs(long[] pairs) {
    return pairs.length == 0 ? NONE : new Links(pairs);
  }

  int count() {
    return pairs.length / 2;
  }

  long directory(int index) {
    return pairs[2 * index];
  }

  long cookie(int index) {
    return pairs[2 * index + 1];
  }

  Links plus(long directory, long cookie) {
    long[] more = Arrays.copyOf(pairs, pairs.length + 2);
    more[pairs.length] = directory;
    more[pairs.length + 1] = cookie;
    return new Links(more);
  }

  /** Without one pair, which must be there. */
  Links minus(long directory, long cookie) {
    for (int i = 0; i < pairs.length; i += 2) {
      if (pairs[i] == directory && pairs[i + 1] == cookie) {
        long[] fewer = new long[pairs.length - 2];
        System.arraycopy(pairs, 0, fewer, 0, i);
        System.arraycopy(pairs, i + 2, fewer, i, fewer.length - i);
        return ofPairs(fewer);
      }
    }
    throw new IllegalStateException("no link " + cookie + " in directory " + directory);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Links links && Arrays.equals(pairs, links.pairs);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(pairs);
  }

  @Override
  public String toString() {
    return Arrays.toString(pairs);
  }
}
