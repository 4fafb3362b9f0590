package org.opendvx.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.coordinator.protocol.FromAgent;
import org.opendvx.coordinator.protocol.FromCoordinator;
import org.opendvx.coordinator.protocol.Machine;
import org.opendvx.coordinator.protocol.Writer;
import org.opendvx.coordinator.testing.FakeAgent;
import org.opendvx.coordinator.testing.FaultTable;
import org.opendvx.coordinator.testing.Harness;
import org.opendvx.coordinator.testing.OnlyDescribes;
import org.opendvx.coordinator.testing.Script;
import org.opendvx.coordinator.testing.TestSnapshots;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.Consistency;
import org.opendvx.core.vm.RestorePoint;
import org.opendvx.core.vm.SnapshotPolicy;
import org.opendvx.core.vm.StageLimits;
import org.opendvx.core.vm.Stragglers;
import org.opendvx.core.vm.VmDescription;
import org.opendvx.core.vm.VmRef;
import org.opendvx.core.vm.VmSnapshots;

/** Everything that can go wrong in a freeze ends well; the table of it is written to target/. */
class FaultsTest {
  private static final FaultTable TABLE =
      new FaultTable(Path.of("target", "faults-coordinator.md"), "Faults: scripted agent");
  private static final long LONG = 60;

  /** A stage that is meant to run out of time: nothing else waits for it. */
  private static final Duration SHORT = Duration.ofMillis(700);

  private static final Duration AMPLE = Duration.ofSeconds(60);

  private static Path folder;
  private static TestSnapshots store;
  private static int machines;

  @BeforeAll
  static void open(@TempDir Path temporary) {
    folder = temporary;
    store = new TestSnapshots(folder.resolve("store"));
  }

  @AfterAll
  static void close() {
    store.close();
  }

  private static final class Enrolled {
    private final VmRef vm;
    private final FakeAgent agent;

    Enrolled(VmRef vm, FakeAgent agent) {
      this.vm = vm;
      this.agent = agent;
    }
  }

  private static Harness harness(Harness.Parts parts) {
    return new Harness(folder, parts, store);
  }

  private static Harness.Parts limits(
      Duration prepare, Duration freeze, Duration thaw, Duration report) {
    return Harness.Parts.usual()
        .with(new StageLimits(prepare, freeze, AMPLE, Duration.ofSeconds(20)))
        .with(Harness.Parts.settings(thaw, report));
  }

  private static Harness.Parts ample() {
    return limits(AMPLE, AMPLE, AMPLE, AMPLE);
  }

  private Enrolled enrolled(Harness harness) throws Exception {
    int number = ++machines;
    String bios = String.format("10112233-4455-6677-8899-aabbccddee%02x", number);
    String mac = String.format("00:50:56:01:00:%02x", number);
    VmDescription vm = harness.machine("vm-" + number, bios, List.of(mac));
    Machine machine = FakeAgent.machine(bios.replace("-", ""), mac, "boot-1");
    FakeAgent.Identity identity = FakeAgent.enrol(harness, vm.ref(), machine);
    FakeAgent agent = FakeAgent.welcomed(harness, vm.ref(), identity, machine);
    return new Enrolled(vm.ref(), agent);
  }

  /** One fault under TRY, then the same guest must be let go; then a row of the table. */
  private RestorePoint fault(String name, Harness harness, Script script) throws Exception {
    Enrolled guest = enrolled(harness);
    try (FakeAgent agent = guest.agent) {
      Thread running = run(agent, script);
      RestorePoint point = harness.snapshot(guest.vm, SnapshotPolicy.TRY).point();
      agent.cut();
      assertTrue(running.join(Duration.ofSeconds(LONG)), "the guest ended");
      assertFalse(script.holding(), "writes are released");
      assertTrue(script.heldMillis() < 10_000, "within 10 s");
      List<JsonNode> records = records(harness, guest.vm);
      String kinds =
          records.stream()
              .map(line -> line.path("kind").asText())
              .collect(Collectors.joining(", "));
      assertTrue(kinds.contains("snapshot.end"), kinds);
      TABLE.add(
          new FaultTable.Row(
              name, point.consistency().name(), point.reason(), script.heldMillis(), kinds));
      assertEquals(
          point.consistency() == Consistency.APPLICATION, point.reason().isEmpty(), point.reason());
      return point;
    }
  }

