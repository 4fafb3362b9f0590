package org.opendvx.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.coordinator.testing.Harness;
import org.opendvx.coordinator.testing.WineGuest;
import org.opendvx.coordinator.testing.WriteLoad;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.vm.Consistency;
import org.opendvx.core.vm.RestorePoint;
import org.opendvx.core.vm.SnapshotPolicy;
import org.opendvx.core.vm.VmDescription;
import org.opendvx.core.vm.VmRef;
import org.opendvx.core.vm.VmSnapshots;

/**
 * The real Windows agent and the real provider under Wine, as a service, against the real
 * coordinator and a real cut. What Wine lacks of VSS is played by windows-agent/fakes.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class WindowsAgentTest {
  private static final int SNAPSHOTS = Integer.getInteger("dvx.windows.snapshots", 10);

  private Harness harness;
  private WineGuest guest;
  private VmRef vm;

  @BeforeAll
  void start(@TempDir Path folder) throws IOException, InterruptedException {
    harness = new Harness(folder.resolve("dvx"), Harness.Parts.usual());
    vm = harness.machine("sql1", "", WineGuest.macs()).ref();
    guest = new WineGuest(folder, harness, vm, harness.server());
  }

  @AfterAll
  void stop() throws IOException, InterruptedException {
    try {
      if (guest != null) {
        guest.stop();
      }
    } finally {
      if (harness != null) {
        harness.close();
      }
    }
  }

  @BeforeEach
  void ready() throws IOException, InterruptedException {
    guest.startService();
  }

  @AfterEach
  void noFaults() throws IOException {
    guest.script("");
  }

  @Test
  void aSqlServerVmIsSnapshotWithTheDocumentsOfItsWriters() {
    VmSnapshots.Taken taken = harness.snapshot(vm, SnapshotPolicy.REQUIRE);
    assertEquals(Consistency.APPLICATION, taken.point().consistency(), taken.point().reason());
    String document =
        new String(harness.snapshots().document(taken.point()).writers(), StandardCharsets.UTF_8);
    assertTrue(document.contains("writer=\"SqlServerWriter\""), document);
    assertTrue(document.contains("backupType=\"copy\""), document);
    assertTrue(taken.writesHeldMillis() < 8_000, "held " + taken.writesHeldMillis() + " ms");
  }

  @Test
  void onlyVolumesOfDisksOnTheDatastoreAreFrozenUnlessOneIsUnknown() {
    List<VmDescription.VmDisk> before = harness.inventory().describe(vm).disks();
    try {
      harness.inventory().disks(vm, List.of(disk(3), disk(0)));
      RestorePoint two = harness.snapshot(vm, SnapshotPolicy.REQUIRE).point();
      assertEquals(2, volumesFrozen());
      String skipped = harness.snapshots().document(two).skipped().toString();
      assertTrue(skipped.contains("FAT32") && skipped.contains("EFI"), skipped);

      harness.inventory().disks(vm, List.of(disk(3), disk(77)));
      RestorePoint all = harness.snapshot(vm, SnapshotPolicy.REQUIRE).point();
      assertEquals(10, volumesFrozen());
      String unknown = harness.snapshots().document(all).skipped().toString();
      assertTrue(unknown.contains("disk 1 serial"), unknown);
    } finally {
      harness.inventory().disks(vm, before);
    }
  }

  /** The simulated guest's disk of this number. */
  private static VmDescription.VmDisk disk(int number) {
    String serial = String.format(Locale.ROOT, "6000C29%025d", number);
    return new VmDescription.VmDisk("disk " + number, List.of(), 1 << 20, serial, "");
  }

  private int volumesFrozen() {
    return harness.records().stream()
        .filter(line -> line.path("kind").asText().equals("freeze.end"))
        .reduce((_, later) -> later)
        .orElseThrow()
        .path("facts")
        .path("volumes")
        .asInt();
  }

  @Test
  void writesAreHeldShortlyUnderLoad() {
    long before = harness.records().size();
    List<Long> longest = new ArrayList<>();
    try (WriteLoad load = harness.load(vm)) {
      for (int i = 0; i < SNAPSHOTS; i++) {
        VmSnapshots.Taken taken = harness.snapshot(vm, SnapshotPolicy.REQUIRE);
        longest.add(taken.writesHeldMillis());
      }
      System.out.printf("%d snapshots, %d blocks of 4 KiB%n", SNAPSHOTS, load.written());
      assertTrue(load.written() > 0, "it was written meanwhile");
    }
    print("writes held, by the guest's clock", facts(before, "writesHeldMillis"));
    print("ours of it, frozen to committed", facts(before, "cutMillis"));
    print("writers frozen until held", facts(before, "writersFrozenMillis"));
    longest.sort(null);
    assertTrue(longest.getLast() < 8_000, longest.toString());
  }

  private List<Long> facts(long before, String name) {
    return harness.records().stream()
        .skip(before)
        .filter(line -> line.path("kind").asText().equals("freeze.end"))
        .map(line -> line.path("facts").path(name).asLong())
        .sorted()
        .toList();
  }

  private static void print(String what, List<Long> sorted) {
    System.out.printf(
        Locale.ROOT,
        "%-36s p50 %d ms, p99 %d ms, most %d ms%n",
        what,
        sorted.get(sorted.size() / 2),
        sorted.get(sorted.size() * 99 / 100),
        sorted.getLast());
  }

  @Test
  void aFailedWriterLowersTheLabelOrVoidsTheRestorePoint() throws IOException {
    guest.script("writer.SqlServerWriter.failAt=freeze:800423F4");
    VmSnapshots.Taken taken = harness.snapshot(vm, SnapshotPolicy.TRY);
    assertEquals(Consistency.FILE_SYSTEM, taken.point().consistency());
    assertTrue(taken.point().reason().contains("SqlServerWriter"), taken.point().reason());
    int before = harness.points().size();
    assertThrows(DvxException.class, () -> harness.snapshot(vm, SnapshotPolicy.REQUIRE));
    assertEquals(before, harness.points().size());
  }

  @Test
  void aVetoOfVssVoidsTheRestorePoint() throws IOException {
    guest.script("fail.CommitSnapshots=80042306");
    int before = harness.points().size();
    DvxException refused =
        assertThrows(DvxException.class, () -> harness.snapshot(vm, SnapshotPolicy.REQUIRE));
    assertTrue(refused.toString().contains("refused"), refused.toString());
    assertEquals(before, harness.points().size());
  }

  @Test
  void anAgentThatDiesAfterTheCutClaimsNothing() throws IOException, InterruptedException {
    guest.script("killAgentBefore=PostCommitSnapshots");
    VmSnapshots.Taken taken = harness.snapshot(vm, SnapshotPolicy.TRY);
    assertFalse(
        taken.point().consistency() == Consistency.APPLICATION, taken.point().consistency() + "");
    noFaults();
    guest.startService();
    assertEquals(
        Consistency.APPLICATION,
        harness.snapshot(vm, SnapshotPolicy.REQUIRE).point().consistency());
  }
}
