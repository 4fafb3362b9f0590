package org.opendvx.server.bench.hold;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.vm.Consistency;
import org.opendvx.core.vm.SnapshotPolicy;
import org.opendvx.core.vm.VmSnapshots;
import org.opendvx.server.guest.GuestFileSystem;
import org.opendvx.server.guest.Judged;
import org.opendvx.server.guest.LinuxGuest;
import org.opendvx.server.guest.RecordWriter;
import org.opendvx.server.testing.SourceHome;

/**
 * The real Linux agent freezes an ext4 and an xfs file system of this machine's kernel, whose disks
 * are files of a real datastore over NFS, while both are written to; the cut is then read out by
 * qemu-img and mounted.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class LinuxGuestTest {
  private static final Duration LIMIT = Duration.ofMinutes(1);
  private static final Duration PAUSE = Duration.ofMillis(5);

  private final List<RecordWriter> writers = new ArrayList<>();
  private final List<Process> load = new ArrayList<>();

  /** Records that were acknowledged when the cut began, and when it was there. */
  private volatile List<Long> before = List.of();

  private volatile List<Long> after = List.of();
  private HoldLab lab;

  @BeforeAll
  void start(@TempDir Path folder) throws IOException, InterruptedException {
    Sources.requireGuest();
    lab =
        new HoldLab(
            HoldLab.Options.usual(SourceHome.path(), folder)
                .withBarrier(
                    barrier ->
                        (requests, limit) -> {
                          before = acknowledged();
                          return barrier
                              .cut(requests, limit)
                              .whenComplete((_, _) -> after = acknowledged());
                        }));
    for (GuestFileSystem system : lab.guest().systems()) {
      writers.add(RecordWriter.start(system, PAUSE));
      load.add(Sources.fio(system.point(), folder.resolve("fio.log")));
    }
    lab.guest().agent().start();
  }

  @AfterAll
  void stop() throws IOException, InterruptedException {
    if (lab == null) {
      return;
    }
    lab.guest().thawAll();
    try {
      for (Process each : load) {
        each.destroyForcibly().waitFor();
      }
      for (RecordWriter writer : writers) {
        writer.close();
      }
    } finally {
      lab.close();
    }
  }

  @AfterEach
  void nothingStaysFrozen() throws IOException, InterruptedException {
    assertFalse(lab.guest().thawAll(), "something was left frozen");
    LinuxGuest.awaitWrites(writers, LIMIT);
  }

  private List<Long> acknowledged() {
    return writers.stream().map(RecordWriter::acknowledged).toList();
  }

  private void awaitWrites() throws IOException, InterruptedException {
    LinuxGuest.awaitWrites(writers, LIMIT);
  }

  @Test
  void theCutOfAFrozenGuestNeedsNoRecoveryAndHoldsWhatWasAcknowledged()
      throws IOException, InterruptedException {
    lab.awaitAgent(LIMIT);
    awaitWrites();
    VmSnapshots.Taken taken = lab.snapshot(SnapshotPolicy.TRY);
    assertEquals(Consistency.FILE_SYSTEM, taken.point().consistency(), taken.point().reason());
    assertTrue(taken.writesHeldMillis() < 8_000, "held " + taken.writesHeldMillis() + " ms");
    assertEquals(before, after, "no write came through during the cut");
    List<Judged> cut = lab.judge(taken.point());
    for (int i = 0; i < cut.size(); i++) {
      long last = cut.get(i).lastRecord();
      assertTrue(last >= before.get(i), cut + " of " + before);
      assertTrue(last <= before.get(i) + 1, cut + " of " + before);
      mountsAsACleanFreezeDoes(lab.guest().systems().get(i), cut.get(i));
    }
  }

  /**
   * XFS says that it recovers its log after every freeze: so the measure is what the kernel says of
   * a plain copy of the same disk, frozen by fsfreeze under the same load.
   */
  private void mountsAsACleanFreezeDoes(GuestFileSystem system, Judged cut)
      throws IOException, InterruptedException {
    assertTrue(load.stream().allMatch(Process::isAlive), "fio runs");
    awaitWrites();
    Judged reference = lab.guest().reference(system);
    System.out.println(system.kind() + ", a clean freeze: " + reference.kernelSaid());
    System.out.println(system.kind() + ", the cut:        " + cut.kernelSaid());
    assertFalse(cut.kernelSaid().isEmpty(), "the kernel says that it mounts");
    List<String> more = new ArrayList<>(cut.kernelSaid());
    reference.kernelSaid().forEach(more::remove);
    assertEquals(List.of(), more, "said of the cut, not of a clean freeze");
    for (String line : cut.kernelSaid()) {
      assertFalse(
          line.toLowerCase(Locale.ROOT).matches(".*(error|corrupt|warn|bad|orphan|unclean).*"),
          line);
    }
  }

  @Test
  void requireRefusesAGuestThatFreezesFileSystemsOnly() throws IOException, InterruptedException {
    lab.awaitAgent(LIMIT);
    int points = lab.points().size();
    DvxException refused =
        assertThrows(DvxException.class, () -> lab.snapshot(SnapshotPolicy.REQUIRE));
    assertTrue(refused.toString().contains("file system"), refused.toString());
    assertEquals(points, lab.points().size());
  }

  @Test
  void scriptsThatQuiesceApplicationsMakeItApplicationConsistent()
      throws IOException, InterruptedException {
    Path hook = lab.guest().agent().hook("pre-freeze", "10-app", "echo quiet");
    try {
      lab.guest().agent().close();
      lab.guest().agent().set("hooksQuiesceApplications", "true");
      lab.guest().agent().start();
      lab.awaitAgent(LIMIT);
      VmSnapshots.Taken taken = lab.snapshot(SnapshotPolicy.REQUIRE);
      assertEquals(Consistency.APPLICATION, taken.point().consistency(), taken.point().reason());
      assertEquals(before, after, "no write came through during the cut");
    } finally {
      java.nio.file.Files.delete(hook);
      lab.guest().agent().close();
      lab.guest().agent().set("hooksQuiesceApplications", "false");
      lab.guest().agent().start();
    }
  }
}