  private static List<JsonNode> records(Harness harness, VmRef vm) {
    return harness.records().stream()
        .filter(line -> line.path("subject").asText().equals(vm.toString()))
        .filter(line -> line.path("kind").asText().matches("(freeze|snapshot)\\..*"))
        .toList();
  }

  private static Thread run(FakeAgent agent, Script script) {
    return Thread.ofVirtual()
        .start(
            () -> {
              try {
                script.run(agent);
              } catch (IOException e) {
                // The script or the test closed the connection.
                Thread.currentThread().interrupt();
              }
            });
  }

  private static void crash(RestorePoint point) {
    assertEquals(Consistency.CRASH, point.consistency(), point.reason());
  }

  @Test
  void allRightIsApplicationWithTheDocumentsKept() throws Exception {
    try (Harness harness = harness(ample())) {
      Script script = new Script();
      RestorePoint point = fault("none", harness, script);
      assertEquals(Consistency.APPLICATION, point.consistency(), point.reason());
      assertEquals(
          Script.DOCUMENT,
          new String(harness.snapshots().document(point).writers(), StandardCharsets.UTF_8));
      assertTrue(script.heldMillis() >= 0);
      assertEquals(1, harness.meters().get("dvx.agent.writes.held").timer().count());
    }
  }

  @Test
  void connectionsThatBreakAndWordsThatAreWrong() throws Exception {
    try (Harness harness = harness(ample())) {
      crash(
          fault(
              "connection cut at prepare",
              harness,
              new Script() {
                @Override
                protected void prepare(FakeAgent agent, FromCoordinator.Prepare told)
                    throws IOException {
                  agent.cut();
                }
              }));
      crash(
          fault(
              "connection cut at freeze, nothing held",
              harness,
              new Script() {
                @Override
                protected void freeze(FakeAgent agent, UUID session) throws IOException {
                  agent.cut();
                }
              }));
      crash(
          fault(
              "connection cut after the hold began",
              harness,
              new Script() {
                @Override
                protected void freeze(FakeAgent agent, UUID session) throws IOException {
                  hold();
                  agent.cut();
                }
              }));
      crash(
          fault(
              "connection cut at committed",
              harness,
              new Script() {
                @Override
                protected void committed(FakeAgent agent, UUID session) throws IOException {
                  agent.cut();
                }
              }));
      crash(
          fault(
              "connection cut after thawed",
              harness,
              new Script() {
                @Override
                protected void document(FakeAgent agent, UUID session) throws IOException {
                  agent.cut();
                }
              }));
      crash(
          fault(
              "wrong session in prepared, then failed",
              harness,
              new Script() {
                @Override
                protected void prepare(FakeAgent agent, FromCoordinator.Prepare told)
                    throws IOException {
                  agent.send(
                      new FromAgent.Prepared(UUID.randomUUID(), List.of(), List.of(), List.of()));
                  agent.send(
                      new FromAgent.Failed(told.session(), "PREPARE", "PROTOCOL", "lost", ""));
                }
              }));
      crash(
          fault(
              "frozen before prepared",
              harness,
              new Script() {
                @Override
                protected void prepare(FakeAgent agent, FromCoordinator.Prepare told)
                    throws IOException {
                  agent.send(new FromAgent.Frozen(told.session(), 1));
                }
              }));
      crash(
          fault(
              "malformed message while held",
              harness,
              new Script() {
                @Override
                protected void committed(FakeAgent agent, UUID session) throws IOException {
                  agent.raw("{".getBytes(StandardCharsets.UTF_8));
                  agent.cut();
                }
              }));
    }
  }

  @Test
  void agentsThatRefuse() throws Exception {
    try (Harness harness = harness(ample())) {
      for (String code : List.of("BUSY", "WRITER", "VETO", "TIMEOUT", "HOOK", "SYSTEM")) {
        crash(
            fault(
                "failed at prepare: " + code,
                harness,
                new Script() {
                  @Override
                  protected void prepare(FakeAgent agent, FromCoordinator.Prepare told)
                      throws IOException {
                    agent.send(
                        new FromAgent.Failed(told.session(), "PREPARE", code, "no", "0x80042306"));
                  }
                }));
      }
      crash(
          fault(
              "failed at freeze: writers time out",
              harness,
              new Script() {
                @Override
                protected void freeze(FakeAgent agent, UUID session) throws IOException {
                  agent.send(
                      new FromAgent.Failed(session, "FREEZE", "WRITER", "slow", "0x800423F2"));
                }
              }));
    }
  }

