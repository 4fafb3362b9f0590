package org.opendvx.core.journal;

import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells waiters, on a thread of its own, so that the writer goes on with the next batch while
 * callers are answered.
 */
final class Completer implements Runnable {
  private static final Logger LOG = LoggerFactory.getLogger(Completer.class);
  private static final Completion END = new Completion(0, List.of(), null, true);

  private final LinkedBlockingQueue<Completion> queue = new LinkedBlockingQueue<>();
  private final List<LongConsumer> listeners;

  Completer(List<LongConsumer> listeners) {
    this.listeners = listeners;
  }

  /**
   * Hands over what is to be told.
   *
   * @param durableLsn everything up to it is durable
   */
  void add(long durableLsn, List<DurableCallback> waiters, @Nullable DvxException failure) {
    queue.add(new Completion(durableLsn, waiters, failure, false));
  }

  /** The thread ends after what was handed over so far. */
  void end() {
    queue.add(END);
  }

  @Override
  public void run() {
    try {
      for (Completion next = queue.take(); !next.end; next = queue.take()) {
        tell(next);
      }
    } catch (InterruptedException e) {
      // Nobody in the program interrupts this thread; told to stop from outside, it stops.
      LOG.warn("The journal's completion thread was interrupted; waiters are told no more");
    }
  }

  private void tell(Completion completion) {
    if (completion.failure == null) {
      listeners.forEach(
          listener -> guarded(() -> listener.accept(completion.durableLsn), "listener"));
    }
    for (DurableCallback waiter : completion.waiters) {
      guarded(() -> waiter.done(completion.failure), "waiter");
    }
  }

  private static void guarded(Runnable call, String role) {
    try {
      call.run();
    } catch (RuntimeException e) {
      LOG.error("A {} of the journal failed", role, e);
    }
  }

  private record Completion(
      long durableLsn,
      List<DurableCallback> waiters,
      @Nullable DvxException failure,
      boolean end) {}
}
