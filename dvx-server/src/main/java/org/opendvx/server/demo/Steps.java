package org.opendvx.server.demo;

import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/** Does one step after the other, each on a thread of its own within a time limit. */
final class Steps implements AutoCloseable {
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().name("step").factory());
  private final Narrator narrator;
  private final int count;
  private int number;

  /** The work of a step. */
  @FunctionalInterface
  interface Work<T> {
    /** Does it; an interruption means that its time is over. */
    T run() throws Exception;
  }

  /**
   * Steps that are told to this narrator.
   *
   * @param count how many there will be
   */
  Steps(Narrator narrator, int count) {
    this.narrator = narrator;
    this.count = count;
  }

  /**
   * Does a step.
   *
   * @throws DvxException why it failed; TIMEOUT when its time is over
   */
  <T> T run(String title, Duration limit, Work<T> work) throws InterruptedException {
    number++;
    narrator.step(number, count, title);
    long began = System.nanoTime();
    Future<T> result = thread.submit(work::run);
    try {
      T value = result.get(limit.toMillis(), TimeUnit.MILLISECONDS);
      narrator.plain(
          String.format(Locale.ROOT, "      done in %.1f s", (System.nanoTime() - began) / 1e9));
      return value;
    } catch (TimeoutException e) {
      throw DvxException.of(Kind.TIMEOUT, "The step '" + title + "' took too long")
          .causedBy(e)
          .cause("It was not done within " + limit.toSeconds() + " s")
          .remedy("Try again on a machine that is less busy")
          .build();
    } catch (ExecutionException e) {
      throw told(title, e);
    } catch (CancellationException e) {
      throw DvxException.of(Kind.UNAVAILABLE, "The step '" + title + "' was broken off")
          .causedBy(e)
          .build();
    } finally {
      result.cancel(true);
    }
  }

  private static DvxException told(String title, ExecutionException e) {
    if (e.getCause() instanceof DvxException told) {
      return told;
    }
    Throwable cause = e.getCause() == null ? e : e.getCause();
    return DvxException.of(Kind.INTERNAL, "The step '" + title + "' failed")
        .causedBy(cause)
        .cause(cause.getClass().getSimpleName() + ": " + cause.getMessage())
        .remedy("With --keep everything stays as it is, to be looked at")
        .build();
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }
}