  @Test
  void guestsThatTellOfTroubleAfterTheCut() throws Exception {
    try (Harness harness = harness(ample())) {
      crash(
          fault(
              "the dead man's timer ended the hold before the cut was confirmed",
              harness,
              new Script() {
                @Override
                protected void freeze(FakeAgent agent, UUID session) throws IOException {
                  super.freeze(agent, session);
                  release();
                }
              }));
      RestorePoint writer =
          fault(
              "a writer failed",
              harness,
              new Script() {
                @Override
                protected List<Writer> writers() {
                  return List.of(new Writer("SqlServerWriter", "", "", 8, "0x800423f4"));
                }
              });
      assertEquals(Consistency.FILE_SYSTEM, writer.consistency());
      assertTrue(writer.reason().contains("SqlServerWriter"), writer.reason());
      RestorePoint failed =
          fault(
              "the report says FAILED",
              harness,
              new Script() {
                @Override
                protected void report(FakeAgent agent, UUID session, long millis)
                    throws IOException {
                  agent.send(report(session, "FAILED", "CRASH", millis, List.of()));
                }
              });
      crash(failed);
      RestorePoint missing =
          fault(
              "the writers' documents are missing",
              harness,
              new Script() {
                @Override
                protected void document(FakeAgent agent, UUID session) {}
              });
      assertEquals(Consistency.FILE_SYSTEM, missing.consistency());
      RestorePoint large =
          fault(
              "the writers' documents are too large",
              harness,
              new Script() {
                @Override
                protected void document(FakeAgent agent, UUID session) throws IOException {
                  String part = Base64.getEncoder().encodeToString(new byte[90_000]);
                  for (int i = 0; i < 190; i++) {
                    agent.send(new FromAgent.Document(session, i, i == 189, part));
                  }
                }
              });
      assertEquals(Consistency.FILE_SYSTEM, large.consistency());
      assertTrue(large.reason().contains("16 MiB"), large.reason());
      fault(
          "the document's parts come twice",
          harness,
          new Script() {
            @Override
            protected void document(FakeAgent agent, UUID session) throws IOException {
              super.document(agent, session);
              super.document(agent, session);
            }
          });
      RestorePoint twice =
          fault(
              "thawed is said twice",
              harness,
              new Script() {
                @Override
                protected void document(FakeAgent agent, UUID session) throws IOException {
                  agent.send(new FromAgent.Thawed(session, false, "DEADMAN", 9, 9));
                  super.document(agent, session);
                }
              });
      assertEquals(Consistency.APPLICATION, twice.consistency(), "the first word counts");
    }
  }

  /** Says nothing at a stage; lets go when it is told to. */
  private static final class Silent extends Script {
    private final String stage;

    Silent(String stage) {
      this.stage = stage;
    }

    @Override
    protected void prepare(FakeAgent agent, FromCoordinator.Prepare told) throws IOException {
      if (!stage.equals("prepare")) {
        super.prepare(agent, told);
      }
    }

    @Override
    protected void freeze(FakeAgent agent, UUID session) throws IOException {
      if (stage.equals("freeze")) {
        hold();
      } else {
        super.freeze(agent, session);
      }
    }

    @Override
    protected void committed(FakeAgent agent, UUID session) throws IOException {
      if (stage.equals("report")) {
        long millis = release();
        agent.send(new FromAgent.Thawed(session, true, "COMMITTED", millis, millis));
      } else if (!stage.equals("thaw")) {
        super.committed(agent, session);
      }
    }
  }

  @Test
  void silenceAtEachStageIsEndedByItsLimitAndTheGuestIsLetGo() throws Exception {
    try (Harness harness = harness(limits(SHORT, AMPLE, AMPLE, AMPLE))) {
      crash(fault("silence at prepare", harness, new Silent("prepare")));
    }
    try (Harness harness = harness(limits(AMPLE, SHORT, AMPLE, AMPLE))) {
      crash(fault("silence at freeze, writes held", harness, new Silent("freeze")));
    }
    try (Harness harness = harness(limits(AMPLE, AMPLE, SHORT, AMPLE))) {
      crash(fault("silence after committed", harness, new Silent("thaw")));
    }
    try (Harness harness = harness(limits(AMPLE, AMPLE, AMPLE, SHORT))) {
      crash(fault("silence after thawed", harness, new Silent("report")));
    }
  }

