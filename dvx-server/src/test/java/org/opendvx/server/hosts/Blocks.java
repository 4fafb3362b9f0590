package org.opendvx.server.hosts;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;

/**
 * What the blocks of one file may hold: each was last acknowledged with some number, and writes
 * after that whose fate is unknown may have been carried out or not. One writer at a time.
 */
final class Blocks {
  static final int SIZE = 4096;

  private final long salt;
  private final long[] acknowledged;
  private final Set<Long>[] open;

  @SuppressWarnings({"unchecked", "rawtypes"}) // arrays of sets are made raw
  Blocks(long salt, int count) {
    this.salt = salt;
    this.acknowledged = new long[count];
    this.open = new Set[count];
    for (int i = 0; i < count; i++) {
      open[i] = new HashSet<>();
    }
  }

  int count() {
    return acknowledged.length;
  }

  /** The bytes of a block's write; the number 0 is a hole. */
  byte[] content(int block, long number) {
    byte[] bytes = new byte[SIZE];
    if (number == 0) {
      return bytes;
    }
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    while (buffer.hasRemaining()) {
      buffer.putLong(
          (salt + number * 1_000_003L + block) * 0x9E3779B97F4A7C15L + buffer.position());
    }
    buffer.putLong(0, number);
    return bytes;
  }

  synchronized void begin(int block, long number) {
    open[block].add(number);
  }

  synchronized void acknowledged(int block, long number) {
    acknowledged[block] = number;
    // Earlier ones whose fate was unknown must not be seen any more.
    open[block].removeIf(other -> other <= number);
  }

  /** The highest number that was acknowledged in any block. */
  synchronized long highest() {
    return Arrays.stream(acknowledged).max().orElse(0);
  }

  /** Fails unless these bytes may be read now from a block. */
  synchronized void check(int block, byte[] read, String where) {
    byte[] bytes = Arrays.copyOf(read, SIZE);
    long number = ByteBuffer.wrap(bytes).getLong(0);
    boolean may = number == acknowledged[block] || open[block].contains(number);
    if (!may || !Arrays.equals(content(block, number), bytes)) {
      throw new AssertionError(
          "%s: block %d holds write %d%s, acknowledged is %d, open are %s"
              .formatted(
                  where, block, number, may ? " torn" : "", acknowledged[block], open[block]));
    }
  }
}
