package org.opendvx.rhv.quiesce;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
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
import org.opendvx.rhv.sim.Fault;
import org.opendvx.rhv.sim.SimLab;
import org.ovirt.engine.sdk4.types.VmStatus;

/** Freeze and thaw by the engine: always thawed, rightly labelled. */
@Timeout(240)
class EngineQuiescerTest {
  /** Guests whose freeze was not answered are thawed again; nobody waits for three minutes here. */
  private static final List<Duration> SOON =
      List.of(Duration.ofMillis(20), Duration.ofMillis(40), Duration.ofMillis(60));

  @TempDir private Path folder;
  private final DomainStore store = new DomainStore();
  private final RhvLab lab = new RhvLab(store, "/rhv");
  private final Audit audit = new Audit();
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
    assertTrue(
        lab.engine().log().stream().noneMatch(call -> call.matches("POST /vms/[^/]+/snapshots.*")),
        "no snapshot of the engine");
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
            Set.of("node-vm"),
            ThawClock.SYSTEM,
            SOON);
    opened.add(quiescer);
    return quiescer;
  }

  private SimLab.Seen seen() {
    return Objects.requireNonNull(lab.sim().seen(web));
  }

  private void untilThawed(EngineQuiescer quiescer) throws InterruptedException {
    long end = System.nanoTime() + RhvLab.LONG.toNanos();
    while (quiescer.outstanding(ref)) {
      assertTrue(System.nanoTime() - end < 0, "still outstanding");
      Thread.sleep(20);
    }
    assertFalse(seen().frozen());
    assertEquals(Set.of(), audit.alarms);
  }

  private static VmSnapshots.Taken take(VmSnapshots snapshots, Rhv rhv, VmRef vm) {
    return snapshots.create(rhv, new VmSnapshots.Request(vm, null, Map.of(), SnapshotPolicy.TRY));
  }

  @Test
  void aSnapshotOfAWillingGuestIsOfItsFileSystemsAndNoMore() throws Exception {
    Rhv rhv = lab.connect();
    EngineQuiescer quiescer = quiescer(rhv, OtherThaw.NONE);
    VmSnapshots snapshots =
        new VmSnapshots(store.datastore(), List.of(quiescer), Clock.systemUTC());
    VmSnapshots.Taken taken = take(snapshots, rhv, ref);
    assertEquals(Consistency.FILE_SYSTEM, taken.point().consistency());
    assertTrue(taken.point().reason().contains("not asked"), taken.point().reason());
    assertEquals(1, seen().freezes());
    untilThawed(quiescer);
  }

  @Test
  void withoutConsentNothingIsFrozen() {
    Rhv rhv = lab.connect();
    EngineQuiescer quiescer = quiescer(rhv, OtherThaw.NONE);
    String db = lab.sim().machine("db", Objects.requireNonNull(lab.sim().domain("dvx")), 4096);
    lab.sim().start(db, "host1");
    VmDescription vm = rhv.describe(RhvLab.ref(db));
    assertFalse(quiescer.covers(vm));
    assertThrows(DvxException.class, () -> quiescer.freeze(vm, vm.disks(), Duration.ofSeconds(20)));
    assertTrue(quiescer.covers(rhv.describe(ref)));
  }

  @Test
  void theEngineItselfAndOurNodesAreRefused() {
    Rhv rhv = lab.connect();
    EngineQuiescer quiescer = quiescer(rhv, OtherThaw.NONE);
    lab.sim().kind(web, "rhel_9x64", "managed_hosted_engine");
    VmDescription engine = rhv.describe(ref);
    DvxException e =
        assertThrows(
            DvxException.class,
            () -> quiescer.freeze(engine, engine.disks(), Duration.ofSeconds(20)));
    assertEquals(Kind.CONFLICT, e.kind());
    assertEquals(0, seen().freezes());
  }

  @Test
  void aGuestThatCannotBeFrozenIsThawedAllTheSameAndLabelledCrash() throws Exception {
    Rhv rhv = lab.connect();
    EngineQuiescer quiescer = quiescer(rhv, OtherThaw.NONE);
    VmSnapshots snapshots =
        new VmSnapshots(store.datastore(), List.of(quiescer), Clock.systemUTC());
    lab.engine().refuseNext("freezefilesystems", 400, "[Guest agent non responsive]");
    VmSnapshots.Taken taken = take(snapshots, rhv, ref);
    assertEquals(Consistency.CRASH, taken.point().consistency());
    assertTrue(taken.point().reason().contains("non responsive"), taken.point().reason());
    untilThawed(quiescer);
    assertEquals(1, seen().thaws());
    lab.engine().takeRefused();
  }

  @Test
  void aPausedMachineIsNotFrozen() {
    Rhv rhv = lab.connect();
    VmSnapshots snapshots =
        new VmSnapshots(
            store.datastore(), List.of(quiescer(rhv, OtherThaw.NONE)), Clock.systemUTC());
    lab.sim().status(web, VmStatus.PAUSED);
    VmSnapshots.Taken taken = take(snapshots, rhv, ref);
    assertEquals(Consistency.CRASH, taken.point().consistency());
    assertEquals(0, seen().freezes());
  }

  @Test
  void aWindowsGuestWhoseThawFailedIsLabelledCrash() throws Exception {
    lab.sim().kind(web, "windows_2022", "ovirt");
    Rhv rhv = lab.connect();
    EngineQuiescer quiescer = quiescer(rhv, OtherThaw.NONE);
    VmSnapshots snapshots =
        new VmSnapshots(store.datastore(), List.of(quiescer), Clock.systemUTC());
    assertEquals(Consistency.FILE_SYSTEM, take(snapshots, rhv, ref).point().consistency());
    lab.engine().refuseNext("thawfilesystems", 400, "[Guest agent non responsive]");
    assertEquals(Consistency.CRASH, take(snapshots, rhv, ref).point().consistency());
    untilThawed(quiescer);
    lab.engine().takeRefused();
  }

  @Test
  void aCallerThatForgetsIsOverruledByTheClock() throws Exception {
    Rhv rhv = lab.connect();
    EngineQuiescer quiescer = quiescer(rhv, OtherThaw.NONE);
    VmDescription vm = rhv.describe(ref);
    try (Quiescer.Held held = quiescer.freeze(vm, vm.disks(), Duration.ofSeconds(20))) {
      untilThawed(quiescer);
      Quiescer.Outcome outcome = held.thaw();
      assertEquals(Consistency.CRASH, outcome.consistency());
    }
    assertEquals(1, seen().thaws());
  }

  @Test
  void whatWasFrozenWhenTheNodeDiedIsThawedByTheNextStart() throws Exception {
    Rhv rhv = lab.connect();
    EngineQuiescer first = quiescer(rhv, OtherThaw.NONE);
    VmDescription vm = rhv.describe(ref);
    first.freeze(vm, vm.disks(), Duration.ofSeconds(20));
    assertTrue(seen().frozen());
    EngineQuiescer second = quiescer(lab.connect(), OtherThaw.NONE);
    untilThawed(second);
  }

  @Test
  void aPageThatSaysNotFoundIsNoWordOfTheEngineAboutTheMachine() throws Exception {
    Rhv rhv = lab.connect();
    EngineQuiescer quiescer = quiescer(rhv, OtherThaw.NONE);
    VmDescription vm = rhv.describe(ref);
    try (Quiescer.Held held = quiescer.freeze(vm, vm.disks(), Duration.ofSeconds(20))) {
      lab.engine().script(_ -> Fault.PAGE_404);
      assertTrue(held.thaw().reason().contains("outstanding"));
      long end = System.nanoTime() + RhvLab.LONG.toNanos();
      while (lab.engine().calls() < 3) {
        assertTrue(System.nanoTime() - end < 0, "nobody tries to thaw it");
        Thread.sleep(20);
      }
      assertTrue(new FreezeJournal(folder.resolve("journal")).outstanding(ref));
      assertTrue(seen().frozen());
      lab.engine().script(_ -> Fault.NONE);
      untilThawed(quiescer);
    }
  }

  @Test
  void aFreezeWhoseAnswerNeverComesIsThawedBeforeTenSeconds() throws Exception {
    Rhv rhv = lab.connect();
    EngineQuiescer quiescer = quiescer(rhv, OtherThaw.NONE);
    VmDescription vm = rhv.describe(ref);
    lab.engine().script(n -> n == 1 ? Fault.HANG_AFTER : Fault.NONE);
    DvxException e =
        assertThrows(
            DvxException.class, () -> quiescer.freeze(vm, vm.disks(), Duration.ofSeconds(20)));
    assertEquals(Kind.TIMEOUT, e.kind());
    untilThawed(quiescer);
    assertEquals(1, seen().freezes());
    long longest = lab.sim().longestFrozenMillis(web);
    assertTrue(longest < 10_000, "frozen for " + longest + " ms");
  }

  @Test
  void aGuestOfAnUnknownSystemMayHaveVss() throws Exception {
    lab.sim().kind(web, "other", "ovirt");
    Rhv rhv = lab.connect();
    EngineQuiescer quiescer = quiescer(rhv, OtherThaw.NONE);
    VmSnapshots snapshots =
        new VmSnapshots(store.datastore(), List.of(quiescer), Clock.systemUTC());
    lab.engine().refuseNext("thawfilesystems", 400, "[Guest agent non responsive]");
    assertEquals(Consistency.CRASH, take(snapshots, rhv, ref).point().consistency());
    untilThawed(quiescer);
    lab.engine().takeRefused();
  }

  @Test
  void theHostIsKnownAfterARestartAndMayBeMissing() throws Exception {
    Path place = folder.resolve("journal");
    FreezeJournal journal = new FreezeJournal(place);
    assertTrue(journal.intend(ref, "host1"));
    assertFalse(journal.intend(ref, "host1"));
    Files.writeString(place.resolve("x_old.freeze"), "x\nold\n");
    assertEquals(
        Set.of(
            new FreezeJournal.Entry(ref, "host1", 0, Instant.EPOCH),
            new FreezeJournal.Entry(new VmRef("x", "old"), "", 0, Instant.EPOCH)),
        Set.copyOf(new FreezeJournal(place).entries()));
    FreezeJournal.Entry thawed =
        new FreezeJournal.Entry(ref, "host1", 2, Instant.parse("2026-01-01T00:00:00Z"));
    journal.thawed(thawed);
    assertTrue(new FreezeJournal(place).entries().contains(thawed));
    assertTrue(journal.outstanding(ref));
    assertEquals(List.of(new VmRef("x", "old")), journal.all());
  }

  @Test
  void theLeastRoleIsEnoughToFreezeThawAndImport() throws Exception {
    lab.engine().account("dvx@internal", "pw");
    lab.connect().createRole("OpenDVX");
    lab.sim().grant("dvx@internal", "OpenDVX");
    Rhv rhv = lab.connect("dvx@internal", "pw", Duration.ofSeconds(30));
    EngineQuiescer quiescer = quiescer(rhv, OtherThaw.NONE);
    VmSnapshots snapshots =
        new VmSnapshots(store.datastore(), List.of(quiescer), Clock.systemUTC());
    VmSnapshots.Taken taken = take(snapshots, rhv, ref);
    assertEquals(Consistency.FILE_SYSTEM, taken.point().consistency(), taken.point().reason());
    untilThawed(quiescer);
    String domain = Objects.requireNonNull(lab.sim().domain(RhvLab.DOMAIN));
    rhv.session()
        .change(
            "ovf",
            s -> s.storageDomainsService().storageDomainService(domain).updateOvfStore().send());
    lab.sim().disaster(domain);
    assertEquals(List.of("web"), rhv.importDatastore(store.datastore(), lab.mount()).registered());
    assertEquals(List.of(), lab.engine().takeRefused());
  }

  @Test
  void theOtherWayIsTakenWhenTheEngineIsLost() throws Exception {
    Rhv rhv = lab.connect("admin@internal", "secret", Duration.ofSeconds(10));
    EngineQuiescer quiescer =
        quiescer(
            rhv,
            (vm, host) -> {
              assertEquals("host1", host);
              lab.sim().thawOnHost(vm.id());
              return true;
            });
    VmDescription vm = rhv.describe(ref);
    try (Quiescer.Held held = quiescer.freeze(vm, vm.disks(), Duration.ofSeconds(20))) {
      lab.engine().unreachable(true);
      Quiescer.Outcome outcome = held.thaw();
      assertEquals(Consistency.FILE_SYSTEM, outcome.consistency());
      assertTrue(outcome.reason().contains("outstanding"), outcome.reason());
      assertEquals(Set.of(ref), audit.alarms);
      untilThawed(quiescer);
    }
    lab.engine().unreachable(false);
  }

  @Test
  void twoHundredSnapshotsUnderFaultsLeaveNothingFrozenAndNoLabelTooHigh() throws Exception {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    Rhv rhv = lab.connect("admin@internal", "secret", Duration.ofSeconds(2));
    EngineQuiescer quiescer = quiescer(rhv, OtherThaw.NONE);
    VmSnapshots snapshots =
        new VmSnapshots(store.datastore(), List.of(quiescer), Clock.systemUTC());
    Fault[] faults = {
      Fault.DROP, Fault.DROP_AFTER, Fault.UNAVAILABLE, Fault.RESTART, Fault.EXPIRE, Fault.HANG_AFTER
    };
    int taken = 0;
    int fileSystem = 0;
    while (taken < 200) {
      int hit = random.nextInt(14);
      // A hang costs its time limit: few of them.
      Fault fault = faults[random.nextInt(faults.length - (taken % 40 == 0 ? 0 : 1))];
      boolean calm = taken % 4 == 3;
      lab.engine().script(n -> !calm && n == hit ? fault : Fault.NONE);
      int freezes = seen().freezes();
      try {
        VmSnapshots.Taken shot = take(snapshots, rhv, ref);
        taken++;
        boolean reallyFrozen = seen().freezes() == freezes + 1;
        if (shot.point().consistency() != Consistency.CRASH) {
          assertEquals(Consistency.FILE_SYSTEM, shot.point().consistency());
          assertTrue(reallyFrozen, "labelled too high");
          fileSystem++;
        }
        assertTrue(
            !calm || shot.point().consistency() == Consistency.FILE_SYSTEM,
            () -> "calm: " + shot.point().reason());
      } catch (DvxException e) {
        assertTrue(e.kind().isTransient() || e.kind() == Kind.UNAUTHENTICATED, e.toString());
      }
      lab.engine().script(_ -> Fault.NONE);
      untilThawed(quiescer);
    }
    assertTrue(lab.sim().longestFrozenMillis(web) < 10_000);
    assertTrue(fileSystem >= 50, "only " + fileSystem);
    System.out.printf(
        "200 snapshots: %d FILE_SYSTEM, %d freezes, %d thaws, %d alarms, longest frozen %d ms%n",
        fileSystem,
        seen().freezes(),
        seen().thaws(),
        audit.raised.get(),
        lab.sim().longestFrozenMillis(web));
    lab.engine().takeRefused();
  }
}
