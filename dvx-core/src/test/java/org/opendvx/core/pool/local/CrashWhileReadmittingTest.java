package org.opendvx.core.pool.local;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.pool.JournalStore;

/**
 * A crash while a drive is being shut out, and a crash of the next opening, from which two other
 * drives are missing. Then those three are there again and any one drive is lost: what was
 * acknowledged is there.
 */
class CrashWhileReadmittingTest {
  private static final int DRIVES = 6;
  private static final int ROUNDS = 60;
  private static final int BATCHES = 12;

  /** After so many operations of all drives together, the process is as good as dead. */
  private static final class Fuse implements SimDisk.Faults {
    private final AtomicInteger left;
    private final String only;

    Fuse(int operations, String only) {
      this.left = new AtomicInteger(operations);
      this.only = only;
    }

    @Override
    public void before(SimDisk.Op op, String name) throws IOException {
      boolean counts = name.startsWith(only) && op != SimDisk.Op.READ && op != SimDisk.Op.LOOK;
      int now = counts ? left.decrementAndGet() : left.get();
      if (now < 0) {
        throw new IOException("the process is dead");
      }
    }
  }

  @Test
  void nothingAcknowledgedIsLost() {
    long first = System.nanoTime();
    System.out.println("crashes while readmitting, seeds from " + first);
    for (long seed = first; seed < first + ROUNDS; seed++) {
      round(seed);
    }
  }

  private static void round(long seed) {
    Random random = new Random(seed);
    List<Integer> drives = new ArrayList<>();
    for (int i = 0; i < DRIVES; i++) {
      drives.add(i);
    }
    Collections.shuffle(drives, random);
    Map<Long, String> acknowledged = new HashMap<>();
    try (SimPool sim = SimPool.create(DRIVES)) {
      write(sim, acknowledged);

      arm(sim, new Fuse(random.nextInt(40), Layout.LABEL));
      sim.pull(drives.get(0));
      try {
        JournalStore journal = sim.pool().journal("other");
        journal.replay(1, (_, _, _) -> {});
      } catch (DvxException _) {
        // Whether it could be shut out or not.
      }
      sim.pool().status();
      pause();
      crash(sim);

      sim.putBack(drives.get(0));
      sim.pull(drives.get(1), drives.get(2));
      arm(sim, new Fuse(random.nextInt(700), ""));
      try {
        LocalPool pool = sim.open();
        SimPool.replayed(pool);
        write(sim, acknowledged);
      } catch (DvxException _) {
        // It died on the way.
      }
      crash(sim);

      sim.putBack(drives.get(1), drives.get(2));
      Collections.shuffle(drives, random);
      sim.pull(drives.get(0));
      Map<Long, String> found = new HashMap<>();
      JournalStore _ = SimPool.replayed(sim.open(), 1, found);
      acknowledged.forEach(
          (sequence, text) -> assertEquals(text, found.get(sequence), () -> "seed " + seed));
    } catch (DvxException e) {
      throw new AssertionError("seed " + seed + ": " + e.render(), e);
    }
  }

  /** Appends batches, some of them large: several segments on different drives. */
  private static void write(SimPool sim, Map<Long, String> acknowledged) {
    Map<Long, String> before = new HashMap<>();
    JournalStore journal = acknowledged.isEmpty() ? SimPool.replayed(sim.pool(), 1, before) : null;
    if (journal == null) {
      return;
    }
    for (long sequence = 1; sequence <= BATCHES; sequence++) {
      String text = "batch " + sequence + "x".repeat(15_000);
      journal.append(SimPool.EPOCH, sequence, sequence, SimPool.text(text));
      acknowledged.put(sequence, text);
    }
  }

  private static void arm(SimPool sim, SimDisk.Faults faults) {
    sim.disks().forEach(disk -> disk.setFaults(faults));
  }

  private static void pause() {
    java.util.concurrent.locks.LockSupport.parkNanos(60_000_000);
  }

  private static void crash(SimPool sim) {
    sim.kill();
    arm(sim, (_, _) -> {});
  }
}
