package org.opendvx.core.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.opendvx.core.codec.KeyRing;
import org.opendvx.core.error.Kind;
import org.opendvx.core.testing.InMemoryPool;
import org.opendvx.core.testing.PoolFaults.Operation;
import org.opendvx.core.testing.PoolFaults.Verdict;

/** Writers, readers and checkpoints at once, over a pool that stumbles: every read is right. */
@Timeout(300)
class LogStressTest {
  private static final int WRITERS = 3;
  private static final int READERS = 2;
  private static final int WRITES = 80;

  @Test
  void readersNeverSeeAnythingElseThanWhatWasWritten() throws Exception {
    long seed = Long.getLong("dvx.seed", System.nanoTime());
    System.out.println("dvx.seed " + seed);
    InMemoryPool pool = new InMemoryPool();
    Random faults = new Random(seed);
    AtomicInteger inARow = new AtomicInteger();
    pool.faults(
        (operation, _, _) -> {
          synchronized (faults) {
            // Longer rows would be a refusal, of which writers are told.
            boolean fails =
                operation == Operation.CONTAINER_PUT && faults.nextInt(6) == 0 && inARow.get() < 3;
            inARow.set(fails ? inARow.get() + 1 : 0);
            return fails ? new Verdict.Fail(Kind.UNAVAILABLE) : Verdict.PROCEED;
          }
        });
    AtomicReference<@Nullable Throwable> failed = new AtomicReference<>();
    AtomicBoolean writing = new AtomicBoolean(true);
    KeyRing keys = KeyRing.generate();
    int written;
    try (LogHarness harness = new LogHarness(pool, keys)) {
      harness.write(1);
      List<Thread> writers = new ArrayList<>();
      List<Thread> readers = new ArrayList<>();
      for (int i = 0; i < WRITERS; i++) {
        Random mine = new Random(seed + i);
        writers.add(start(failed, () -> write(harness, mine)));
      }
      for (int i = 0; i < READERS; i++) {
        Random mine = new Random(seed - 1 - i);
        readers.add(start(failed, () -> read(harness, mine, writing)));
      }
      for (Thread writer : writers) {
        writer.join();
      }
      writing.set(false);
      for (Thread reader : readers) {
        reader.join();
      }
      Throwable failure = failed.get();
      if (failure != null) {
        throw new AssertionError("a thread failed: " + failure, failure);
      }
      harness.checkpoint();
      written = harness.model.size();
      harness.verify(new Random(seed));
      LogStatistics statistics = harness.log.statistics();
      assertTrue(statistics.unique() < statistics.logical());
      assertTrue(statistics.stored() < statistics.unique());
    }
    try (LogHarness again = new LogHarness(pool.crash(), keys)) {
      again.verify(new Random(seed));
      assertEquals(written, again.model.size());
    }
  }

  private static void write(LogHarness harness, Random random) throws Exception {
    for (int i = 0; i < WRITES; i++) {
      harness.write(random.longs(1 + random.nextInt(100), 0, 20_000).toArray());
      if (random.nextInt(20) == 0) {
        harness.log.closeOlderThan(harness.journal.lastLsn());
      }
      if (random.nextInt(40) == 0) {
        harness.checkpoint();
      }
    }
  }

  private static void read(LogHarness harness, Random random, AtomicBoolean writing) {
    while (writing.get()) {
      long[] addresses =
          harness.model.keySet().stream()
              .skip(random.nextInt(harness.model.size()))
              .limit(1 + random.nextInt(60))
              .mapToLong(Long::longValue)
              .toArray();
      harness.verify(addresses, 0, addresses.length);
    }
  }

  private static Thread start(AtomicReference<@Nullable Throwable> failed, Body body) {
    return Thread.ofPlatform()
        .start(
            () -> {
              try {
                body.run();
              } catch (Throwable e) {
                failed.compareAndSet(null, e);
              }
            });
  }

  private interface Body {
    void run() throws Exception;
  }
}
