package org.opendvx.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
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
import org.junit.jupiter.api.Test;
import org.opendvx.coordinator.protocol.FromAgent;
import org.opendvx.coordinator.protocol.FromCoordinator;
import org.opendvx.coordinator.protocol.Writer;
import org.opendvx.coordinator.testing.FakeAgent;
import org.opendvx.coordinator.testing.Harness;
import org.opendvx.coordinator.testing.OnlyDescribes;
import org.opendvx.coordinator.testing.Script;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.testing.FaultTable;
import org.opendvx.core.vm.Consistency;
import org.opendvx.core.vm.RestorePoint;
import org.opendvx.core.vm.SnapshotPolicy;
import org.opendvx.core.vm.StageLimits;
import org.opendvx.core.vm.Stragglers;
import org.opendvx.core.vm.VmRef;
import org.opendvx.core.vm.VmSnapshots;

/** Late cuts, full disks, clocks that jump, policies and groups end well. */
class PolicyFaultsTest extends FaultSuite {
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

  @Test
  void whatFailsOrIsVoidedHasAnEndOnRecord() throws Exception {
    VmRef twice;
    VmRef good;
    try (Harness harness = harness(ample())) {
      Enrolled one = enrolled(harness);
      Enrolled refuses = enrolled(harness);
      Enrolled fails = enrolled(harness);
      twice = one.vm;
      try (FakeAgent first = one.agent;
          FakeAgent second = refuses.agent) {
        List<Thread> running = new ArrayList<>();
        running.add(run(first, new Script()));
        named(harness, twice);
        join(running);
        running.add(run(first, new Script()));
        DvxException taken = assertThrows(DvxException.class, () -> named(harness, twice));
        assertEquals(Kind.EXISTS, taken.kind());
        join(running);
        assertEquals(List.of("begin", "end", "begin", "end"), ends(harness, twice));
        assertTrue(result(harness, twice).startsWith("FAILED: "), result(harness, twice));

        running.add(run(first, new Script()));
        running.add(run(second, refusing()));
        assertThrows(DvxException.class, () -> group(harness, Stragglers.VOID, one, refuses));
        join(running);
        assertEquals(List.of("begin", "end"), last(ends(harness, twice)));
        assertTrue(result(harness, twice).startsWith("FAILED: "), result(harness, twice));
        assertEquals(List.of("begin", "refused"), ends(harness, refuses.vm));
      }
      Enrolled other = enrolled(harness);
      good = other.vm;
      try (FakeAgent first = other.agent;
          FakeAgent third = fails.agent) {
        int before = harness.points().size();
        List<Thread> running = new ArrayList<>();
        running.add(run(first, new Script()));
        running.add(
            run(
                third,
                new Script() {
                  @Override
                  protected List<Writer> writers() {
                    return List.of(new Writer("W", "", "", 8, "0x800423f4"));
                  }
                }));
        assertThrows(DvxException.class, () -> group(harness, Stragglers.VOID, other, fails));
        join(running);
        assertEquals(before, harness.points().size());
        assertEquals(List.of("begin", "end", "discarded"), ends(harness, good));
        assertEquals("discarded", ends(harness, fails.vm).getLast());
      }
    }
    try (Harness again = harness(ample())) {
      for (VmRef vm : List.of(twice, good)) {
        assertTrue(
            records(again, vm).stream()
                .filter(line -> line.path("kind").asText().startsWith("snapshot."))
                .noneMatch(
                    line -> line.path("facts").path("result").asText().equals("INTERRUPTED")));
      }
    }
  }

  private static void named(Harness harness, VmRef vm) {
    Object _ =
        harness
            .snapshots()
            .create(
                new OnlyDescribes(harness.inventory()),
                new VmSnapshots.Request(vm, "one-name", Map.of(), SnapshotPolicy.TRY, "test"));
  }

  private static List<String> ends(Harness harness, VmRef vm) {
    return records(harness, vm).stream()
        .map(line -> line.path("kind").asText())
        .filter(kind -> kind.startsWith("snapshot."))
        .map(kind -> kind.substring("snapshot.".length()))
        .toList();
  }

  private static List<String> last(List<String> kinds) {
    return kinds.subList(kinds.size() - 2, kinds.size());
  }

  private static String result(Harness harness, VmRef vm) {
    return records(harness, vm).stream()
        .filter(line -> line.path("kind").asText().equals("snapshot.end"))
        .map(line -> line.path("facts").path("result").asText())
        .reduce("", (_, later) -> later);
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

      @Override
      protected void abort(FakeAgent agent, UUID session) {
        over();
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
