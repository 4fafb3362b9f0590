package org.opendvx.core.vm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.opendvx.core.datastore.AttributeChange;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.testing.InMemoryDatastore;
import org.opendvx.core.vm.VmDescription.ForeignDisk;
import org.opendvx.core.vm.VmDescription.VmDisk;

/** Snapshot, restore and clone of machines, over a datastore and a hypervisor that are fakes. */
class VmServicesTest {
  private static final Duration LIMIT = Duration.ofSeconds(10);
  private static final VmRef WEB = new VmRef("fake", "vm-1");

  private final InMemoryDatastore datastore = new InMemoryDatastore();
  private final FakeHypervisor hypervisor = new FakeHypervisor();
  private final DatastorePaths paths = new DatastorePaths(datastore);
  private FileKey folder = FileKey.ROOT;

  @BeforeEach
  void aMachineWithOneDisk() {
    folder = paths.makeDirectory(FileKey.ROOT, "web", "/web", paths.attributes(FileKey.ROOT, "/"));
    file("web.vmx", "config");
    file("web.vmdk", "descriptor");
    file("web-flat.vmdk", "disk one");
    file("web.vmsd", "snapshots");
    file("web-000001-delta.vmdk", "delta");
    file("web.vswp", "swap");
    file("other.vmx", "another machine's");
    describe(PowerState.OFF, List.of());
  }

  private void describe(PowerState power, List<ForeignDisk> foreign) {
    hypervisor.machines.put(
        WEB,
        new VmDescription(
            WEB,
            "web",
            power,
            "host1",
            "bios",
            "instance",
            List.of("/web/web.vmx", "/web/web.vswp"),
            List.of(
                new VmDisk(
                    "Hard disk 1",
                    List.of("/web/web.vmdk", "/web/web-flat.vmdk"),
                    8,
                    "6000c29",
                    "0:1:0")),
            foreign,
            "/web/web.vmx",
            Map.of("cpus", "2"),
            false));
  }

  private FileKey file(String name, String text) {
    FileKey key =
        datastore
            .create(
                Caller.SYSTEM,
                folder,
                DatastorePaths.bytes(name),
                Datastore.NewFile.regular(AttributeChange.mode(0600)),
                new Datastore.Existing.Refuse())
            .join()
            .key();
    paths.write(key, name, text.getBytes(StandardCharsets.UTF_8));
    return key;
  }

  private String text(String path) {
    return new String(paths.read(paths.require(path), path, 1 << 20), StandardCharsets.UTF_8);
  }

  private VmSnapshots snapshots(Quiescer... quiescers) {
    return new VmSnapshots(datastore, List.of(quiescers), Clock.systemUTC());
  }

  private static VmSnapshots.Request request(SnapshotPolicy policy) {
    return new VmSnapshots.Request(WEB, null, Map.of("team", "blue"), policy);
  }

  @Test
  void theSetHasTheMachinesFilesButNoSwapAndNoOtherMachines() {
    VmSnapshots service = snapshots();
    RestorePoint point = service.create(hypervisor, request(SnapshotPolicy.TRY)).point();
    List<String> members = new ArrayList<>();
    datastore.snapshots().members(point.id()).forEach(member -> members.add(member.path()));
    members.sort(null);
    assertEquals(
        List.of(
            "/web/web-000001-delta.vmdk",
            "/web/web-flat.vmdk",
            "/web/web.vmdk",
            "/web/web.vmsd",
            "/web/web.vmx"),
        members);
    assertEquals(Map.of("team", "blue"), point.labels());
    assertEquals("2", service.document(point).vm().hardware().get("cpus"));
  }

  @Test
  void withoutAQuiescerARunningMachineIsLabelledCrashWithThatReason() {
    describe(PowerState.ON, List.of());
    RestorePoint point = snapshots().create(hypervisor, request(SnapshotPolicy.TRY)).point();
    assertEquals(Consistency.CRASH, point.consistency());
    assertTrue(point.reason().contains("no quiescer"), point.reason());
  }

  @Test
  void requireWithoutAQuiescerLeavesNothing() {
    describe(PowerState.ON, List.of());
    DvxException e =
        assertThrows(
            DvxException.class,
            () -> snapshots().create(hypervisor, request(SnapshotPolicy.REQUIRE)));
    assertEquals(Kind.CONFLICT, e.kind());
    assertEquals(0, datastore.snapshots().count());
  }

