package org.opendvx.core.prefetch;

import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAdder;

/**
 * Whether chunks that were fetched ahead are read: by a sample of at most 16 Ki addresses, so that
 * memory is bounded. Thread-safe.
 */
final class UsedSample {
  private static final int MOST = 16 << 10;
  private static final int SLOTS = 4 * MOST;
  private static final int TRIES = 16;

  private final int shift;
  private final AtomicLongArray table = new AtomicLongArray(SLOTS);
  private final LongAdder used = new LongAdder();

  /** A sample of about so many chunks. */
  UsedSample(long chunks) {
    int bits = 0;
    while (chunks >>> bits > MOST) {
      bits++;
    }
    this.shift = bits;
  }

  private static long hash(long address) {
    long h = address * 0x9E3779B97F4A7C15L;
    h = (h ^ (h >>> 32)) * 0xD6E8FEB86659FD93L;
    return h ^ (h >>> 32);
  }

  private boolean sampled(long hash) {
    return (hash & ((1L << shift) - 1)) == 0;
  }

  private static int slot(long hash, int attempt) {
    return ((int) (hash >>> 40) + attempt) & (SLOTS - 1);
  }

  void fetched(long address) {
    long hash = hash(address);
    if (sampled(hash)) {
      for (int i = 0; i < TRIES; i++) {
        long there = table.compareAndExchange(slot(hash, i), 0, address);
        if (there == 0 || there == address) {
          return;
        }
      }
    }
  }

  void read(long address) {
    long hash = hash(address);
    if (sampled(hash)) {
      for (int i = 0; i < TRIES; i++) {
        // Negated once read, so that it counts once and later ones are still found behind it.
        if (table.compareAndSet(slot(hash, i), address, -address)) {
          used.increment();
          return;
        }
      }
    }
  }

  /** Chunks that were fetched and then read, estimated. */
  long used() {
    return used.sum() << shift;
  }
}
