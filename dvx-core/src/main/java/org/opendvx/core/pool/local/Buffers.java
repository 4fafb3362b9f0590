package org.opendvx.core.pool.local;

import java.nio.ByteBuffer;

/** One direct buffer for each thread of a drive, grown to the largest use. */
final class Buffers {
  private static final ThreadLocal<ByteBuffer> OWN =
      ThreadLocal.withInitial(() -> ByteBuffer.allocateDirect(64 << 10));

  private Buffers() {}

  /** The calling thread's buffer, cleared, its limit set; valid until the thread asks again. */
  static ByteBuffer ofThread(int bytes) {
    ByteBuffer buffer = OWN.get();
    if (buffer.capacity() < bytes) {
      buffer = ByteBuffer.allocateDirect(Math.toIntExact(Layout.roundUp(bytes)));
      OWN.set(buffer);
    }
    return buffer.clear().limit(bytes);
  }
}