  @Test
  void aDiskElsewhereIsNamedAndLowersTheLabel() {
    describe(
        PowerState.ON,
        List.of(new ForeignDisk("Hard disk 2", "[san] x", ForeignDisk.Reason.OTHER_DATASTORE)));
    Guest guest = new Guest(Consistency.APPLICATION, "");
    RestorePoint point = snapshots(guest).create(hypervisor, request(SnapshotPolicy.TRY)).point();
    assertEquals(Consistency.CRASH, point.consistency());
    assertTrue(point.reason().contains("Hard disk 2"), point.reason());
    assertThrows(
        DvxException.class,
        () -> snapshots(guest).create(hypervisor, request(SnapshotPolicy.REQUIRE)));
  }

  @Test
  void theLabelIsRaisedOnlyByTheGuestsReportAfterTheCut() {
    describe(PowerState.ON, List.of());
    Guest guest = new Guest(Consistency.APPLICATION, "");
    VmSnapshots.Taken taken = snapshots(guest).create(hypervisor, request(SnapshotPolicy.REQUIRE));
    assertEquals(Consistency.APPLICATION, taken.point().consistency());
    assertEquals(7, taken.writesHeldMillis());
    assertEquals(Consistency.CRASH, guest.labelWhileHeld, "before the guest had confirmed");
    assertEquals(
        "writers",
        new String(snapshots().document(taken.point()).writers(), StandardCharsets.UTF_8));
    assertEquals(List.of("X:: FAT32"), snapshots().document(taken.point()).skipped());
  }

  @Test
  void aGuestThatLetGoTooEarlyVoidsRequireAndLowersTry() {
    describe(PowerState.ON, List.of());
    Guest guest = new Guest(Consistency.CRASH, "the hold ended before the cut");
    assertThrows(
        DvxException.class,
        () -> snapshots(guest).create(hypervisor, request(SnapshotPolicy.REQUIRE)));
    assertEquals(0, datastore.snapshots().count());
    RestorePoint point = snapshots(guest).create(hypervisor, request(SnapshotPolicy.TRY)).point();
    assertEquals(Consistency.CRASH, point.consistency());
    assertTrue(point.reason().contains("ended before"), point.reason());
  }

  @Test
  void aFailingCutThawsTheGuest() {
    describe(PowerState.ON, List.of());
    Guest guest = new Guest(Consistency.APPLICATION, "");
    VmSnapshots service = snapshots(guest);
    VmSnapshots.Request taken = new VmSnapshots.Request(WEB, "taken", Map.of(), SnapshotPolicy.TRY);
    service.create(hypervisor, taken);
    assertThrows(DvxException.class, () -> service.create(hypervisor, taken));
    assertEquals(2, guest.freezes.get());
    assertFalse(guest.held.get(), "the guest must not stay frozen");
  }

  @Test
  void restoreBringsContentBackKeepsIdsAndSavesTheStateBefore() {
    VmSnapshots service = snapshots();
    RestorePoint point = service.create(hypervisor, request(SnapshotPolicy.TRY)).point();
    FileKey disk = paths.require("/web/web-flat.vmdk");
    paths.write(disk, "disk", "ruined".getBytes(StandardCharsets.UTF_8));
    file("web-000002-delta.vmdk", "came since");
    VmRestore.Restored restored =
        new VmRestore(datastore, service, Duration.ofMillis(100))
            .restore(hypervisor, new VmRestore.Request(WEB, point, false, true, LIMIT));
    assertEquals("disk one", text("/web/web-flat.vmdk"));
    assertEquals("config|restored", text("/web/web.vmx"));
    assertEquals(disk, paths.require("/web/web-flat.vmdk"));
    assertEquals(List.of("/web/web-000002-delta.vmdk"), restored.removed());
    assertTrue(paths.find("/web/web-000002-delta.vmdk").isEmpty());
    assertEquals("another machine's", text("/web/other.vmx"));
    assertEquals(List.of("reload", "powerOn"), hypervisor.calls);
    String before = "/.snapshots/" + restored.safety().name() + "/web/web-flat.vmdk";
    assertEquals("ruined", text(before));
  }

  @Test
  void restoreRefusesARunningMachineUnlessTold() {
    VmSnapshots service = snapshots();
    RestorePoint point = service.create(hypervisor, request(SnapshotPolicy.TRY)).point();
    describe(PowerState.ON, List.of());
    VmRestore restore = new VmRestore(datastore, service, Duration.ofMillis(100));
    assertThrows(
        DvxException.class,
        () -> restore.restore(hypervisor, new VmRestore.Request(WEB, point, false, false, LIMIT)));
    assertEquals(1, datastore.snapshots().count(), "not even a safety snapshot");
    restore.restore(hypervisor, new VmRestore.Request(WEB, point, true, false, LIMIT));
    assertEquals(List.of("powerOff", "reload"), hypervisor.calls);
  }

