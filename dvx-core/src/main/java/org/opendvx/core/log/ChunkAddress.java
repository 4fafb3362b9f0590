package org.opendvx.core.log;

/**
 * Chunk addresses: container id in the upper 48 bits, slot in the lower 16. 0 means a hole. An
 * address names the same chunk for ever; the cleaner moves bytes, never addresses.
 */
public final class ChunkAddress {
  /** No chunk: a block of zeros. */
  public static final long HOLE = 0;

  /** Largest slot number. */
  public static final int MAX_SLOT = 0xffff;

  private ChunkAddress() {}

  /** The address of a slot. */
  public static long of(long container, int slot) {
    return container << 16 | slot;
  }

  /** The container in which the chunk was first stored. */
  public static long container(long address) {
    return address >>> 16;
  }

  /** The slot within it. */
  public static int slot(long address) {
    return (int) address & MAX_SLOT;
  }
}
