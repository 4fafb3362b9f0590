package org.opendvx.core.pool.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.JournalStore;
import org.opendvx.core.pool.PoolStatus;

/** Journals over torn tails, damage, fail-over and reuse of their files. */
class LocalJournalTest {
  private static final Epoch EPOCH = SimPool.EPOCH;

  /** A copy of a segment. */
  private record Copy(SimDisk disk, String file) {}

  private static List<Copy> copiesWith(SimPool sim, String text) throws IOException {
    List<Copy> copies = new ArrayList<>();
    for (SimDisk disk : sim.disks()) {
      for (String name : disk.names(Layout.JOURNAL)) {
        if (new String(disk.content(name), StandardCharsets.ISO_8859_1).contains(text)) {
          copies.add(new Copy(disk, name));
        }
      }
    }
    return copies;
  }

  private static int offsetOf(Copy copy, String text) throws IOException {
    return new String(copy.disk().content(copy.file()), StandardCharsets.ISO_8859_1).indexOf(text);
  }

  private static SimPool withBatches(int batches) {
    SimPool sim = SimPool.create(6);
    JournalStore journal = SimPool.replayed(sim.pool());
    for (long n = 1; n <= batches; n++) {
      journal.append(EPOCH, n, n, SimPool.text("<batch " + n + ">" + "y".repeat(3000)));
    }
    sim.kill();
    return sim;
  }

  private static List<Long> replayed(SimPool sim) {
    Map<Long, String> batches = new TreeMap<>();
    SimPool.replayed(sim.open(), 1, batches);
    return List.copyOf(batches.keySet());
  }

  @Test
  void everyBatchLivesOnThreeDrives() throws IOException {
    try (SimPool sim = withBatches(3)) {
      assertEquals(3, copiesWith(sim, "<batch 2>").size());
    }
  }

  @Test
  void everyPrefixOfTheLastSegmentOpens() throws IOException {
    int batches = 5;
    for (int from = 0; from < 5; from++) {
      for (int cut : new int[] {0, 1, 40, 64, 70, 2000, 3070}) {
        try (SimPool sim = withBatches(batches)) {
          for (Copy copy : copiesWith(sim, "<batch 5>")) {
            int at = BatchFrame.FIRST_OFFSET + from * 4096 + cut;
            byte garbage = (byte) (from % 2 == 0 ? 0 : 0x5a);
            copy.disk().overwrite(copy.file(), at, garbage, 1 << 20);
          }
          List<Long> expected = new ArrayList<>();
          for (long n = 1; n <= from; n++) {
            expected.add(n);
          }
          assertEquals(expected, replayed(sim), "cut in batch " + (from + 1) + " at " + cut);
        }
      }
    }
  }

  @Test
  void whatIsDamagedOnOneMirrorComesFromAnotherAndIsWrittenBack() throws IOException {
    try (SimPool sim = withBatches(6)) {
      List<Copy> copies = copiesWith(sim, "<batch 2>");
      for (int i = 0; i < 3; i++) {
        Copy copy = copies.get(i);
        copy.disk().flip(copy.file(), offsetOf(copy, "<batch " + (i + 2) + ">") + 1);
        copy.disk().flip(copy.file(), offsetOf(copy, "<batch 6>") - BatchFrame.HEADER + 20);
        if (i == 0) {
          copy.disk().flip(copy.file(), offsetOf(copy, "<batch 6>") - BatchFrame.HEADER + 20);
        }
      }
      assertEquals(List.of(1L, 2L, 3L, 4L, 5L, 6L), replayed(sim));
      sim.kill();
      for (int n = 1; n <= 6; n++) {
        assertEquals(3, copiesWith(sim, "<batch " + n + ">").size(), "batch " + n);
      }
      for (int i = 0; i < 2; i++) {
        copies.get(i).disk().overwrite(copies.get(i).file(), 0, (byte) 0, 1 << 20);
      }
      assertEquals(List.of(1L, 2L, 3L, 4L, 5L, 6L), replayed(sim), "the third copy is whole");
    }
  }

  @Test
  void aGapOnAllMirrorsIsAnErrorAndChangesNothing() throws IOException {
    try (SimPool sim = withBatches(6)) {
      for (Copy copy : copiesWith(sim, "<batch 3>")) {
        copy.disk().flip(copy.file(), offsetOf(copy, "<batch 3>"));
      }
      Map<String, byte[]> before = journalFiles(sim);
      LocalPool pool = sim.open();
      DvxException error = assertThrows(DvxException.class, () -> SimPool.replayed(pool));
      assertEquals(Kind.CORRUPT, error.kind(), error::render);
      Map<String, byte[]> after = journalFiles(sim);
      before.forEach(
          (name, bytes) ->
              org.junit.jupiter.api.Assertions.assertArrayEquals(bytes, after.get(name), name));
    }
  }

  private static Map<String, byte[]> journalFiles(SimPool sim) {
    Map<String, byte[]> files = LocalPoolTest.contents(sim);
    files.keySet().removeIf(name -> !name.contains("/" + Layout.JOURNAL + "/"));
    return files;
  }

