package org.opendvx.core.pool.datanode;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.testing.InMemoryPool;

/** Who holds which journal. */
final class JournalHoldsTest {
  private static final String SLOW = "host-slow";
  private static final String OTHER = "host-other";
  private static final long LEASE = TimeUnit.SECONDS.toNanos(60);

  private final InMemoryPool pool = new InMemoryPool();
  private final JournalHolds holds = new JournalHolds(pool, LEASE);

  private static Session session(String host) {
    return new Session(UUID.randomUUID(), host, "fingerprint of " + host);
  }

  private static void append(JournalHolds.Hold hold, String host, long sequence) {
    hold.append(new Epoch(host, 1), sequence, sequence, ByteBuffer.wrap(new byte[100]));
  }

  private static <T> T within(CompletableFuture<T> future)
      throws InterruptedException, ExecutionException, java.util.concurrent.TimeoutException {
    return future.get(20, TimeUnit.SECONDS);
  }

  @Test
  void aReplayThatIsStuckStopsNoOtherJournalAndEndsWhenItsHoldIsTakenOver() throws Exception {
    Session slow = session(SLOW);
    Session heir = session("host-heir");
    Session other = session(OTHER);
    JournalHolds.Hold stuck = holds.open(slow, SLOW, 1, false, LEASE);
    long _ = stuck.replay(SLOW, 1, (_, _, _) -> {});
    append(stuck, SLOW, 1);
    append(stuck, SLOW, 2);
    JournalHolds.Hold another = holds.open(other, OTHER, 1, false, LEASE);
    long _ = another.replay(OTHER, 1, (_, _, _) -> {});

    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    CompletableFuture<Long> replay =
        CompletableFuture.supplyAsync(
            () ->
                stuck.replay(
                    SLOW,
                    1,
                    (_, _, _) -> {
                      begun.countDown();
                      try {
                        assertTrue(go.await(60, TimeUnit.SECONDS));
                      } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                      }
                    }),
            task -> Thread.ofVirtual().start(task));
    assertTrue(begun.await(20, TimeUnit.SECONDS));
    try {
      long _ = pool.fence(SLOW, 2);
      CompletableFuture<JournalHolds.Hold> taken =
          CompletableFuture.supplyAsync(
              () -> {
                try {
                  return holds.open(heir, SLOW, 2, false, LEASE);
                } catch (InterruptedException e) {
                  throw new IllegalStateException(e);
                }
              },
              task -> Thread.ofVirtual().start(task));
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
      while (!stuck.closed()) {
        assertTrue(System.nanoTime() - end < 0, "the hold is taken away");
        Thread.sleep(5);
      }
      CompletableFuture<Void> appended =
          CompletableFuture.runAsync(
              () -> append(Objects.requireNonNull(holds.of(other, OTHER)), OTHER, 1),
              task -> Thread.ofVirtual().start(task));
      Void _ = within(appended);
      assertFalse(taken.isDone(), "the replay is under way");
      go.countDown();
      JournalHolds.Hold theirs = within(taken);
      assertEquals(2, theirs.replay(SLOW, 1, (_, _, _) -> {}));
      CompletionException ended = assertThrows(CompletionException.class, replay::join);
      DvxException why = assertInstanceOf(DvxException.class, ended.getCause());
      assertEquals(Kind.CONFLICT, why.kind());
    } finally {
      go.countDown();
    }
    DvxException refused =
        assertThrows(DvxException.class, () -> stuck.replay(SLOW, 1, (_, _, _) -> {}));
    assertEquals(Kind.CONFLICT, refused.kind());
    assertNotNull(holds.of(heir, SLOW), "and took nothing");
    holds.closeAll(other);
    JournalHolds.Hold again = holds.open(heir, OTHER, 0, true, 0);
    assertEquals(1, again.end(OTHER, 1));
  }
}
