package org.opendvx.core.pool.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
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
    return withBatches(batches, 3000);
  }

  private static SimPool withBatches(int batches, int bytes) {
    SimPool sim = SimPool.create(6);
    JournalStore journal = SimPool.replayed(sim.pool());
    for (long n = 1; n <= batches; n++) {
      journal.append(EPOCH, n, n, SimPool.text("<batch " + n + ">" + "y".repeat(bytes)));
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

  @Test
  void whatHasRottedInAnOlderSegmentComesFromAnotherCopyAndIsMendedBesideServing()
      throws IOException {
    // Three batches a segment, too large to be read with their headers.
    try (SimPool sim = withBatches(9, 20_000)) {
      assertEquals(3, copiesWith(sim, "<batch 1>").size());
      List<Copy> first = copiesWith(sim, "<batch 1>");
      for (int i = 0; i < 3; i++) {
        Copy copy = first.get(i);
        copy.disk().flip(copy.file(), offsetOf(copy, "<batch " + (i + 1) + ">") + 1);
      }
      Copy head = copiesWith(sim, "<batch 5>").getFirst();
      head.disk().flip(head.file(), offsetOf(head, "<batch 5>") - BatchFrame.HEADER + 20);
      assertEquals(List.of(1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L), replayed(sim));
      for (int n = 1; n <= 3; n++) {
        String batch = "<batch " + n + ">";
        SimPool.await(
            "three copies of " + batch,
            () -> {
              try {
                return copiesWith(sim, batch).size() == 3;
              } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
              }
            });
      }
      sim.kill();
      for (int i = 0; i < 2; i++) {
        first.get(i).disk().overwrite(first.get(i).file(), 0, (byte) 0, 1 << 20);
      }
      assertEquals(
          List.of(1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L), replayed(sim), "the third copy is whole");
    }
  }

  /** Whichever copy is looked at: the first, a middle or the last header of one has rotted. */
  @ParameterizedTest
  @ValueSource(ints = {4, 5, 6})
  void aHeaderThatRotsInAnOlderSegmentHidesNoBatch(int batch) throws IOException {
    for (int i = 0; i < 3; i++) {
      try (SimPool sim = withBatches(9, 20_000)) {
        rotHeader(copiesWith(sim, "<batch 5>").get(i), batch);
        assertEquals(List.of(1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L), replayed(sim));
      }
    }
  }

  /** By the replay itself: the background check is an hour away. */
  @Test
  void aCopyOfAnOlderSegmentThatIsGoneIsMadeAgainAtOnce() throws IOException {
    for (int i = 0; i < 3; i++) {
      try (SimPool sim = withBatches(9, 20_000)) {
        sim.configure(config -> config.withTimes(Duration.ofSeconds(5), Duration.ofMinutes(3)));
        Copy gone = copiesWith(sim, "<batch 5>").get(i);
        gone.disk().overwrite(gone.file(), 0, (byte) 0, 64 << 10);
        assertEquals(9, replayed(sim).size());
        sim.kill();
        assertEquals(3, copiesWith(sim, "<batch 5>").size(), "copy " + i);
      }
    }
  }

  private static void rotHeader(Copy copy, int batch) throws IOException {
    copy.disk().flip(copy.file(), offsetOf(copy, "<batch " + batch + ">") - BatchFrame.HEADER + 20);
  }

  @Test
  void whatHasRottedOnAllCopiesOfAnOlderSegmentIsAnError() throws IOException {
    try (SimPool sim = withBatches(9, 20_000)) {
      for (Copy copy : copiesWith(sim, "<batch 2>")) {
        copy.disk().flip(copy.file(), offsetOf(copy, "<batch 2>"));
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
  void whatAFailedForceLostAndCouldStillBeReadIsThereWhenThePowerGoes() {
    try (SimPool sim = SimPool.create(1)) {
      JournalStore journal = SimPool.replayed(sim.pool());
      journal.append(EPOCH, 1, 1, SimPool.text("one"));
      sim.disk(0)
          .setFaults(
              (op, name) -> {
                if (op == SimDisk.Op.FORCE && name.startsWith(Layout.JOURNAL)) {
                  throw new SimDisk.LostWrite();
                }
              });
      assertThrows(
          DvxException.class, () -> journal.append(EPOCH, 2, 2, SimPool.text("not acknowledged")));
      sim.kill();
      sim.disk(0).setFaults((_, _) -> {});
      Map<Long, String> batches = new TreeMap<>();
      JournalStore next = SimPool.replayed(sim.open(), 1, batches);
      assertEquals(Map.of(1L, "one", 2L, "not acknowledged"), batches);
      next.append(EPOCH, 3, 3, SimPool.text("three"));
      sim.losePower(new Random(1));
      assertEquals(List.of(1L, 2L, 3L), replayed(sim));
    }
  }

  @Test
  void aSegmentThatWasTrimmedIsNotAskedForWhenThePoolIsOpened() {
    try (SimPool sim = SimPool.create(6)) {
      JournalStore journal = SimPool.replayed(sim.pool());
      for (long n = 1; n <= 9; n++) {
        journal.append(EPOCH, n, n, SimPool.text("y".repeat(20_000)));
      }
      journal.trim(EPOCH, 9);
      sim.kill();
      String key = JournalManifest.key(SimPool.HOST);
      byte[] manifest =
          LocalPool.peek(sim.config(), List.of(key), _ -> {}).getOrDefault(key, new byte[0]);
      assertEquals(1, JournalManifest.decode(manifest).segments().size());
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
