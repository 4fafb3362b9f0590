package org.opendvx.core.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.opendvx.core.codec.KeyRing;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.testing.InMemoryPool;
import org.opendvx.core.testing.PoolFaults;
import org.opendvx.core.testing.PoolFaults.Operation;
import org.opendvx.core.testing.PoolFaults.Verdict;
import org.opendvx.core.testing.PoolMutation;
import org.opendvx.core.testing.PoolMutation.JournalAppend;

/**
 * Whatever a crash leaves behind opens again with every chunk that a surviving record refers to.
 */
@Timeout(300)
class LogCrashTest {
  private static final int THREADS = 4;

  private static long newSeed() {
    long seed = Long.getLong("dvx.seed", System.nanoTime());
    System.out.println("dvx.seed " + seed);
    return seed;
  }

  /** Fails one put in eight, half of these after it was carried out. */
  private static PoolFaults flakyPuts(long seed) {
    Random random = new Random(seed);
    return (operation, _, _) -> {
      if (operation != Operation.CONTAINER_PUT) {
        return Verdict.PROCEED;
      }
      synchronized (random) {
        return switch (random.nextInt(16)) {
          case 0 -> new Verdict.Fail(Kind.UNAVAILABLE);
          case 1 -> new Verdict.FailAfter(Kind.TIMEOUT);
          default -> Verdict.PROCEED;
        };
      }
    };
  }

  /** Writes, closes containers early, checkpoints: at random, from a thread. */
  private static void work(LogHarness harness, Random random, int writes) throws Exception {
    for (int i = 0; i < writes; i++) {
      long[] seeds = random.longs(1 + random.nextInt(30), 0, 1500).toArray();
      harness.write(seeds);
      switch (random.nextInt(12)) {
        case 0 -> harness.log.closeOlderThan(Long.MAX_VALUE);
        case 1 -> harness.awaitDurable(harness.journal.lastLsn());
        case 2 -> harness.log.begin().abandoned();
        case 3 -> abandonSome(harness, random);
        default -> {}
      }
    }
  }

  private static void abandonSome(LogHarness harness, Random random) {
    ChunkLog.WriteBatch batch = harness.log.begin();
    for (int i = random.nextInt(4); i >= 0; i--) {
      batch.add(LogHarness.content(random.nextLong(1500)), 0);
    }
    batch.abandoned();
  }

