package org.opendvx.core.pool.local;

import java.nio.ByteBuffer;

/**
 * Direct memory for files, and one such buffer for each thread of a drive, as large as its uses.
 */
final class Buffers {
  private static final ThreadLocal<ByteBuffer> OWN =
      ThreadLocal.withInitial(() -> aligned(64 << 10));

  private Buffers() {}

  /** A buffer of at least so many bytes that begins on a block, as direct writing needs it. */
  static ByteBuffer aligned(int bytes) {
    int whole = Math.toIntExact(Layout.roundUp(bytes));
    return ByteBuffer.allocateDirect(whole + Layout.BLOCK).alignedSlice(Layout.BLOCK);
  }

  /** The calling thread's buffer, cleared, its limit set; valid until the thread asks again. */
  static ByteBuffer ofThread(int bytes) {
    ByteBuffer buffer = OWN.get();
    if (buffer.capacity() < bytes) {
      buffer = aligned(bytes);
      OWN.set(buffer);
    }
    return buffer.clear().limit(bytes);
  }
}
