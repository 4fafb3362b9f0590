package org.opendvx.rhv.quiesce;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.Consistency;
import org.opendvx.core.vm.Quiescer;
import org.opendvx.core.vm.SnapshotPolicy;
import org.opendvx.core.vm.VmDescription;
import org.opendvx.core.vm.VmRef;
import org.opendvx.core.vm.VmSnapshots;
import org.opendvx.rhv.DomainStore;
import org.opendvx.rhv.Rhv;
import org.opendvx.rhv.RhvLab;
import org.opendvx.rhv.inventory.RoleMaker;
import org.opendvx.rhv.sim.Fault;
import org.opendvx.rhv.sim.SimLab;
import org.ovirt.engine.sdk4.types.VmStatus;

/** Freezes that come late, guests that migrate, and the end of the node: thawed all the same. */
@Timeout(120)
class ThawAtLastTest {
  private static final Duration FREEZE = Duration.ofSeconds(20);

  /** Fewer than there are, so that each can be seen. */
  private static final List<Duration> AGAIN =
      List.of(Duration.ofSeconds(5), Duration.ofSeconds(30), Duration.ofSeconds(180));

  @TempDir private Path folder;
  private final DomainStore store = new DomainStore();
  private final RhvLab lab = new RhvLab(store, "/rhv");
  private final Audit audit = new Audit();
  private final ManualClock clock = new ManualClock();
  private final List<EngineQuiescer> opened = new ArrayList<>();
  private String web = "";
  private VmRef ref = RhvLab.ref("none");

  @BeforeEach
  void machine() {
    web = lab.sim().machine("web", lab.registered(), 1 << 20);
    ref = RhvLab.ref(web);
    lab.sim().start(web, "host1");
  }

  @AfterEach
  void close() {
    opened.forEach(EngineQuiescer::close);
    assertEquals(List.of(), lab.engine().violations());
    lab.close();
    store.close();
  }

  private EngineQuiescer quiescer(Rhv rhv, OtherThaw other) {
    FreezeConsent consent = new FreezeConsent(folder.resolve("consent"));
    consent.set(ref, true);
    EngineQuiescer quiescer =
        new EngineQuiescer(
            name -> name.equals(RhvLab.NAME) ? Optional.of(rhv) : Optional.empty(),
            consent,
            new FreezeJournal(folder.resolve("journal")),
            audit,
            other,
            Set.of(),
            clock,
            AGAIN);
    opened.add(quiescer);
    return quiescer;
  }

  private List<Integer> entries() {
    return journal().entries().stream().map(FreezeJournal.Entry::thaws).toList();
  }

  @Test
  void noFreezeThatComesLateHoldsForMoreThanTenSeconds() {
    Duration before = Duration.ZERO;
    for (Duration each : ThawKeeper.AGAIN) {
      Duration gap = each.minus(before);
      assertTrue(gap.isPositive() && gap.compareTo(Duration.ofSeconds(10)) <= 0, each.toString());
      before = each;
    }
    assertTrue(before.compareTo(Duration.ofMinutes(3)) >= 0, before.toString());
  }

  private FreezeJournal journal() {
    return new FreezeJournal(folder.resolve("journal"));
  }

  private SimLab.Seen seen() {
    return Objects.requireNonNull(lab.sim().seen(web));
  }

  private static void until(String what, BooleanSupplier there) throws InterruptedException {
    long end = System.nanoTime() + RhvLab.LONG.toNanos();
    while (!there.getAsBoolean()) {
      assertTrue(System.nanoTime() - end < 0, "never: " + what);
      Thread.sleep(5);
    }
  }

  private void advance(int seconds) {
    clock.advance(Duration.ofSeconds(seconds));
  }

  /** A second passes for the one thread that waits to try again. */
  private void second(EngineQuiescer quiescer) throws InterruptedException {
    until("it waits", () -> clock.waiting() == 1 || !quiescer.outstanding(ref));
    advance(1);
    until("it tried", () -> clock.waiting() == 1 || !quiescer.outstanding(ref));
  }