  private static void inThreads(int threads, ThreadBody body) throws Exception {
    AtomicReference<@Nullable Throwable> failed = new AtomicReference<>();
    List<Thread> workers = new ArrayList<>();
    for (int t = 0; t < threads; t++) {
      int index = t;
      workers.add(
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      body.run(index);
                    } catch (Throwable e) {
                      failed.compareAndSet(null, e);
                    }
                  }));
    }
    for (Thread worker : workers) {
      worker.join();
    }
    Throwable failure = failed.get();
    if (failure != null) {
      throw new AssertionError("a thread failed", failure);
    }
  }

  private interface ThreadBody {
    void run(int index) throws Exception;
  }

  @Test
  void everyPrefixOfARunRecovers() throws Exception {
    long seed = newSeed();
    Random random = new Random(seed);
    KeyRing keys = KeyRing.generate();
    InMemoryPool pool = new InMemoryPool();
    pool.faults(flakyPuts(seed));
    pool.recordHistory();
    try (LogHarness harness = new LogHarness(pool, keys)) {
      inThreads(
          THREADS,
          index -> {
            Random mine = new Random(seed + index);
            work(harness, mine, 20);
            harness.checkpoint();
            work(harness, mine, 15);
          });
    }
    List<PoolMutation> history = pool.history();
    int records = 0;
    for (int length = 0; length <= history.size(); length++) {
      InMemoryPool crashed = pool.after(length);
      records = Math.max(records, recoverAndVerify(crashed, keys, random));
      if (length > 0 && history.get(length - 1) instanceof JournalAppend last) {
        cutInside(crashed, last, keys, random);
      }
    }
    assertTrue(records > 400, "the run was too small to show anything: " + records);
  }

  /** Cuts the last batch between two of its records, as other timing would have. */
  private static void cutInside(
      InMemoryPool crashed, JournalAppend last, KeyRing keys, Random random) {
    int records = (int) (last.last() - last.first() + 1);
    if (records < 2) {
      return;
    }
    int kept = 1 + random.nextInt(records - 1);
    ByteBuffer bytes = ByteBuffer.wrap(last.bytes().clone());
    bytes.putInt(12, kept);
    int end = 32;
    for (int i = 0; i < kept; i++) {
      end += 16 + bytes.getInt(end);
    }
    List<JournalAppend> batches = new ArrayList<>(crashed.journalBatches(LogHarness.HOST));
    batches.set(
        batches.size() - 1,
        new JournalAppend(
            last.host(), last.first(), last.first() + kept - 1, Arrays.copyOf(bytes.array(), end)));
    recoverAndVerify(crashed.withJournal(LogHarness.HOST, batches), keys, random);
  }

  private static int recoverAndVerify(InMemoryPool crashed, KeyRing keys, Random random) {
    try (LogHarness again = new LogHarness(crashed, keys)) {
      again.verify(random);
      return again.model.size();
    }
  }

  @Test
  void crashesInARowLoseNothingAcknowledgedAndUseNoNonceTwice() throws Exception {
    long seed = newSeed();
    Random random = new Random(seed);
    KeyRing keys = KeyRing.generate();
    NonceLedger ledger = new NonceLedger();
    InMemoryPool pool = new InMemoryPool();
    Map<Long, Long> acknowledged = new ConcurrentHashMap<>();
    for (int round = 0; round < 8; round++) {
      int thisRound = round;
      pool.faults(flakyPuts(seed + round));
      InMemoryPool running = pool;
      AtomicReference<@Nullable InMemoryPool> left = new AtomicReference<>();
      try (LogHarness harness = new LogHarness(pool, keys)) {
        acknowledged.forEach((address, content) -> harness.model.putIfAbsent(address, content));
        harness.verify(random);
        long crashAfter = random.nextInt(150);
        inThreads(
            THREADS + 1,
            index -> {
              if (index == THREADS) {
                TimeUnit.MILLISECONDS.sleep(crashAfter);
                left.set(running.crash());
              } else {
                Random mine = new Random(seed + 100L * thisRound + index);
                writeUntilTheCrash(harness, mine, acknowledged);
              }
            });
      }
      InMemoryPool next = left.get();
      if (next == null) {
        throw new AssertionError("no crash");
      }
      ledger.read(next);
      pool = next;
    }
    System.out.println("acknowledged " + acknowledged.size() + ", nonces " + ledger.size());
    assertTrue(ledger.size() > 1000);
  }

  private static void writeUntilTheCrash(
      LogHarness harness, Random random, Map<Long, Long> acknowledged) throws Exception {
    try {
      while (true) {
        long[] seeds = random.longs(1 + random.nextInt(30), 0, 10_000).toArray();
        long[][] addresses = new long[1][];
        long lsn = harness.writeAnd(got -> addresses[0] = got, seeds);
        harness.journal.onDurable(
            lsn,
            failure -> {
              for (int i = 0; failure == null && i < seeds.length; i++) {
                acknowledged.put(addresses[0][i], seeds[i]);
              }
            });
        switch (random.nextInt(20)) {
          case 0 -> harness.log.closeOlderThan(Long.MAX_VALUE);
          case 1 -> harness.checkpoint();
          default -> {}
        }
      }
    } catch (DvxException e) {
      assertEquals(Kind.UNAVAILABLE, e.kind());
    } catch (java.util.concurrent.ExecutionException e) {
      assertTrue(e.getCause() instanceof DvxException);
    }
  }
}