  private DvxException refusedRestore(VmSnapshots service, RestorePoint point) {
    VmRestore restore = new VmRestore(datastore, service, Duration.ofMillis(100));
    return assertThrows(
        DvxException.class,
        () -> restore.restore(hypervisor, new VmRestore.Request(WEB, point, false, false, LIMIT)));
  }

  @Test
  void restoreRefusesAMachineThatStartsWhileItsLocksAreLookedAt() {
    VmSnapshots service = snapshots();
    RestorePoint point = service.create(hypervisor, request(SnapshotPolicy.TRY)).point();
    FileKey disk = paths.require("/web/web-flat.vmdk");
    paths.write(disk, "disk", "its work".getBytes(StandardCharsets.UTF_8));
    hypervisor.startsWhileChecked = true;
    assertEquals(Kind.CONFLICT, refusedRestore(service, point).kind());
    assertEquals("its work", text("/web/web-flat.vmdk"));
    assertEquals(1, datastore.snapshots().count(), "not even a safety snapshot");
  }

  @Test
  void restoreRefusesAMachineThatStartsDuringTheSafetySnapshotAndNamesIt() {
    VmSnapshots service = snapshots();
    RestorePoint point = service.create(hypervisor, request(SnapshotPolicy.TRY)).point();
    FileKey disk = paths.require("/web/web-flat.vmdk");
    paths.write(disk, "disk", "its work".getBytes(StandardCharsets.UTF_8));
    hypervisor.onFromDescription = hypervisor.descriptions + 3;
    DvxException e = refusedRestore(service, point);
    assertEquals(Kind.CONFLICT, e.kind());
    assertTrue(e.render().contains("before-restore"), e.render());
    assertEquals("its work", text("/web/web-flat.vmdk"));
    assertEquals(2, datastore.snapshots().count(), "the safety snapshot stays");
  }

  @Test
  void aConfigurationThatCannotBeWrittenIsNotARestoreThatDidNotHappen() {
    VmSnapshots service = snapshots();
    RestorePoint point = service.create(hypervisor, request(SnapshotPolicy.TRY)).point();
    FileKey disk = paths.require("/web/web-flat.vmdk");
    paths.write(disk, "disk", "ruined".getBytes(StandardCharsets.UTF_8));
    hypervisor.rewritesWhatIsMissing = true;
    DvxException e = refusedRestore(service, point);
    assertTrue(e.report().what().contains("are restored"), e.render());
    assertEquals("disk one", text("/web/web-flat.vmdk"));
  }

  @Test
  void restoreRefusesWhileALockIsRenewedAndGoesOnWhenItIsADeadHosts() throws Exception {
    VmSnapshots service = snapshots();
    RestorePoint point = service.create(hypervisor, request(SnapshotPolicy.TRY)).point();
    FileKey lock = file(".lck-0100", "held");
    VmRestore restore = new VmRestore(datastore, service, Duration.ofSeconds(2));
    AtomicBoolean stop = new AtomicBoolean();
    Thread host =
        Thread.ofVirtual()
            .start(
                () -> {
                  int beat = 0;
                  while (!stop.get()) {
                    byte[] bytes = ("beat " + beat++).getBytes(StandardCharsets.UTF_8);
                    datastore.write(Caller.SYSTEM, lock, 0, ByteBuffer.wrap(bytes), true).join();
                    try {
                      Thread.sleep(20);
                    } catch (InterruptedException e) {
                      return;
                    }
                  }
                });
    VmRestore.Request request = new VmRestore.Request(WEB, point, false, false, LIMIT);
    DvxException e = assertThrows(DvxException.class, () -> restore.restore(hypervisor, request));
    assertTrue(e.render().contains(".lck-0100"), e.render());
    stop.set(true);
    host.join();
    restore.restore(hypervisor, request);
  }

