package org.opendvx.core.datastore;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import org.opendvx.core.log.ChunkLog;

/** Brings the content of mapped blocks into buffers. Thread-safe. */
final class ChunkReader {
  private static final byte[] ZEROS = new byte[Blocks.SIZE];

  private final ChunkLog log;
  private final Attempts attempts;

  ChunkReader(ChunkLog log, Attempts attempts) {
    this.log = log;
    this.attempts = attempts;
  }

  /**
   * Fills a buffer from its position on, which stays.
   *
   * @param addresses of the blocks from the one with the first byte; kept only during the call
   * @param offset of the first byte in the file
   * @param result what the future gives; complete at once when all is in memory
   */
  <T> CompletableFuture<T> fill(
      long[] addresses, long offset, int length, ByteBuffer target, T result) {
    long[] missing = null;
    int missed = 0;
    int base = target.position();
    int blocks = (int) (Blocks.of(offset + length - 1) - Blocks.of(offset)) + 1;
    for (int i = 0; i < blocks; i++) {
      if (!fillCached(addresses[i], offset, length, i, target, base)) {
        if (missing == null) {
          missing = new long[2 * blocks];
        }
        missing[missed] = addresses[i];
        missing[blocks + missed++] = i;
      }
    }
    if (missing == null) {
      return CompletableFuture.completedFuture(result);
    }
    long[] rest = missing;
    int count = missed;
    return attempts.blocking(
        () -> {
          log.read(
              rest,
              0,
              count,
              (index, chunk) -> {
                int block = (int) rest[blocks + index];
                int skip = block == 0 ? Blocks.within(offset) : 0;
                int at = at(offset, block);
                int part = Math.min(Blocks.SIZE - skip, length - at);
                target.put(base + at, chunk, skip, part);
              });
          return result;
        });
  }

  private boolean fillCached(
      long address, long offset, int length, int block, ByteBuffer target, int base) {
    int skip = block == 0 ? Blocks.within(offset) : 0;
    int at = at(offset, block);
    int part = Math.min(Blocks.SIZE - skip, length - at);
    if (address == 0) {
      target.put(base + at, ZEROS, 0, part);
      return true;
    }
    return log.readCached(address, skip, part, target, base + at);
  }

  /** Where a block's first wanted byte is in what is read. */
  private static int at(long offset, int block) {
    return block == 0 ? 0 : block * Blocks.SIZE - Blocks.within(offset);
  }

  /**
   * Copies a whole block.
   *
   * @param address 0 for a hole
   * @param target 4,096 bytes
   * @throws NotYet when it is not in memory and waiting is not allowed here
   */
  void copy(long address, byte[] target) {
    if (address == 0) {
      Arrays.fill(target, 0, Blocks.SIZE, (byte) 0);
    } else if (!log.readCached(address, 0, Blocks.SIZE, ByteBuffer.wrap(target), 0)) {
      if (!Attempts.mayWait()) {
        throw new ChunkMissing(log, address);
      }
      log.read(
          new long[] {address},
          0,
          1,
          (_, chunk) -> System.arraycopy(chunk, 0, target, 0, Blocks.SIZE));
    }
  }

  static boolean zero(byte[] block, int offset) {
    return Arrays.equals(block, offset, offset + Blocks.SIZE, ZEROS, 0, Blocks.SIZE);
  }

  /** A chunk must be read first. */
  private static final class ChunkMissing extends NotYet {
    private static final long serialVersionUID = 1L;

    private final transient ChunkLog log;
    private final long address;

    ChunkMissing(ChunkLog log, long address) {
      super("a chunk must be read");
      this.log = log;
      this.address = address;
    }

    @Override
    void await() {
      log.read(new long[] {address}, 0, 1, (_, _) -> {});
    }
  }
}
