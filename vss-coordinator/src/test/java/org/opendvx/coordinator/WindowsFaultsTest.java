package org.opendvx.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.coordinator.testing.Harness;
import org.opendvx.coordinator.testing.TcpProxy;
import org.opendvx.coordinator.testing.WineGuest;
import org.opendvx.core.datastore.Snapshots;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.AuditTrail;
import org.opendvx.core.vm.Consistency;
import org.opendvx.core.vm.RestorePoint;
import org.opendvx.core.vm.SnapshotPolicy;
import org.opendvx.core.vm.StageLimits;
import org.opendvx.core.vm.VmRef;

/**
 * Faults of the real Windows agent and provider under Wine, through the real coordinator: writes
 * are released, the label claims no more than is true, and an audit record tells of it.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class WindowsFaultsTest extends WindowsFaultSuite {
  /** A coordinator that has stage limits which a loaded machine keeps, but the cut's. */
  private static final StageLimits LIMITS =
      new StageLimits(
          Duration.ofSeconds(60),
          Duration.ofSeconds(60),
          Duration.ofSeconds(20),
          Duration.ofMillis(2_500));

  WindowsFaultsTest() {
    super("windows-agent", "Native Windows agent and provider, simulated VSS under Wine");
  }

  private static final Duration TEN_YEARS = Duration.ofDays(3_650);

  private Harness harness;
  private TcpProxy network;
  private WineGuest guest;
  private VmRef vm;
  private volatile Step beforeCut = () -> {};
  private volatile Step afterCut = () -> {};

  /** How far the node's time of day is off. */
  private volatile Duration clockOff = Duration.ZERO;

  /** The kind of record for which the node's disk has no room. */
  private volatile String noRoomFor = "";

  @BeforeAll
  void start(@TempDir Path folder) throws IOException, InterruptedException {
    Harness.Parts parts =
        Harness.Parts.usual()
            .with(LIMITS)
            .with(Harness.Parts.settings(Duration.ofSeconds(10), Duration.ofSeconds(30)))
            .with(new Jumping())
            .withAudit(this::scarce)
            .withBarrier(
                barrier ->
                    (requests, limit) ->
                        CompletableFuture.runAsync(() -> run(beforeCut), threads)
                            .thenCompose(_ -> barrier.cut(requests, limit))
                            .thenApply(this::confirmed));
    harness = new Harness(folder.resolve("dvx"), parts);
    network = new TcpProxy(harness.coordinator().port());
    vm = harness.machine("sql1", "", WineGuest.macs()).ref();
    guest = new WineGuest(folder, harness, vm, network.address());
  }

  /** The node's time of day. */
  private final class Jumping extends Clock {
    @Override
    public Instant instant() {
      return Instant.now().plus(clockOff);
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }
  }

  private AuditTrail scarce(AuditTrail log) {
    return (kind, who, subject, facts) -> {
      if (kind.equals(noRoomFor)) {
        throw DvxException.of(Kind.UNAVAILABLE, "no room on the disk").build();
      }
      log.record(kind, who, subject, facts);
    };
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
    run(afterCut);
    return cuts;
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
    Future<?> _ = at(guest, "call PrepareForBackup", () -> network.cut());
    row("network cut at prepare", "pauseBefore.PrepareForBackup=1500", Consistency.CRASH);
    Future<?> _ = at(guest, "call DoSnapshotSet", () -> network.cut());
    row("network cut at freeze", "writer.SqlServerWriter.freezeMillis=2000", Consistency.CRASH);
    beforeCut =
        () -> {
          network.cut();
          Thread.sleep(500);
        };
    row("network cut in the hold", "", Consistency.CRASH);
    afterCut = () -> network.cut();
    row("network cut as the cut is confirmed", "", Consistency.CRASH);
    Future<?> _ = at(guest, "call BackupComplete", () -> network.cut());
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
    row(
        "a writer's service ends in the freeze",
        "writer.SqlServerWriter.vanishAt=freeze",
        Consistency.FILE_SYSTEM);
    row("failing writer F4, policy REQUIRE", failing, SnapshotPolicy.REQUIRE, null);
  }

  @Test
  void vssRefuses() throws Exception {
    row("provider veto at prepare", "fail.BeginPrepareSnapshot=80042306", Consistency.CRASH);
    row("provider veto in the hold", "fail.CommitSnapshots=80042306", Consistency.CRASH);
    row("no room for VSS: 0x8004231F", "fail.BeginPrepareSnapshot=8004231F", Consistency.CRASH);
  }

  @Test
  void anotherRequesterIsAtWork() throws Exception {
    Future<String> other =
        threads.submit(() -> guest.wine("", "agent", "selftest", "--hold", "7000"));
    guest.script("");
    guest.awaitLog("call DoSnapshotSet");
    take("another requester was there first", SnapshotPolicy.TRY, Consistency.CRASH, 1);
    String told = other.get(2, TimeUnit.MINUTES);
    assertTrue(told.contains("PASSED"), told);

    String program = "C:\\Program Files\\OpenDVX\\dvx-agent.exe";
    Future<?> second =
        at(
            guest,
            "call PrepareForBackup",
            () -> {
              String refused = guest.wine("", "run", program, "selftest");
              assertTrue(refused.contains("0x80042316"), refused);
            });
    row(
        "another requester comes while we prepare and freeze",
        "pauseBefore.PrepareForBackup=3000",
        Consistency.APPLICATION);
    second.get(2, TimeUnit.MINUTES);

    beforeCut =
        () -> {
          beforeCut = () -> {};
          RestorePoint inner = harness.snapshot(vm, SnapshotPolicy.TRY).point();
          assertEquals(Consistency.CRASH, inner.consistency());
          assertTrue(inner.reason().contains("busy"), inner.reason());
        };
    row("a second snapshot of the same guest in the hold", "", Consistency.APPLICATION);
  }

  @Test
  void theAgentIsUpgradedInTheMiddle() throws Exception {
    Future<?> _ = at(guest, "call PrepareForBackup", () -> guest.wine("", "agent", "repair"));
    row("agent repaired at prepare", "pauseBefore.PrepareForBackup=5000", Consistency.CRASH);
    String setup = guest.setup();
    CompletableFuture<String> upgraded = new CompletableFuture<>();
    beforeCut =
        () -> {
          threads.execute(() -> run(() -> upgraded.complete(guest.wine("", "run", setup, "/S"))));
          for (int i = 0; i < 2_000 && harness.connected(vm); i++) {
            Thread.sleep(1);
          }
        };
    row("agent upgraded by the setup program in the hold", "", Consistency.CRASH);
    upgraded.get(3, TimeUnit.MINUTES);
    guest.startService();
    String status = guest.wine("", "agent", "status");
    assertFalse(status.contains("missing"), status);
  }

  @Test
  void theTimeOfDayJumps() throws Exception {
    beforeCut = () -> jump(TEN_YEARS);
    row("guest's and node's time of day: 10 years on in the hold", "", Consistency.APPLICATION);
    afterCut = () -> jump(TEN_YEARS.negated());
    row("guest's and node's time of day: 10 years back at the cut", "", Consistency.APPLICATION);
    Future<?> _ = at(guest, "call PrepareForBackup", () -> jump(Duration.ofMinutes(-61)));
    row(
        "guest's and node's time of day: set anew at prepare",
        "pauseBefore.PrepareForBackup=1000",
        Consistency.APPLICATION);
    beforeCut =
        () -> {
          jump(Duration.ofDays(-2));
          network.swallow();
        };
    row("time of day: two days back in the hold, network silent", "", Consistency.CRASH);
  }

  private void jump(Duration off) throws IOException {
    clockOff = off;
    guest.clock(off);
  }

  @Test
  void aDiskIsFull() throws Exception {
    guest.diskFull(true);
    row("guest's disk full for the agent's files", "", Consistency.APPLICATION);
    guest.diskFull(false);
    for (String kind : List.of("freeze.begin", "freeze.end", "snapshot.end")) {
      noRoomFor = kind;
      row("node's disk full for the record " + kind, "", Consistency.CRASH);
    }
    beforeCut =
        () -> {
          throw DvxException.of(Kind.UNAVAILABLE, "The pool is full").build();
        };
    guest.startService();
    guest.script("");
    take("the pool is full: there is no cut", SnapshotPolicy.TRY, null, 0);
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
    int records = freezes(harness.records(), vm).size();
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
      assertEquals(null, expected, fault + ": " + e);
      assertEquals(points, harness.points().size(), fault);
      reason = String.valueOf(e.getMessage());
    }
    long held = released(guest, fault, others);
    List<JsonNode> now = freezes(harness.records(), vm);
    List<JsonNode> told = now.subList(records, now.size());
    recorded(fault, told);
    told(fault, label, reason, held, told);
    beforeCut = () -> {};
    afterCut = () -> {};
    noRoomFor = "";
    jump(Duration.ZERO);
    if (network.broken()) {
      network.mend();
    }
    guest.startService();
    guest.script("");
  }

  /** Whatever became of a freeze, it is on record: all of it that the log had room for. */
  private void recorded(String fault, List<JsonNode> told) {
    List<String> kinds = told.stream().map(line -> line.path("kind").asText()).toList();
    String all = kinds.stream().collect(Collectors.joining(", "));
    assertTrue(kinds.contains("snapshot.begin"), fault + ": " + all);
    boolean scarce = !noRoomFor.isEmpty();
    assertTrue(scarce || kinds.contains("freeze.begin"), fault + ": " + all);
    assertTrue(scarce || kinds.contains("freeze.end"), fault + ": " + all);
  }
}
