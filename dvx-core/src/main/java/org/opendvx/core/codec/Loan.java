package org.opendvx.core.codec;

import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Supplier;

/**
 * Tools that one thread at a time may use and that cost too much to make for every call. A platform
 * thread keeps one of its own; virtual threads, of which there are many, share as many as run at
 * the same time.
 *
 * <p>Between {@link #take} and {@link #giveBack} a thread must neither block nor take again.
 */
final class Loan<T> {
  private final Supplier<T> maker;
  private final ThreadLocal<T> own;
  private final ConcurrentLinkedQueue<T> shared = new ConcurrentLinkedQueue<>();

  Loan(Supplier<T> maker) {
    this.maker = maker;
    this.own = ThreadLocal.withInitial(maker);
  }

  T take() {
    if (!Thread.currentThread().isVirtual()) {
      return own.get();
    }
    T tool = shared.poll();
    return tool != null ? tool : maker.get();
  }

  void giveBack(T tool) {
    if (Thread.currentThread().isVirtual()) {
      shared.add(tool);
    }
  }
}