  private void thawed(int times) throws InterruptedException {
    until(
        times + " thaws",
        () ->
            seen().thaws() == times
                && (times == 4 || (entries().equals(List.of(times)) && clock.waiting() == 1)));
  }

  /** The guest's freeze stays in the engine, which is not heard of again. */
  private void freezeWithoutAnswer(EngineQuiescer quiescer, VmDescription vm)
      throws InterruptedException {
    lab.engine().holdBackNext("freezefilesystems");
    DvxException e =
        assertThrows(DvxException.class, () -> quiescer.freeze(vm, vm.disks(), FREEZE));
    assertEquals(Kind.UNAVAILABLE, e.kind(), e.render());
    assertEquals(1, seen().thaws());
    assertFalse(seen().frozen());
    // Only then does it hear that the clock is moved.
    until("it waits", () -> clock.waiting() == 1);
  }

  @ParameterizedTest
  @ValueSource(ints = {4, 29, 170})
  void aFreezeThatIsCarriedOutAfterItsThawIsThawedAgain(int late) throws Exception {
    Rhv rhv = lab.connect();
    EngineQuiescer quiescer = quiescer(rhv, OtherThaw.NONE);
    VmDescription vm = rhv.describe(ref);
    freezeWithoutAnswer(quiescer, vm);
    assertTrue(quiescer.outstanding(ref));
    assertEquals(List.of(), journal().all(), "it is thawed as far as anybody knows");
    assertTrue(quiescer.notReady(vm).isPresent());
    DvxException e =
        assertThrows(DvxException.class, () -> quiescer.freeze(vm, vm.disks(), FREEZE));
    assertEquals(Kind.CONFLICT, e.kind());
    int thaws = 1;
    int at = 0;
    for (int due : List.of(5, 30, 180)) {
      if (late < due && at <= late) {
        advance(late - at);
        at = late;
        assertEquals(1, lab.engine().carryOutLate());
        assertTrue(seen().frozen());
      }
      advance(due - at);
      at = due;
      thawed(++thaws);
      assertFalse(seen().frozen());
    }
    until("it is over", () -> !quiescer.outstanding(ref));
    assertEquals(Optional.empty(), quiescer.notReady(vm));
    assertEquals(1, seen().freezes());
    assertEquals(Set.of(), audit.alarms);
  }

  @Test
  void aRestartGoesOnWithTheThawsThatAreLeft() throws Exception {
    Rhv rhv = lab.connect();
    EngineQuiescer first = quiescer(rhv, OtherThaw.NONE);
    freezeWithoutAnswer(first, rhv.describe(ref));
    advance(5);
    thawed(2);
    first.close();
    assertEquals(3, seen().thaws(), "a last one at the stop");
    assertEquals(1, lab.engine().carryOutLate());
    assertEquals(List.of(2), entries());
    until("the first waits no more", () -> clock.waiting() == 0);
    EngineQuiescer second = quiescer(rhv, OtherThaw.NONE);
    until("the second waits", () -> clock.waiting() == 1);
    advance(24);
    assertTrue(seen().frozen());
    advance(1);
    until("thawed", () -> !seen().frozen());
    until("noted", () -> journal().entries().getFirst().thaws() == 3);
    assertTrue(second.outstanding(ref));
    until("it waits again", () -> clock.waiting() == 1);
    advance(150);
    until("it is over", () -> !second.outstanding(ref));
    assertEquals(5, seen().thaws());
  }

  @Test
  void afterALongStopAllThatIsLeftIsDoneAtOnce() throws Exception {
    Rhv rhv = lab.connect();
    FreezeJournal journal = journal();
    assertTrue(journal.intend(ref, "host1"));
    journal.thawed(
        new FreezeJournal.Entry(ref, "host1", 1, clock.now().minus(Duration.ofHours(3))));
    EngineQuiescer quiescer = quiescer(rhv, OtherThaw.NONE);
    until("it is over", () -> !quiescer.outstanding(ref));
    assertEquals(3, seen().thaws());
  }

