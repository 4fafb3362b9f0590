package org.opendvx.core.datastore;

import org.opendvx.core.log.ChunkLog;

/** Arithmetic on the 4 KiB blocks of files. */
final class Blocks {
  /** Bytes of a block. */
  static final int SIZE = ChunkLog.CHUNK;

  private static final int SHIFT = Integer.numberOfTrailingZeros(SIZE);

  /** More blocks than one operation ever touches, and the last key of any block map. */
  static final long LAST = (Datastore.MAX_FILE_SIZE >> SHIFT) - 1;

  private Blocks() {}

  /** The block that holds a byte. */
  static long of(long offset) {
    return offset >> SHIFT;
  }

  /** A byte's position in its block. */
  static int within(long offset) {
    return (int) (offset & (SIZE - 1));
  }

  /** Blocks that a size takes. */
  static long count(long size) {
    return (size + SIZE - 1) >> SHIFT;
  }

  /** First byte of a block. */
  static long start(long block) {
    return block << SHIFT;
  }
}
