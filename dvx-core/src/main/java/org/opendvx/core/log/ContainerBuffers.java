package org.opendvx.core.log;

import java.util.concurrent.ArrayBlockingQueue;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.pool.ContainerStore;

/** Container-sized heap buffers, kept for the next container. Their content is undefined. */
final class ContainerBuffers {
  private final ArrayBlockingQueue<byte[]> spare;

  ContainerBuffers(int kept) {
    this.spare = new ArrayBlockingQueue<>(kept);
  }

  byte[] take() {
    byte @Nullable [] buffer = spare.poll();
    return buffer != null ? buffer : new byte[ContainerStore.MAX_LENGTH];
  }

  /** Gives a buffer back; dropped when enough are kept. */
  @SuppressWarnings("CheckReturnValue") // a full queue means that the buffer is garbage
  void giveBack(byte[] buffer) {
    spare.offer(buffer);
  }
}
