package org.opendvx.core.pool.wire;

import java.util.concurrent.ArrayBlockingQueue;

/** Arrays for large bodies, used again: 10 MiB for every put would keep the collector busy. */
final class BodyArrays {
  private static final int STEP = 1 << 20;
  private static final int CLASSES = (Frame.MAX_BODY + STEP - 1) / STEP + 1;
  private static final int KEPT = 4;

  @SuppressWarnings({"unchecked", "rawtypes"})
  private static final ArrayBlockingQueue<byte[]>[] FREE = new ArrayBlockingQueue[CLASSES];

  static {
    for (int i = 0; i < CLASSES; i++) {
      FREE[i] = new ArrayBlockingQueue<>(KEPT);
    }
  }

  private BodyArrays() {}

  /** An array of at least so many bytes, with anything in it. */
  static byte[] take(int length) {
    if (length < STEP) {
      return new byte[length];
    }
    int steps = (length + STEP - 1) / STEP;
    byte[] free = FREE[steps].poll();
    return free != null ? free : new byte[steps * STEP];
  }

  static void give(byte[] array) {
    if (array.length >= STEP && array.length % STEP == 0 && array.length / STEP < CLASSES) {
      // When enough are kept, this one goes.
      FREE[array.length / STEP].offer(array);
    }
  }
}
