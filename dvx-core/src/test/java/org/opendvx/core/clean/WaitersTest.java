package org.opendvx.core.clean;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.opendvx.core.datastore.SpaceMaker.Outcome;

@Timeout(60)
class WaitersTest {
  private static final Executor THREADS = task -> Thread.ofPlatform().daemon().start(task);
  private static final long NEED = 1 << 20;
  private static final long LONG = TimeUnit.SECONDS.toNanos(50);

  private final AtomicLong free = new AtomicLong();
  private final AtomicLong changes = new AtomicLong();
  private final AtomicLong garbage = new AtomicLong();
  private final Waiters waiters = new Waiters(free::get, changes::get, garbage::get);

  private CompletableFuture<Outcome> ask(long limitNanos) throws InterruptedException {
    CompletableFuture<Outcome> outcome =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return waiters.await(NEED, limitNanos);
              } catch (InterruptedException e) {
                throw new AssertionError(e);
              }
            },
            THREADS);
    while (!waiters.any() && !outcome.isDone()) {
      Thread.sleep(1);
    }
    return outcome;
  }

  @Test
  void roundsThatGiveBackOnlyWhatTheyWroteComeToAnEnd() throws Exception {
    CompletableFuture<Outcome> asked = ask(LONG);
    for (int round = 0; round < 20 && !asked.isDone(); round++) {
      // Each deletes what the checkpoint of the one before had written.
      long number = waiters.begin();
      waiters.progressed();
      waiters.ended(number, false, 1);
    }
    assertEquals(Outcome.NOTHING, asked.get());
    // And while nothing changes, nobody waits for that again.
    assertEquals(Outcome.NOTHING, ask(LONG).get());
    changes.incrementAndGet();
    CompletableFuture<Outcome> later = ask(LONG);
    free.set(NEED);
    waiters.ended(waiters.begin(), false, 1);
    assertEquals(Outcome.MADE, later.get());
  }

  @Test
  void oneLookAtEverythingThatFindsNothingIsEnough() throws Exception {
    CompletableFuture<Outcome> asked = ask(LONG);
    waiters.ended(waiters.begin(), true, 1);
    assertEquals(Outcome.NOTHING, asked.get());
  }

  @Test
  void aRoundThatBeganBeforeTheQuestionDoesNotAnswerIt() throws Exception {
    long number = waiters.begin();
    CompletableFuture<Outcome> asked = ask(TimeUnit.MILLISECONDS.toNanos(200));
    waiters.ended(number, true, 1);
    assertEquals(Outcome.WORKING, asked.get());
  }

  @Test
  void growingRoomIsWaitedFor() throws Exception {
    CompletableFuture<Outcome> asked = ask(LONG);
    for (int round = 0; round < 10; round++) {
      free.addAndGet(100_000);
      waiters.ended(waiters.begin(), false, 1);
    }
    assertTrue(!asked.isDone());
    free.set(NEED);
    waiters.progressed();
    assertEquals(Outcome.MADE, asked.get());
  }

  @Test
  void failuresAreNoAnswerUntilTheTimeIsUpAndThenNotForEver() throws Exception {
    CompletableFuture<Outcome> asked = ask(TimeUnit.MILLISECONDS.toNanos(300));
    waiters.failed(waiters.begin(), false);
    assertTrue(!asked.isDone());
    assertEquals(Outcome.NOTHING, asked.get());
    // Known to fail for longer than anybody would wait: told at once, but tried again.
    Thread.sleep(5);
    assertEquals(Outcome.NOTHING, ask(TimeUnit.MILLISECONDS.toNanos(2)).get());
    assertTrue(waiters.awaitWork(() -> false, java.time.Duration.ofSeconds(50)));
    CompletableFuture<Outcome> later = ask(LONG);
    waiters.failed(waiters.begin(), false);
    free.set(NEED);
    waiters.ended(waiters.begin(), false, 1);
    assertEquals(Outcome.MADE, later.get());
  }

  @Test
  void aCleanerThatMayNotCleanIsNotWaitedFor() throws Exception {
    CompletableFuture<Outcome> asked = ask(LONG);
    waiters.failed(waiters.begin(), true);
    assertEquals(Outcome.NOTHING, asked.get());
  }
}