  @Test
  void restoreRefusesAChangedDiskChainAndAnotherMachinesPoint() {
    VmSnapshots service = snapshots();
    RestorePoint point = service.create(hypervisor, request(SnapshotPolicy.TRY)).point();
    VmDescription vm = hypervisor.describe(WEB);
    VmRestore restore = new VmRestore(datastore, service, Duration.ofMillis(100));
    VmRef other = new VmRef("fake", "vm-2");
    hypervisor.machines.put(other, copy(vm, other, "other-instance", vm.disks()));
    DvxException wrong =
        assertThrows(
            DvxException.class,
            () ->
                restore.restore(
                    hypervisor, new VmRestore.Request(other, point, false, false, LIMIT)));
    assertEquals(Kind.INVALID, wrong.kind());
    hypervisor.machines.put(
        WEB,
        copy(
            vm,
            WEB,
            vm.instanceUuid(),
            List.of(new VmDisk("Hard disk 1", List.of("/web/web-000002.vmdk"), 8))));
    DvxException changed =
        assertThrows(
            DvxException.class,
            () ->
                restore.restore(
                    hypervisor, new VmRestore.Request(WEB, point, false, false, LIMIT)));
    assertEquals(Kind.CONFLICT, changed.kind());
  }

  private static VmDescription copy(
      VmDescription vm, VmRef ref, String instance, List<VmDisk> disks) {
    return new VmDescription(
        ref,
        vm.name(),
        vm.power(),
        vm.host(),
        vm.biosUuid(),
        instance,
        vm.files(),
        disks,
        vm.foreignDisks(),
        vm.configuration(),
        vm.hardware(),
        vm.hypervisorSnapshots());
  }

  @Test
  void aCloneHasItsOwnFolderNamesAndIdentity() {
    VmSnapshots service = snapshots();
    RestorePoint point = service.create(hypervisor, request(SnapshotPolicy.TRY)).point();
    paths.write(
        paths.require("/web/web-flat.vmdk"), "d", "changed".getBytes(StandardCharsets.UTF_8));
    VmClone.Cloned cloned =
        new VmClone(datastore, service)
            .clone(hypervisor, new VmClone.Request(point, "web two", true, LIMIT));
    assertEquals("/web two", cloned.folder());
    assertEquals("disk one", text("/web two/web two-flat.vmdk"));
    assertEquals("config|clone web two", text("/web two/web two.vmx"));
    assertEquals("changed", text("/web/web-flat.vmdk"));
    assertEquals(List.of("register /web two/web two.vmx", "powerOn"), hypervisor.calls);
    assertThrows(
        DvxException.class,
        () ->
            new VmClone(datastore, service)
                .clone(hypervisor, new VmClone.Request(point, "web two", false, LIMIT)));
  }

  @Test
  void aCloneThatCannotBeRegisteredLeavesNoFolder() {
    VmSnapshots service = snapshots();
    RestorePoint point = service.create(hypervisor, request(SnapshotPolicy.TRY)).point();
    hypervisor.refuseRegister = true;
    assertThrows(
        DvxException.class,
        () ->
            new VmClone(datastore, service)
                .clone(hypervisor, new VmClone.Request(point, "copy", false, LIMIT)));
    assertTrue(paths.find("/copy").isEmpty());
  }

  @Test
  void hostileDocumentsAreRefused() {
    byte[] good = new VmDocument(hypervisor.describe(WEB), new byte[3]).encode();
    assertEquals(hypervisor.describe(WEB), VmDocument.decode(good).vm());
    for (int cut = 0; cut < good.length; cut++) {
      byte[] torn = java.util.Arrays.copyOf(good, cut);
      assertThrows(DvxException.class, () -> VmDocument.decode(torn));
    }
  }

  /** A guest whose report the test decides. */
  private final class Guest implements Quiescer {
    private final Consistency says;
    private final String reason;
    final AtomicBoolean held = new AtomicBoolean();
    final AtomicInteger freezes = new AtomicInteger();
    Consistency labelWhileHeld = Consistency.APPLICATION;

    Guest(Consistency says, String reason) {
      this.says = says;
      this.reason = reason;
    }

    @Override
    public String name() {
      return "guest";
    }

    @Override
    public boolean covers(VmDescription vm) {
      return true;
    }

    @Override
    public Held freeze(VmDescription vm, List<VmDisk> disks, Duration limit) {
      held.set(true);
      freezes.incrementAndGet();
      return new Held() {
        @Override
        public Outcome thaw() {
          labelWhileHeld =
              datastore.snapshots().list(0, 10).stream()
                  .map(RestorePoint::of)
                  .flatMap(Optional::stream)
                  .reduce((a, b) -> b)
                  .orElseThrow()
                  .consistency();
          held.set(false);
          return new Outcome(
              says,
              reason,
              9,
              7,
              Optional.of("writers".getBytes(StandardCharsets.UTF_8)),
              List.of("X:: FAT32"));
        }

        @Override
        public void close() {
          held.set(false);
        }
      };
    }
  }
}
