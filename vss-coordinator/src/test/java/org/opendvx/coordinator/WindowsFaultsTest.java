package org.opendvx.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.coordinator.testing.FaultTable;
import org.opendvx.coordinator.testing.Harness;
import org.opendvx.coordinator.testing.TcpProxy;
import org.opendvx.coordinator.testing.WineGuest;
import org.opendvx.core.datastore.Snapshots;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.vm.Consistency;
import org.opendvx.core.vm.RestorePoint;
import org.opendvx.core.vm.SnapshotPolicy;
import org.opendvx.core.vm.StageLimits;
import org.opendvx.core.vm.VmRef;

/**
 * Faults of the real Windows agent and provider under Wine, through the real coordinator: writes
 * are released, the label claims no more than is true, and an audit record tells of it. The table
 * is written to target/.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class WindowsFaultsTest {
  private static final FaultTable TABLE =
      new FaultTable(Path.of("target", "faults-windows.md"), "Faults: Windows agent under Wine");

  /** A coordinator that has stage limits which a loaded machine keeps, but the cut's. */
  private static final StageLimits LIMITS =
      new StageLimits(
          Duration.ofSeconds(60),
          Duration.ofSeconds(60),
          Duration.ofSeconds(20),
          Duration.ofMillis(2_500));

  private static final int MOST_HELD = 10_000;

  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private Harness harness;
  private TcpProxy network;
  private WineGuest guest;
  private VmRef vm;
  private volatile Step beforeCut = () -> {};
  private volatile Step afterCut = () -> {};

  /** What a test does at a moment of a freeze. */
  @FunctionalInterface
  private interface Step {
    void run() throws IOException, InterruptedException;
  }

  @BeforeAll
  void start(@TempDir Path folder) throws IOException, InterruptedException {
    Harness.Parts parts =
        Harness.Parts.usual()
            .with(LIMITS)
            .with(Harness.Parts.settings(Duration.ofSeconds(12), Duration.ofSeconds(30)))
            .withBarrier(
                barrier ->
                    (requests, limit) ->
                        CompletableFuture.runAsync(() -> step(beforeCut), threads)
                            .thenCompose(_ -> barrier.cut(requests, limit))
                            .thenApply(this::confirmed));
    harness = new Harness(folder.resolve("dvx"), parts);
    network = new TcpProxy(harness.coordinator().port());
    vm = harness.machine("sql1", "", WineGuest.macs()).ref();
    guest = new WineGuest(folder, harness, vm, network.address());
  }

  @AfterAll
  void stop() throws IOException, InterruptedException {
    try {
      if (guest != null) {
        guest.stop();
      }
    } finally {
      if (harness != null) {
        network.close();
        harness.close();
      }
      threads.shutdownNow();
    }
  }

  private List<Snapshots.Cut> confirmed(List<Snapshots.Cut> cuts) {
    step(afterCut);
    return cuts;
  }

  private static void step(Step step) {
    try {
      step.run();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  @Test
  void theAgentIsKilled() throws Exception {
    row("agent killed at prepare", "killAgentBefore=PrepareForBackup", Consistency.CRASH);
    row("agent killed at freeze", "killAgentBefore=PreCommitSnapshots", Consistency.CRASH);
    beforeCut = () -> Thread.sleep(800);
    row("agent killed in the hold", "killAgentInHold=1", Consistency.CRASH);
    row("agent killed after the commit", "killAgentBefore=PostCommitSnapshots", Consistency.CRASH);
    row("agent killed at the report", "killAgentBefore=BackupComplete", Consistency.CRASH);
    beforeCut = () -> Thread.sleep(200);
    row("agent hangs in the hold", "hangAgent=1", Consistency.CRASH);
  }

  @Test
  void theProvidersProcessIsKilled() throws Exception {
    row("VSS process killed at prepare", "crashBefore=PrepareForBackup", Consistency.CRASH);
    row("VSS process killed at freeze", "crashBefore=PreCommitSnapshots", Consistency.CRASH);
    beforeCut = () -> Thread.sleep(800);
    row("VSS process killed in the hold", "crashInHold=1", Consistency.CRASH);
    row("VSS process killed after the commit", "crashBefore=PostCommitSnapshots", null);
    row("VSS process killed at the report", "crashBefore=BackupComplete", Consistency.FILE_SYSTEM);
  }

  @Test
  void theNetworkIsCut() throws Exception {
    at("call PrepareForBackup", () -> network.cut());
    row("network cut at prepare", "pauseBefore.PrepareForBackup=1500", Consistency.CRASH);
    at("call DoSnapshotSet", () -> network.cut());
    row("network cut at freeze", "writer.SqlServerWriter.freezeMillis=2000", Consistency.CRASH);
    beforeCut =
        () -> {
          network.cut();
          Thread.sleep(500);
        };
    row("network cut in the hold", "", Consistency.CRASH);
    afterCut = () -> network.cut();
    row("network cut as the cut is confirmed", "", Consistency.CRASH);
    at("call BackupComplete", () -> network.cut());
    row("network cut at the report", "pauseBefore.BackupComplete=1500", Consistency.CRASH);
    beforeCut = () -> network.swallow();
    row("network silent in the hold: the dead-man timer releases", "", Consistency.CRASH);
  }

  @Test
  void theCutIsLate() throws Exception {
    beforeCut = () -> Thread.sleep(LIMITS.cut().toMillis() + 1_500);
    row("late cut: the coordinator lets go", "", Consistency.CRASH);
    beforeCut = () -> Thread.sleep(1_500);
    row("Windows cancels the hold before the cut", "holdLimit=500", Consistency.CRASH);
  }

  @Test
  void writersAreSlowOrFail() throws Exception {
    row("slow writer", "writer.SqlServerWriter.freezeMillis=2000", Consistency.APPLICATION);
    row("slow flush", "flushMillis=1000", Consistency.APPLICATION);
    String failing = "writer.SqlServerWriter.failAt=freeze:800423F4";
    row("failing writer F4", failing, Consistency.FILE_SYSTEM);
    row("failing writer F2 at thaw", "writer.WMI Writer.failAt=thaw:800423F2", null);
    row("failing writer F4, policy REQUIRE", failing, SnapshotPolicy.REQUIRE, null);
  }

  @Test
  void vssRefuses() throws Exception {
    row("provider veto at prepare", "fail.BeginPrepareSnapshot=80042306", Consistency.CRASH);
    row("provider veto in the hold", "fail.CommitSnapshots=80042306", Consistency.CRASH);
    Future<String> other =
        threads.submit(() -> guest.wine("", "agent", "selftest", "--hold", "7000"));
    guest.script("");
    guest.awaitLog("call DoSnapshotSet");
    take("another requester's snapshot is in progress", SnapshotPolicy.TRY, Consistency.CRASH, 1);
    String told = other.get(2, TimeUnit.MINUTES);
    assertTrue(told.contains("PASSED"), told);
  }

  @Test
  void theAgentIsUpgradedWhileItPrepares() throws Exception {
    at("call PrepareForBackup", () -> guest.wine("", "agent", "repair"));
    row("agent upgraded at prepare", "pauseBefore.PrepareForBackup=5000", Consistency.CRASH);
  }

  /** Does something when the simulator says that it has come to a call. */
  private void at(String line, Step step) throws IOException {
    guest.script("");
    Future<?> _ =
        threads.submit(
            () -> {
              guest.awaitLog(line);
              step.run();
              return 0;
            });
  }

  /**
   * One fault.
   *
   * @param expected null: anything below APPLICATION
   */
  private void row(String fault, String script, @Nullable Consistency expected) throws Exception {
    row(fault, script, SnapshotPolicy.TRY, expected);
  }

  private void row(
      String fault, String script, SnapshotPolicy policy, @Nullable Consistency expected)
      throws Exception {
    guest.startService();
    guest.script(script);
    take(fault, policy, expected, 0);
  }

  /**
   * Takes a snapshot and judges it.
   *
   * @param others how many freezes in the simulator's log are not ours
   */
  private void take(String fault, SnapshotPolicy policy, @Nullable Consistency expected, int others)
      throws Exception {
    int records = records().size();
    int points = harness.points().size();
    String label = "no restore point";
    String reason;
    try {
      RestorePoint point = harness.snapshot(vm, policy).point();
      label = point.consistency().name();
      reason = point.reason();
      if (expected == null) {
        assertTrue(point.consistency() != Consistency.APPLICATION, fault);
      } else {
        assertEquals(expected, point.consistency(), fault + ": " + reason);
      }
      assertEquals(point.consistency() == Consistency.APPLICATION, reason.isEmpty(), reason);
    } catch (DvxException e) {
      assertEquals(SnapshotPolicy.REQUIRE, policy, e.toString());
      assertEquals(points, harness.points().size(), fault);
      reason = String.valueOf(e.getMessage());
    }
    long held = released(fault, others);
    List<JsonNode> told = records();
    String kinds =
        told.subList(records, told.size()).stream()
            .map(line -> line.path("kind").asText())
            .collect(Collectors.joining(", "));
    assertTrue(kinds.matches("snapshot.begin, freeze.begin, .*(end|discarded|refused)"), kinds);
    assertTrue(kinds.contains("freeze.end"), kinds);
    TABLE.add(new FaultTable.Row(fault, label, reason, held, kinds));
    System.out.printf("%-60s %-16s held %5d ms  %s%n", fault, label, held, reason);
    beforeCut = () -> {};
    afterCut = () -> {};
    if (network.broken()) {
      // An agent that comes back while it still cleans up is not asked for a minute.
      Thread.sleep(2_500);
      network.mend();
      Thread.sleep(500);
    }
    guest.startService();
    guest.script("");
  }

  private List<JsonNode> records() {
    return harness.records().stream()
        .filter(line -> line.path("subject").asText().equals(vm.toString()))
        .filter(line -> line.path("kind").asText().matches("(freeze|snapshot)\\..*"))
        .toList();
  }

  /**
   * Waits until the guest holds nothing.
   *
   * @return how long it held, from the call of PreCommitSnapshots on; -1 when it held nothing
   */
  private long released(String fault, int others) throws IOException, InterruptedException {
    String freeze = "call DoSnapshotSet";
    if (guest.log().stream().filter(line -> line.contains(freeze)).count() <= others) {
      return -1;
    }
    long end = System.nanoTime() + WineGuest.LIMIT.toNanos();
    List<String> log = guest.log();
    while (log.stream().noneMatch(line -> line.matches("\\d+ (set over|VSS crashes)"))) {
      assertTrue(System.nanoTime() < end, fault + ": never released");
      Thread.sleep(50);
      log = guest.log();
    }
    long began = moment(log, "call PreCommitSnapshots");
    if (began < 0) {
      return -1;
    }
    long ended = Math.max(moment(log, "HOLD end"), moment(log, "VSS crashes"));
    if (ended < 0) {
      ended = moment(log, "set over");
    }
    long held = ended - began;
    assertTrue(held >= 0 && held < MOST_HELD, fault + ": held for " + held + " ms: " + log);
    return held;
  }

  /** When the simulator said this for the first time, -1 when it did not. */
  private static long moment(List<String> log, String text) {
    return log.stream()
        .filter(line -> line.substring(line.indexOf(' ') + 1).startsWith(text))
        .mapToLong(line -> Long.parseLong(line.substring(0, line.indexOf(' '))))
        .findFirst()
        .orElse(-1);
  }
}
