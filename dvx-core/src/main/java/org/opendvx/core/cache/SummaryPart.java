package org.opendvx.core.cache;

import java.util.concurrent.atomic.AtomicLongArray;
import org.jspecify.annotations.Nullable;

/**
 * Part of the summary of what a cache holds: a Bloom filter of groups of 64 neighbouring slots. It
 * may say that a group is there although it is not, never the other way round. Bits are only added;
 * a part is given up whole. Four bits a group, all in one word. Thread-safe.
 */
public final class SummaryPart {
  /** Slots of a group, as a power of two. */
  public static final int GROUP_SHIFT = 6;

  /** Most words of a part: 64 MiB. */
  public static final int MOST_WORDS = 1 << 23;

  private static final int BITS_PER_GROUP = 12;
  private static final int LEAST_WORDS = 64;
  private static final int REMEMBERED = 4096;
  private static final int BITS = 4;

  private final long id;
  private final AtomicLongArray words;

  /** The groups that came last, round and round; guarded by the monitor. */
  private final long[] recent = new long[REMEMBERED];

  private volatile long additions;
  private volatile int setBits;

  /** An empty part of so many words, whose id is the caller's to make unique. */
  public SummaryPart(long id, int words) {
    this.id = id;
    this.words = new AtomicLongArray(words);
  }

  /** Words for so many groups. */
  static int wordsFor(long groups) {
    return Math.clamp(groups * BITS_PER_GROUP / Long.SIZE, LEAST_WORDS, MOST_WORDS);
  }

  /** The group of an address. */
  public static long group(long address) {
    return address >>> GROUP_SHIFT;
  }

  /** Tells it from the parts before and after it. */
  public long id() {
    return id;
  }

  /** Words of 64 bits. */
  public int size() {
    return words.length();
  }

  /** Memory that it takes. */
  public long bytes() {
    return (long) words.length() * Long.BYTES + (long) REMEMBERED * Long.BYTES;
  }

  /** Groups that were new when they were added. */
  public long additions() {
    return additions;
  }

  /** Whether so much is in it that it says next to nothing: three quarters of the bits. */
  public boolean saturated() {
    return setBits > (long) words.length() * Long.SIZE / 4 * 3;
  }

  /** Adds a group. */
  public void add(long group) {
    long hash = hash(group);
    long bits = bits(hash);
    int at = word(hash);
    if ((words.get(at) & bits) != bits) {
      addNew(group, at, bits);
    }
  }

  private synchronized void addNew(long group, int at, long bits) {
    long before = words.getAndAccumulate(at, bits, (a, b) -> a | b);
    setBits += Long.bitCount(bits & ~before);
    recent[(int) (additions % REMEMBERED)] = group;
    additions++;
  }

  /** Whether a group may be in it. */
  public boolean mayHold(long group) {
    long hash = hash(group);
    long bits = bits(hash);
    return (words.get(word(hash)) & bits) == bits;
  }

  /**
   * The groups added after so many.
   *
   * @return null when they are not remembered any more
   */
  public synchronized long @Nullable [] since(long known, int most) {
    long missing = additions - known;
    if (missing < 0 || missing > Math.min(REMEMBERED, most)) {
      return null;
    }
    long[] groups = new long[(int) missing];
    for (int i = 0; i < groups.length; i++) {
      groups[i] = recent[(int) ((known + i) % REMEMBERED)];
    }
    return groups;
  }

  /** A word, for handing the whole part on. */
  public long word(int index) {
    return words.get(index);
  }

  /** Takes over a word that another host handed on. */
  public synchronized void merge(int index, long bits) {
    long before = words.getAndAccumulate(index, bits, (a, b) -> a | b);
    setBits += Long.bitCount(bits & ~before);
  }

  private int word(long hash) {
    return (int) (((hash >>> 32) * words.length()) >>> 32);
  }

  private static long bits(long hash) {
    long bits = 0;
    for (int i = 0; i < BITS; i++) {
      bits |= 1L << (hash >>> (6 * i));
    }
    return bits;
  }

  private static long hash(long group) {
    long h = group * 0x9E3779B97F4A7C15L;
    h = (h ^ (h >>> 29)) * 0xBF58476D1CE4E5B9L;
    return h ^ (h >>> 32);
  }
}
