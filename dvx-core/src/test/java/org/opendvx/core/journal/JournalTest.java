package org.opendvx.core.journal;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.opendvx.core.codec.KeyRing;
import org.opendvx.core.codec.RecordSealer;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.JournalStore;
import org.opendvx.core.testing.InMemoryPool;
import org.opendvx.core.testing.PoolFaults;
import org.opendvx.core.testing.PoolFaults.Operation;
import org.opendvx.core.testing.PoolFaults.Verdict;
import org.opendvx.core.testing.PoolMutation.JournalAppend;

@Timeout(60)
class JournalTest {
  private static final String HOST = "a";
  private static final JournalSettings SETTINGS =
      new JournalSettings(
          8 << 20,
          Duration.ofMillis(100),
          Duration.ofMillis(300),
          Duration.ofMillis(10),
          Duration.ofSeconds(2));

  private final RecordSealer sealer = new RecordSealer(KeyRing.generate());
  private final List<AutoCloseable> open = new ArrayList<>();
  private int incarnation;

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable each : open.reversed()) {
      each.close();
    }
  }

  private Journal journal(InMemoryPool pool) {
    JournalStore store = pool.journal(HOST);
    open.add(store);
    Journal journal = new Journal(store, new Epoch(HOST, 1), sealer, ++incarnation, SETTINGS);
    open.add(journal);
    return journal;
  }

  private Journal opened(InMemoryPool pool) {
    Journal journal = journal(pool);
    journal.replay(1, (_, _, _, _) -> {});
    return journal;
  }

  private static ByteBuffer text(String text) {
    return ByteBuffer.wrap(text.getBytes(UTF_8));
  }

  private static RecordTail tail(byte[] bytes) {
    return new RecordTail() {
      @Override
      public int length() {
        return bytes.length;
      }

      @Override
      public void write(ByteBuffer target) {
        target.put(bytes);
      }
    };
  }

  private static void await(CompletableFuture<?> future) throws Exception {
    future.get(20, TimeUnit.SECONDS);
  }

  private static DvxException failureOf(CompletableFuture<?> future) {
    ExecutionException failed =
        assertThrows(ExecutionException.class, () -> future.get(20, TimeUnit.SECONDS));
    return (DvxException) Objects.requireNonNull(failed.getCause());
  }

  private List<String> texts(InMemoryPool pool, long from) {
    List<String> texts = new ArrayList<>();
    journal(pool)
        .replay(from, (lsn, kind, secret, _) -> texts.add(lsn + ":" + kind + ":" + string(secret)));
    return texts;
  }

  private static String string(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.get(bytes);
    return new String(bytes, UTF_8);
  }

  @Test
  void recordsComeBackInOrderWithBothParts() throws Exception {
    InMemoryPool pool = new InMemoryPool();
    Journal journal = opened(pool);
    byte[] blob = new byte[1_200_000];
    new Random(7).nextBytes(blob);

    assertEquals(1, journal.append(3, text("one"), RecordTail.NONE));
    assertEquals(2, journal.append(255, text(""), tail(blob)));
    assertEquals(3, journal.append(4, text("three"), tail(new byte[] {1, 2, 3})));
    await(journal.durable(3));
    assertEquals(3, journal.durableLsn());

    List<String> seen = new ArrayList<>();
    long last =
        journal(pool.crash())
            .replay(
                1,
                (lsn, kind, secret, tail) -> {
                  seen.add(lsn + ":" + kind + ":" + string(secret) + ":" + tail.remaining());
                  if (lsn == 2) {
                    byte[] back = new byte[tail.remaining()];
                    tail.get(back);
                    assertArrayEquals(blob, back);
                  }
                });
    assertEquals(List.of("1:3:one:0", "2:255::1200000", "3:4:three:3"), seen);
    assertEquals(3, last);
  }

  @Test
  void replayStartsWhereAskedAndNumbersGoOn() throws Exception {
    InMemoryPool pool = new InMemoryPool();
    Journal journal = opened(pool);
    for (int i = 1; i <= 10; i++) {
      await(journal.durable(journal.append(1, text("r" + i), RecordTail.NONE)));
    }
    journal.trim(6);
    InMemoryPool after = pool.crash();
    Journal next = journal(after);
    List<Long> seen = new ArrayList<>();
    assertEquals(10, next.replay(7, (lsn, _, _, _) -> seen.add(lsn)));
    assertEquals(List.of(7L, 8L, 9L, 10L), seen);
    assertEquals(11, next.append(1, text("r11"), RecordTail.NONE));
  }

  @Test
  void secretsAreNotReadableInTheStore() throws Exception {
    InMemoryPool pool = new InMemoryPool();
    Journal journal = opened(pool);
    await(journal.durable(journal.append(1, text("payroll-database.vmdk"), RecordTail.NONE)));
    for (JournalAppend batch : pool.journalBatches(HOST)) {
      assertFalse(new String(batch.bytes(), UTF_8).contains("payroll"));
    }
  }

  @Test
  void recordsThatComeWhileTheDiskIsBusyShareABatch() throws Exception {
    InMemoryPool pool = new InMemoryPool();
    Semaphore gate = new Semaphore(0);
    CountDownLatch first = new CountDownLatch(1);
    pool.faults(
        (operation, _, _) -> {
          if (operation == Operation.JOURNAL_APPEND) {
            first.countDown();
            gate.acquireUninterruptibly();
          }
          return Verdict.PROCEED;
        });
    Journal journal = opened(pool);
    journal.append(1, text("x"), RecordTail.NONE);
    first.await();
    for (int i = 0; i < 1000; i++) {
      journal.append(1, text("y" + i), RecordTail.NONE);
    }
    CompletableFuture<?> last = journal.durable(journal.lastLsn());
    assertFalse(last.isDone());
    gate.release(100);
    await(last);
    assertEquals(2, pool.journalBatches(HOST).size());
  }

  @Test
  void manyThreadsGetGaplessNumbersAndEveryRecordSurvives() throws Exception {
    InMemoryPool pool = new InMemoryPool();
    Journal journal = opened(pool);
    int threads = 8;
    int each = 2000;
    ConcurrentSkipListMap<Long, String> written = new ConcurrentSkipListMap<>();
    AtomicInteger completed = new AtomicInteger();
    List<Thread> workers = new ArrayList<>();
    for (int t = 0; t < threads; t++) {
      int thread = t;
      workers.add(
          Thread.ofPlatform()
              .start(
                  () -> {
                    for (int i = 0; i < each; i++) {
                      String content = thread + "/" + i;
                      long lsn = append(journal, content, i);
                      written.put(lsn, content);
                      journal.onDurable(lsn, failure -> count(completed, failure));
                    }
                  }));
    }
    for (Thread worker : workers) {
      worker.join();
    }
    await(journal.durable(journal.lastLsn()));
    assertEquals(threads * each, written.size());
    assertEquals((long) threads * each, written.lastKey());

    List<String> back = new ArrayList<>();
    journal(pool.crash()).replay(1, (_, _, secret, _) -> back.add(string(secret)));
    assertEquals(new ArrayList<>(written.values()), back);
    journal.close();
    assertEquals(threads * each, completed.get());
  }

  private static void count(AtomicInteger completed, @Nullable DvxException failure) {
    if (failure == null) {
      completed.incrementAndGet();
    }
  }

  private static long append(Journal journal, String content, int i) {
    try {
      while (!journal.awaitRoom(20_000, 1_000_000_000)) {
        Thread.onSpinWait();
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    return journal.append(1, text(content), tail(new byte[i % 17 == 0 ? 9000 : i % 7]));
  }

  @Test
  void withoutAPoolWaitersFailWithinTheLimitAndNewRecordsAtOnce() throws Exception {
    InMemoryPool pool = new InMemoryPool();
    Journal journal = opened(pool);
    await(journal.durable(journal.append(1, text("before"), RecordTail.NONE)));
    pool.available(false);
    CompletableFuture<?> during =
        journal.durable(journal.append(1, text("during"), RecordTail.NONE));
    assertEquals(Kind.UNAVAILABLE, failureOf(during).kind());
    assertFalse(journal.hasRoom(1));
    assertThrows(DvxException.class, () -> journal.append(1, text("no"), RecordTail.NONE));
    assertThrows(DvxException.class, () -> journal.awaitRoom(1, 10_000_000_000L));
    assertEquals(Kind.UNAVAILABLE, failureOf(journal.durable(2)).kind());

    pool.available(true);
    long lsn = appendWhenBack(journal, "after");
    await(journal.durable(lsn));
    assertEquals(List.of("1:1:before", "2:1:during", "3:1:after"), texts(pool.crash(), 1));
  }

  private static long appendWhenBack(Journal journal, String content) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!journal.hasRoom(100)) {
      assertTrue(System.nanoTime() < end, "the journal did not go on by itself");
      Thread.sleep(5);
    }
    return journal.append(1, text(content), RecordTail.NONE);
  }

  @Test
  void aBatchThatFailedAfterItWasWrittenIsWrittenOnce() throws Exception {
    InMemoryPool pool = new InMemoryPool();
    AtomicInteger failures = new AtomicInteger(3);
    pool.faults(
        (operation, _, _) ->
            operation == Operation.JOURNAL_APPEND && failures.getAndDecrement() > 0
                ? new Verdict.FailAfter(Kind.UNAVAILABLE)
                : Verdict.PROCEED);
    Journal journal = opened(pool);
    await(journal.durable(journal.append(1, text("once"), RecordTail.NONE)));
    await(journal.durable(appendWhenBack(journal, "next")));
    assertEquals(List.of("1:1:once", "2:1:next"), texts(pool.crash(), 1));
  }

  @Test
  void aFullJournalWaitsForTrimAndLosesNothing() throws Exception {
    InMemoryPool pool = new InMemoryPool();
    pool.journalCapacity(300_000);
    Journal journal = opened(pool);
    byte[] blob = new byte[100_000];
    await(journal.durable(journal.append(1, text("a"), tail(blob))));
    await(journal.durable(journal.append(1, text("b"), tail(blob))));
    assertFalse(journal.hasRoom(100_000));
    assertTrue(journal.usage() > 0.6);
    CompletableFuture<?> third = journal.durable(journal.append(1, text("c"), tail(blob)));
    assertFalse(third.isDone());
    assertFalse(journal.awaitRoom(100_000, 1_000_000));
    journal.trim(3);
    await(third);
    assertEquals(List.of("3:1:c"), texts(pool.crash(), 3));
  }

  @Test
  void aJournalThatStaysFullTellsItsWaiters() {
    InMemoryPool pool = new InMemoryPool();
    pool.journalCapacity(1000);
    Journal journal = opened(pool);
    CompletableFuture<?> waiting =
        journal.durable(journal.append(1, text("a"), tail(new byte[2000])));
    assertEquals(Kind.NO_SPACE, failureOf(waiting).kind());
  }

  @Test
  void aFencedHostWritesNothingMoreForGood() throws Exception {
    InMemoryPool pool = new InMemoryPool();
    Journal journal = opened(pool);
    pool.fence(HOST, 2);
    assertEquals(
        Kind.CONFLICT,
        failureOf(journal.durable(journal.append(1, text("a"), RecordTail.NONE))).kind());
    assertThrows(DvxException.class, () -> journal.append(1, text("b"), RecordTail.NONE));
    assertEquals(List.of(), pool.journalBatches(HOST));
  }

  @Test
  void memoryStaysBoundedWhenTheDiskDoesNotMove() {
    InMemoryPool pool = new InMemoryPool();
    Semaphore gate = new Semaphore(0);
    pool.faults(
        (operation, _, _) -> {
          if (operation == Operation.JOURNAL_APPEND) {
            gate.acquireUninterruptibly();
          }
          return Verdict.PROCEED;
        });
    Journal journal = opened(pool);
    byte[] blob = new byte[1 << 20];
    DvxException refused =
        assertThrows(
            DvxException.class,
            () -> {
              for (int i = 0; i < 100; i++) {
                journal.append(1, text("x"), tail(blob));
              }
            });
    assertEquals(Kind.UNAVAILABLE, refused.kind());
    assertTrue(journal.bufferedBytes() <= 2 * SETTINGS.bufferedBytes());
    assertFalse(journal.hasRoom(1));
    gate.release(1000);
  }

  @Test
  void aTailThatFailsLeavesAVoidThatReplaySkips() throws Exception {
    InMemoryPool pool = new InMemoryPool();
    Journal journal = opened(pool);
    RecordTail broken =
        new RecordTail() {
          @Override
          public int length() {
            return 10;
          }

          @Override
          public void write(ByteBuffer target) {
            throw new IllegalArgumentException("broken");
          }
        };
    assertThrows(IllegalArgumentException.class, () -> journal.append(1, text("secret"), broken));
    await(journal.durable(journal.append(1, text("good"), RecordTail.NONE)));
    assertEquals(List.of("2:1:good"), texts(pool.crash(), 1));
  }

  @Test
  void closingWritesWhatWaits() {
    InMemoryPool pool = new InMemoryPool();
    Journal journal = opened(pool);
    for (int i = 0; i < 100; i++) {
      journal.append(1, text("r" + i), RecordTail.NONE);
    }
    journal.close();
    assertEquals(100, journal.durableLsn());
    assertThrows(DvxException.class, () -> journal.append(1, text("late"), RecordTail.NONE));
  }

  @Test
  void closingWithoutAPoolFailsTheWaiters() {
    InMemoryPool pool = new InMemoryPool();
    Journal journal = opened(pool);
    pool.available(false);
    CompletableFuture<?> waiting = journal.durable(journal.append(1, text("a"), RecordTail.NONE));
    journal.close();
    assertEquals(Kind.UNAVAILABLE, failureOf(waiting).kind());
    assertEquals(Kind.UNAVAILABLE, failureOf(journal.durable(1)).kind());
  }

  @Test
  void listenersSeeRisingNumbersUpToTheLast() throws Exception {
    InMemoryPool pool = new InMemoryPool();
    Journal journal = journal(pool);
    List<Long> seen = new ArrayList<>();
    journal.onDurableAdvance(seen::add);
    journal.replay(1, (_, _, _, _) -> {});
    for (int i = 1; i <= 20; i++) {
      await(journal.durable(journal.append(1, text("r"), RecordTail.NONE)));
    }
    journal.close();
    assertEquals(seen.stream().sorted().distinct().toList(), seen);
    assertEquals(20, seen.getLast());
  }

  @Test
  void aMissingBatchIsCorruptNotSilent() throws Exception {
    InMemoryPool pool = new InMemoryPool();
    Journal journal = opened(pool);
    for (int i = 0; i < 3; i++) {
      await(journal.durable(journal.append(1, text("r" + i), RecordTail.NONE)));
    }
    List<JournalAppend> batches = new ArrayList<>(pool.journalBatches(HOST));
    batches.remove(1);
    assertCorrupt(pool.withJournal(HOST, batches));
    batches.removeFirst();
    assertCorrupt(pool.withJournal(HOST, batches));
  }

  @Test
  void hostileBatchesAreCorruptOrUnsupportedNeverAccepted() throws Exception {
    InMemoryPool pool = new InMemoryPool();
    Journal journal = opened(pool);
    journal.append(1, text("first"), tail(new byte[5]));
    await(journal.durable(journal.append(2, text("second"), tail(new byte[7]))));
    journal.close();
    List<JournalAppend> batches = pool.journalBatches(HOST);
    JournalAppend whole = batches.getLast();
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    for (int round = 0; round < 3000; round++) {
      byte[] bytes = whole.bytes().clone();
      boolean cut = random.nextInt(4) == 0;
      if (cut) {
        bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length));
      } else {
        bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
      }
      List<JournalAppend> changed = new ArrayList<>(batches);
      changed.set(changed.size() - 1, new JournalAppend(HOST, whole.first(), whole.last(), bytes));
      InMemoryPool hostile = pool.withJournal(HOST, changed);
      try (JournalStore store = hostile.journal(HOST);
          Journal reader = new Journal(store, new Epoch(HOST, 1), sealer, 99, SETTINGS)) {
        // A flip in a tail or in reserved bytes passes: the store's checksum is there for these.
        reader.replay(
            1, (lsn, kind, secret, _) -> assertEquals(lsn == kind, string(secret).length() >= 5));
        assertFalse(cut);
      } catch (DvxException e) {
        assertTrue(e.kind() == Kind.CORRUPT || e.kind() == Kind.UNSUPPORTED, e::render);
      }
    }
  }

  private void assertCorrupt(InMemoryPool pool) {
    Journal journal = journal(pool);
    DvxException e = assertThrows(DvxException.class, () -> journal.replay(1, (_, _, _, _) -> {}));
    assertEquals(Kind.CORRUPT, e.kind());
    assertThrows(DvxException.class, () -> journal.append(1, text("x"), RecordTail.NONE));
  }

  @Test
  void errorsOfTheStoreThatAreNoneOfOursAreRetriedToo() throws Exception {
    InMemoryPool pool = new InMemoryPool();
    AtomicInteger failures = new AtomicInteger(2);
    PoolFaults odd =
        (operation, _, _) -> {
          if (operation == Operation.JOURNAL_APPEND && failures.getAndDecrement() > 0) {
            throw new IllegalStateException("a bug below");
          }
          return Verdict.PROCEED;
        };
    pool.faults(odd);
    Journal journal = opened(pool);
    await(journal.durable(journal.append(1, text("a"), RecordTail.NONE)));
    assertEquals(1, journal.durableLsn());
  }
}