  @Test
  void aFreezeThatTheEngineAnsweredWithNoIsOverAfterOneThaw() {
    Rhv rhv = lab.connect();
    EngineQuiescer quiescer = quiescer(rhv, OtherThaw.NONE);
    VmDescription vm = rhv.describe(ref);
    lab.engine().refuseNext("freezefilesystems", 400, "[Guest agent non responsive]");
    assertThrows(DvxException.class, () -> quiescer.freeze(vm, vm.disks(), FREEZE));
    assertFalse(quiescer.outstanding(ref));
    assertEquals(1, seen().thaws());
  }

  @Test
  void aGuestThatMigratesIsNotFrozen() {
    Rhv rhv = lab.connect();
    EngineQuiescer quiescer = quiescer(rhv, OtherThaw.NONE);
    VmDescription before = rhv.describe(ref);
    assertEquals(Optional.empty(), quiescer.notReady(before));
    lab.sim().beginMigration(web, "host2", false);
    VmDescription now = rhv.describe(ref);
    assertTrue(quiescer.notReady(now).orElseThrow().contains("on its way"));
    DvxException e =
        assertThrows(DvxException.class, () -> quiescer.freeze(before, before.disks(), FREEZE));
    assertEquals(Kind.CONFLICT, e.kind());
    assertTrue(e.render().contains("on its way"), e.render());
    assertFalse(quiescer.outstanding(ref));
    VmSnapshots.Taken taken =
        new VmSnapshots(store.datastore(), List.of(quiescer), Clock.systemUTC())
            .create(rhv, new VmSnapshots.Request(ref, null, Map.of(), SnapshotPolicy.TRY));
    assertEquals(Consistency.CRASH, taken.point().consistency());
    assertTrue(taken.point().reason().contains("on its way"), taken.point().reason());
    assertEquals(List.of(), lab.engine().takeRefused(), "it was never asked");
  }

  @Test
  void aGuestThatMigratesIsThawedTheOtherWayAtOnce() throws Exception {
    Rhv rhv = lab.connect();
    long begin = clock.nanos();
    EngineQuiescer quiescer =
        quiescer(
            rhv,
            (vm, host) -> {
              assertEquals("host1", host);
              lab.sim().thawOnHost(vm.id());
              return true;
            });
    VmDescription vm = rhv.describe(ref);
    try (Quiescer.Held held = quiescer.freeze(vm, vm.disks(), FREEZE)) {
      lab.sim().beginMigration(web, "host2", false);
      assertTrue(held.thaw().reason().contains("outstanding"));
      until("thawed", () -> !seen().frozen());
    }
    assertEquals(begin, clock.nanos(), "nobody waited");
    for (int i = 0; i < 4 && quiescer.outstanding(ref); i++) {
      second(quiescer);
    }
    assertFalse(quiescer.outstanding(ref));
    assertEquals(0, audit.cancelled.get());
    assertEquals(VmStatus.MIGRATING, seen().status());
    lab.engine().takeRefused();
  }

  @Test
  void aMigrationThatKeepsAGuestFrozenIsCancelledAfterSixSeconds() throws Exception {
    lab.engine().account("dvx@internal", "pw");
    assertEquals(RoleMaker.PERMITS, lab.connect().createRole("OpenDVX"));
    lab.sim().grant("dvx@internal", "OpenDVX");
    Rhv rhv = lab.connect("dvx@internal", "pw", Duration.ofSeconds(30));
    EngineQuiescer quiescer = quiescer(rhv, OtherThaw.NONE);
    VmDescription vm = rhv.describe(ref);
    try (Quiescer.Held held = quiescer.freeze(vm, vm.disks(), FREEZE)) {
      lab.sim().beginMigration(web, "host2", true);
      assertEquals(Consistency.FILE_SYSTEM, held.thaw().consistency());
    }
    for (int i = 1; i < 6; i++) {
      int before = thaws();
      second(quiescer);
      assertTrue(thaws() > before, "no try within a second");
      assertTrue(seen().frozen());
      assertEquals(0, audit.cancelled.get());
    }
    second(quiescer);
    assertEquals(1, audit.cancelled.get());
    assertEquals(VmStatus.UP, seen().status());
    second(quiescer);
    assertFalse(quiescer.outstanding(ref));
    assertFalse(seen().frozen());
    assertEquals(Set.of(), audit.alarms);
    lab.engine().takeRefused();
  }