  @Test
  void aCutThatComesTooLateCountsForNoGuest() throws Exception {
    CountDownLatch late = new CountDownLatch(1);
    Harness.Parts parts =
        ample()
            .with(new StageLimits(AMPLE, AMPLE, AMPLE, Duration.ofMillis(200)))
            .withBarrier(
                barrier ->
                    (requests, limit) ->
                        CompletableFuture.supplyAsync(
                            () -> {
                              waitFor(late);
                              return barrier.cut(requests, limit).join();
                            }));
    try (Harness harness = harness(parts)) {
      Script script =
          new Script() {
            @Override
            protected void abort(FakeAgent agent, UUID session) throws IOException {
              super.abort(agent, session);
              late.countDown();
            }
          };
      RestorePoint point = fault("the cut comes after the hold's end", harness, script);
      crash(point);
      assertTrue(point.reason().contains("longer than 200 ms"), point.reason());
    }
  }

  private static void waitFor(CountDownLatch latch) {
    try {
      if (!latch.await(LONG, TimeUnit.SECONDS)) {
        throw new AssertionError("nobody let go");
      }
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void withoutAnAuditRecordNothingIsFrozenAndNothingIsClaimed() throws Exception {
    AtomicBoolean full = new AtomicBoolean();
    AtomicReference<String> at = new AtomicReference<>("");
    Harness.Parts parts =
        ample()
            .withAudit(
                log ->
                    (kind, who, subject, facts) -> {
                      if (full.get() && kind.equals(at.get())) {
                        throw DvxException.of(Kind.UNAVAILABLE, "no room").build();
                      }
                      log.record(kind, who, subject, facts);
                    });
    try (Harness harness = harness(parts)) {
      full.set(true);
      for (String kind : List.of("snapshot.begin", "freeze.begin", "freeze.end", "snapshot.end")) {
        at.set(kind);
        Enrolled guest = enrolled(harness);
        Script script = new Script();
        try (FakeAgent agent = guest.agent) {
          Thread running = run(agent, script);
          RestorePoint point = harness.snapshot(guest.vm, SnapshotPolicy.TRY).point();
          agent.cut();
          assertTrue(running.join(Duration.ofSeconds(LONG)));
          crash(point);
          assertEquals(kind.endsWith("begin"), script.heldMillis() < 0, kind);
          TABLE.add(
              new FaultTable.Row(
                  "audit disk full at " + kind,
                  point.consistency().name(),
                  point.reason(),
                  script.heldMillis(),
                  records(harness, guest.vm).stream()
                      .map(line -> line.path("kind").asText())
                      .collect(Collectors.joining(", "))));
        }
      }
    }
  }

  @Test
  void theTimeOfDayMayJumpByYears() throws Exception {
    AtomicInteger readings = new AtomicInteger();
    AtomicBoolean jumping = new AtomicBoolean();
    Clock clock =
        new Clock() {
          @Override
          public Instant instant() {
            // Ten minutes forth and back with each reading.
            int minutes = jumping.get() ? readings.incrementAndGet() % 2 * 10 : 0;
            return Instant.now().plus(Duration.ofMinutes(minutes));
          }

          @Override
          public ZoneId getZone() {
            return ZoneOffset.UTC;
          }

          @Override
          public Clock withZone(ZoneId zone) {
            return this;
          }
        };
    try (Harness harness = harness(ample().with(clock))) {
      RestorePoint point =
          fault(
              "the time of day jumps in each stage",
              harness,
              new Script() {
                @Override
                protected void prepare(FakeAgent agent, FromCoordinator.Prepare told)
                    throws IOException {
                  jumping.set(true);
                  super.prepare(agent, told);
                }
              });
      assertEquals(Consistency.APPLICATION, point.consistency(), point.reason());
    }
  }

  @Test
  void requireLeavesNothingBehindWhenTheGuestFails() throws Exception {
    try (Harness harness = harness(ample())) {
      Enrolled guest = enrolled(harness);
      try (FakeAgent agent = guest.agent) {
        Script script =
            new Script() {
              @Override
              protected List<Writer> writers() {
                return List.of(new Writer("W", "", "", 8, "0x800423f4"));
              }
            };
        Thread running = run(agent, script);
        assertThrows(DvxException.class, () -> harness.snapshot(guest.vm, SnapshotPolicy.REQUIRE));
        agent.cut();
        assertTrue(running.join(Duration.ofSeconds(LONG)));
        assertTrue(harness.points().stream().noneMatch(point -> point.vm().equals(guest.vm)));
        TABLE.add(
            new FaultTable.Row(
                "a writer failed, policy REQUIRE",
                "no restore point",
                "",
                script.heldMillis(),
                records(harness, guest.vm).stream()
                    .map(line -> line.path("kind").asText())
                    .collect(Collectors.joining(", "))));
      }
      long start = System.nanoTime();
      assertThrows(DvxException.class, () -> harness.snapshot(guest.vm, SnapshotPolicy.REQUIRE));
      assertTrue(System.nanoTime() - start < 20_000_000_000L, "never by a time-out");
    }
  }

  @Test
  void aGroupIsOneInstantAndAStragglerIsDroppedOrVoidsIt() throws Exception {
    try (Harness harness = harness(ample())) {
      Enrolled one = enrolled(harness);
      Enrolled two = enrolled(harness);
      Enrolled bad = enrolled(harness);
      try (FakeAgent first = one.agent;
          FakeAgent second = two.agent;
          FakeAgent third = bad.agent) {
        List<Thread> running = new ArrayList<>();
        running.add(run(first, new Script()));
        running.add(run(second, new Script()));
        VmSnapshots.GroupTaken taken = group(harness, Stragglers.VOID, one, two);
        assertEquals(2, taken.taken().size());
        for (VmSnapshots.Taken each : taken.taken()) {
          assertEquals(Consistency.APPLICATION, each.point().consistency(), each.point().reason());
        }
        assertEquals(
            taken.taken().getFirst().point().created(), taken.taken().getLast().point().created());
        join(running);

        running.add(run(first, new Script()));
        running.add(run(third, refusing()));
        VmSnapshots.GroupTaken dropped = group(harness, Stragglers.DROP, one, bad);
        assertEquals(1, dropped.taken().size());
        assertTrue(dropped.dropped().containsKey(bad.vm), dropped.dropped().toString());
        row(harness, "group: a straggler is dropped", "others APPLICATION", bad.vm);

        join(running);
        running.add(run(first, new Script()));
        running.add(run(third, refusing()));
        int before = harness.points().size();
        assertThrows(DvxException.class, () -> group(harness, Stragglers.VOID, one, bad));
        assertEquals(before, harness.points().size());
        join(running);
        row(harness, "group: a straggler voids it", "no restore point", bad.vm);
      }
    }
  }

  private static void join(List<Thread> running) throws InterruptedException {
    for (Thread each : running) {
      assertTrue(each.join(Duration.ofSeconds(LONG)), "the guest ended");
    }
    running.clear();
  }

  private static Script refusing() {
    return new Script() {
      @Override
      protected void prepare(FakeAgent agent, FromCoordinator.Prepare told) throws IOException {
        agent.send(new FromAgent.Failed(told.session(), "PREPARE", "SYSTEM", "no", ""));
      }
    };
  }

  private static void row(Harness harness, String fault, String label, VmRef vm)
      throws IOException {
    TABLE.add(
        new FaultTable.Row(
            fault,
            label,
            "",
            -1,
            records(harness, vm).stream()
                .map(line -> line.path("kind").asText())
                .distinct()
                .collect(Collectors.joining(", "))));
  }

  private static VmSnapshots.GroupTaken group(
      Harness harness, Stragglers stragglers, Enrolled... guests) {
    List<VmSnapshots.Request> requests = new ArrayList<>();
    for (Enrolled guest : guests) {
      requests.add(
          new VmSnapshots.Request(guest.vm, null, Map.of(), SnapshotPolicy.REQUIRE, "test"));
    }
    return harness
        .snapshots()
        .createTogether(_ -> new OnlyDescribes(harness.inventory()), requests, stragglers);
  }
}
