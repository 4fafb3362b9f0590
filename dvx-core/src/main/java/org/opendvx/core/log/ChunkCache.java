package org.opendvx.core.log;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Plain chunks in memory by address. Replacement goes round like a clock: a chunk that was read
 * again since the hand passed last stays, up to three rounds, so that one long scan does not drive
 * out what is read over and over. Chunks are shared and never changed. Thread-safe; no boxing.
 */
final class ChunkCache {
  private static final int PARTS = 64;

  /** What a chunk costs: itself, its array header, and its share of the tables. */
  private static final int BYTES_PER_CHUNK = ChunkLog.CHUNK + 64;

  private static final long MIX = 0x9e3779b97f4a7c15L;

  private final @Nullable Part @Nullable [] parts;

  /** A cache of at most so many bytes; may be 0. */
  ChunkCache(long bytes) {
    int each = (int) Math.min(bytes / BYTES_PER_CHUNK / PARTS, 1 << 28);
    if (each == 0) {
      this.parts = null;
    } else {
      this.parts = new Part[PARTS];
      Arrays.setAll(parts, _ -> new Part(each));
    }
  }

  byte @Nullable [] get(long address) {
    long hash = address * MIX;
    Part part = part(hash);
    return part == null ? null : part.get(address, hash);
  }

  /** 0 when it is not there, else 1 and the rounds it would stay; reads nothing. */
  int warmth(long address) {
    long hash = address * MIX;
    Part part = part(hash);
    return part == null ? 0 : part.warmth(address, hash);
  }

  void put(long address, byte[] chunk) {
    long hash = address * MIX;
    Part part = part(hash);
    if (part != null) {
      part.put(address, hash, chunk);
    }
  }

  private @Nullable Part part(long hash) {
    return parts == null ? null : parts[(int) (hash >>> 58)];
  }

  private static final class Part {
    private static final byte MOST_ROUNDS = 3;

    private final int capacity;
    private final int mask;

    /** Position in the arrays below + 1; 0 is free. Linear probing. */
    private final int[] table;

    private final long[] addresses;
    private final byte[][] chunks;
    private final byte[] rounds;
    private int size;
    private int hand;

    Part(int capacity) {
      this.capacity = capacity;
      int slots = Integer.highestOneBit(Math.max(2, capacity)) * 4;
      this.mask = slots - 1;
      this.table = new int[slots];
      this.addresses = new long[capacity];
      this.chunks = new byte[capacity][];
      this.rounds = new byte[capacity];
    }

    synchronized byte @Nullable [] get(long address, long hash) {
      int found = table[locate(address, hash)];
      if (found == 0) {
        return null;
      }
      int entry = found - 1;
      if (rounds[entry] < MOST_ROUNDS) {
        rounds[entry]++;
      }
      return chunks[entry];
    }

    synchronized int warmth(long address, long hash) {
      int found = table[locate(address, hash)];
      return found == 0 ? 0 : 1 + rounds[found - 1];
    }

    synchronized void put(long address, long hash, byte[] chunk) {
      int at = locate(address, hash);
      if (table[at] != 0) {
        chunks[table[at] - 1] = chunk;
        return;
      }
      int entry;
      if (size < capacity) {
        entry = size++;
      } else {
        entry = evict();
        at = locate(address, hash);
      }
      table[at] = entry + 1;
      addresses[entry] = address;
      chunks[entry] = chunk;
      rounds[entry] = 0;
    }

    private int evict() {
      while (rounds[hand] > 0) {
        rounds[hand]--;
        hand = hand + 1 == capacity ? 0 : hand + 1;
      }
      int victim = hand;
      hand = hand + 1 == capacity ? 0 : hand + 1;
      free(locate(addresses[victim], addresses[victim] * MIX));
      return victim;
    }

    private int locate(long address, long hash) {
      int at = home(hash);
      while (table[at] != 0 && addresses[table[at] - 1] != address) {
        at = at + 1 & mask;
      }
      return at;
    }

    private int home(long hash) {
      return (int) (hash >>> 26) & mask;
    }

    private void free(int at) {
      int hole = at;
      int probe = hole + 1 & mask;
      while (table[probe] != 0) {
        int home = home(addresses[table[probe] - 1] * MIX);
        if ((probe - home & mask) >= (probe - hole & mask)) {
          table[hole] = table[probe];
          hole = probe;
        }
        probe = probe + 1 & mask;
      }
      table[hole] = 0;
    }
  }
}