  private int thaws() {
    return (int)
        lab.engine().log().stream().filter(call -> call.endsWith("/thawfilesystems")).count();
  }

  @Test
  void withoutThePermitToCancelItIsThawedWhenTheMigrationIsOver() throws Exception {
    lab.engine().account("dvx@internal", "pw");
    lab.connect().createRole("OpenDVX");
    lab.sim().grant("dvx@internal", "OpenDVX");
    lab.sim().takeBack("dvx@internal", "migrate_vm");
    Rhv rhv = lab.connect("dvx@internal", "pw", Duration.ofSeconds(30));
    EngineQuiescer quiescer = quiescer(rhv, OtherThaw.NONE);
    VmDescription vm = rhv.describe(ref);
    try (Quiescer.Held held = quiescer.freeze(vm, vm.disks(), FREEZE)) {
      lab.sim().beginMigration(web, "host2", true);
      held.thaw();
    }
    until("it waits", () -> clock.waiting() == 1);
    advance(7);
    until(
        "it asked",
        () -> lab.engine().log().stream().anyMatch(call -> call.endsWith("/cancelmigration")));
    assertTrue(seen().frozen());
    assertEquals(Set.of(ref), audit.alarms);
    lab.sim().endMigration(web, "host2");
    until(
        "it is over",
        () -> {
          advance(1);
          return !quiescer.outstanding(ref);
        });
    assertFalse(seen().frozen());
    assertEquals(0, audit.cancelled.get());
    lab.engine().takeRefused();
  }

  @Test
  void aStopLetsGoWhatIsHeldAndFreezesNothingMore() {
    Rhv rhv = lab.connect();
    EngineQuiescer quiescer = quiescer(rhv, OtherThaw.NONE);
    VmDescription vm = rhv.describe(ref);
    try (Quiescer.Held held = quiescer.freeze(vm, vm.disks(), FREEZE)) {
      assertTrue(seen().frozen());
      quiescer.close();
      assertFalse(seen().frozen());
      assertFalse(quiescer.outstanding(ref));
      assertEquals(Consistency.CRASH, held.thaw().consistency());
    }
    assertThrows(DvxException.class, () -> quiescer.freeze(vm, vm.disks(), FREEZE));
    assertEquals(1, seen().freezes());
  }

  @Test
  void aStopTriesALastTimeWhatCouldNotBeThawed() {
    Rhv rhv = lab.connect();
    EngineQuiescer quiescer = quiescer(rhv, OtherThaw.NONE);
    VmDescription vm = rhv.describe(ref);
    try (Quiescer.Held held = quiescer.freeze(vm, vm.disks(), FREEZE)) {
      lab.engine().script(_ -> Fault.UNAVAILABLE);
      held.thaw();
      assertEquals(List.of(ref), journal().all());
      // The clock stands: without the stop nobody would try again.
      lab.engine().script(_ -> Fault.NONE);
      quiescer.close();
    }
    assertFalse(seen().frozen());
    assertEquals(List.of(), journal().all());
  }

  @Test
  void aStopDoesNotWaitLongForAnEngineThatIsGone() throws Exception {
    Rhv rhv = lab.connect();
    EngineQuiescer quiescer = quiescer(rhv, OtherThaw.NONE);
    VmDescription vm = rhv.describe(ref);
    try (Quiescer.Held _ = quiescer.freeze(vm, vm.disks(), FREEZE)) {
      lab.engine().script(_ -> Fault.HANG);
      long start = System.nanoTime();
      quiescer.close();
      long took = System.nanoTime() - start;
      assertTrue(took < Duration.ofSeconds(40).toNanos(), "it took " + took + " ns");
    }
    assertTrue(seen().frozen());
    assertEquals(List.of(ref), journal().all());
    lab.engine().script(_ -> Fault.NONE);
    EngineQuiescer next = quiescer(lab.connect(), OtherThaw.NONE);
    until("thawed by the next start", () -> !seen().frozen());
    until(
        "it is over",
        () -> {
          advance(60);
          return !next.outstanding(ref);
        });
  }
}
