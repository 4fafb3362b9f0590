package org.opendvx.core.pool.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.JournalStore;
import org.opendvx.core.pool.PoolStatus;

/** A drive that alone has part of a journal is waited for; shut out, it would not be believed. */
@Timeout(120)
class OnlyCopyTest {
  private static final Epoch EPOCH = SimPool.EPOCH;

  @Test
  void aDriveThatAloneHasPartOfTheJournalIsNotShutOut() {
    Map<Long, String> written = new HashMap<>();
    try (SimPool sim = SimPool.create(2)) {
      JournalStore journal = SimPool.replayed(sim.pool());
      append(journal, written, 1);
      sim.pull(0);
      append(journal, written, 2);
      // Drive 0 comes back, and what it lacks of the journal cannot be copied.
      sim.disk(1)
          .setFaults(
              (operation, name) -> {
                if (operation == SimDisk.Op.READ && name.contains("journal/")) {
                  throw new IOException("Input/output error");
                }
              });
      sim.putBack(0);
      SimPool.await("drive 0 is in use again", () -> active(sim, 0));
      sim.pull(1);
      DvxException refused =
          assertThrows(DvxException.class, () -> append(journal, new HashMap<>(), 3));
      assertEquals(Kind.UNAVAILABLE, refused.kind(), refused::render);
      sim.kill();
      sim.disk(1).setFaults((_, _) -> {});
      sim.putBack(1);
      Map<Long, String> replayed = new HashMap<>();
      JournalStore _ = SimPool.replayed(sim.open(), 1, replayed);
      // The last one was not acknowledged, and may be there.
      replayed.remove(3L);
      assertEquals(written, replayed);
    }
  }

  private static boolean active(SimPool sim, int drive) {
    return sim.pool().status().drives().get(drive).state() == PoolStatus.DriveState.ACTIVE;
  }

  private static void append(JournalStore journal, Map<Long, String> written, long sequence) {
    String text = "batch " + sequence;
    journal.append(EPOCH, sequence, sequence, SimPool.text(text));
    written.put(sequence, text);
  }
}
