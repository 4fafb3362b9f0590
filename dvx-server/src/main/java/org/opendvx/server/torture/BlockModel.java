package org.opendvx.server.torture;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What may stand in a block. It has one writer, who writes rising numbers and goes on only when a
 * write was acknowledged: a block is linearizable then if no read gives less than what was
 * acknowledged or read before it began, nor more than what was begun when it ended. Thread-safe.
 */
final class BlockModel {
  static final int SIZE = 4096;

  private final String name;
  private final long seed;
  private final AtomicLong begun = new AtomicLong();
  private final AtomicLong known = new AtomicLong();

  /**
   * A block that was never written.
   *
   * @param seed of its content, another one for each block
   */
  BlockModel(String name, long seed) {
    this.name = name;
    this.seed = seed;
  }

  /** The next number to write; for its writer. */
  long begin() {
    return begun.incrementAndGet();
  }

  /** A number was acknowledged. */
  void acknowledged(long number) {
    long _ = known.accumulateAndGet(number, Math::max);
  }

  /** What a read that begins now must give at least. */
  long least() {
    return known.get();
  }

  /**
   * A read has ended.
   *
   * @param least from before it began
   * @return what is wrong with it, empty for nothing
   */
  String judge(byte[] bytes, long least) {
    byte[] block = Arrays.copyOf(bytes, SIZE);
    long number = ByteBuffer.wrap(block).getLong();
    long most = begun.get();
    if (number < least || number > most) {
      return "%s holds %d, allowed are %d to %d".formatted(name, number, least, most);
    }
    if (!Arrays.equals(block, content(number))) {
      return name + " is torn, of write " + number;
    }
    acknowledged(number);
    return "";
  }

  /** The block as a write makes it; number 0 for never. */
  byte[] content(long number) {
    byte[] block = new byte[SIZE];
    if (number == 0) {
      return block;
    }
    ByteBuffer buffer = ByteBuffer.wrap(block);
    SplittableRandom random = new SplittableRandom(seed ^ number * 0x9E3779B97F4A7C15L);
    while (buffer.hasRemaining()) {
      buffer.putLong(random.nextLong());
    }
    buffer.putLong(0, number);
    return block;
  }
}