  @Test
  void filesAreUsedAgainAndTheirOldBytesNeverReplayed() {
    try (SimPool sim = SimPool.create(6)) {
      LocalPool pool = sim.pool();
      JournalStore journal = SimPool.replayed(pool);
      int files = journalFiles(sim).size();
      long n = 0;
      for (int round = 0; round < 40; round++) {
        for (int i = 0; i < 9; i++) {
          n++;
          journal.append(EPOCH, n, n, SimPool.text("batch " + n + "z".repeat(7000)));
        }
        journal.trim(EPOCH, n);
        assertTrue(journal.usedBytes() <= journal.capacityBytes());
      }
      assertEquals(files, journalFiles(sim).size(), "nothing is allocated while appending");
      sim.kill();
      Map<Long, String> batches = new HashMap<>();
      SimPool.replayed(sim.open(), n, batches);
      assertEquals(List.of(n), List.copyOf(batches.keySet()));
    }
  }

  @Test
  void aFullJournalSaysSoAndTrimmingMakesRoom() {
    try (SimPool sim = SimPool.create(6)) {
      JournalStore journal = SimPool.replayed(sim.pool());
      String text = "w".repeat(20_000);
      long n = 0;
      Kind kind = null;
      while (kind == null) {
        n++;
        try {
          journal.append(EPOCH, n, n, SimPool.text(text));
        } catch (DvxException e) {
          kind = e.kind();
        }
      }
      assertEquals(Kind.NO_SPACE, kind);
      assertTrue(journal.usedBytes() >= journal.capacityBytes());
      assertEquals(PoolStatus.Health.HEALTHY, sim.pool().status().health());
      journal.trim(EPOCH, n - 1);
      journal.append(EPOCH, n, n, SimPool.text(text));
      sim.kill();
      Map<Long, String> batches = new TreeMap<>();
      SimPool.replayed(sim.open(), n - 1, batches);
      assertEquals(List.of(n - 1, n), List.copyOf(batches.keySet()));
    }
  }

  @Test
  void aTrimmedJournalDoesNotPretendToHaveWhatIsGone() {
    try (SimPool sim = SimPool.create(6)) {
      JournalStore journal = SimPool.replayed(sim.pool());
      long n = 0;
      while (journal.usedBytes() < 3L * (64 << 10)) {
        n++;
        journal.append(EPOCH, n, n, SimPool.text("v".repeat(20_000)));
      }
      journal.trim(EPOCH, n);
      // The manifest still lists what was trimmed until the next segment is opened.
      while (journal.usedBytes() < 2L * (64 << 10)) {
        n++;
        journal.append(EPOCH, n, n, SimPool.text("v".repeat(20_000)));
      }
      sim.kill();
      LocalPool pool = sim.open();
      DvxException error = assertThrows(DvxException.class, () -> SimPool.replayed(pool));
      assertEquals(Kind.CORRUPT, error.kind());
    }
  }

  @Test
  void aMirrorThatIsLostIsReplacedAndTheHostAskedForACheckpoint() throws IOException {
    try (SimPool sim = SimPool.create(6)) {
      LocalPool pool = sim.pool();
      java.util.concurrent.CountDownLatch asked = new java.util.concurrent.CountDownLatch(1);
      pool.onCheckpointWanted(asked::countDown);
      JournalStore journal = SimPool.replayed(pool);
      journal.append(EPOCH, 1, 1, SimPool.text("<first>"));
      List<Copy> copies = copiesWith(sim, "<first>");
      int lost = sim.disks().indexOf(copies.getFirst().disk());
      sim.pull(lost);
      journal.append(EPOCH, 2, 2, SimPool.text("<second>"));
      SimPool.await("asked for a checkpoint", () -> asked.getCount() == 0);
      SimPool.await(
          "a third copy on another drive",
          () -> {
            try {
              return copiesWith(sim, "<first>").size() == 4;
            } catch (IOException e) {
              throw new AssertionError(e);
            }
          });
      SimPool.await("the manifest knows it", () -> pool.status().toleratedLosses() == 2);
      sim.kill();
      // Whichever two more go: the batch is there.
      sim.pull(sim.disks().indexOf(copies.get(1).disk()));
      assertEquals(List.of(1L, 2L), replayed(sim));
    }
  }

  @Test
  void batchesOfTheLargestSizeFit() {
    try (SimPool sim = SimPool.create(3)) {
      JournalStore journal = SimPool.replayed(sim.pool());
      int most = (64 << 10) - 8192;
      journal.append(EPOCH, 1, 1, SimPool.text("m".repeat(most)));
      journal.append(EPOCH, 2, 9, SimPool.text("m".repeat(most - 1)));
      assertEquals(
          Kind.INVALID,
          LocalPoolTest.kindOf(
              () -> journal.append(EPOCH, 10, 10, SimPool.text("m".repeat(most + 1)))));
      sim.kill();
      assertEquals(9, replayed(sim).size());
    }
  }
}
