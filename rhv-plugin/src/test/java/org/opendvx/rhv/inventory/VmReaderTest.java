package org.opendvx.rhv.inventory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.PowerState;
import org.opendvx.core.vm.VmDescription;
import org.opendvx.core.vm.VmDescription.ForeignDisk;
import org.opendvx.core.vm.VmDocument;
import org.opendvx.rhv.DomainStore;
import org.opendvx.rhv.Rhv;
import org.opendvx.rhv.RhvLab;
import org.ovirt.engine.sdk4.types.VmStatus;

/** Which files a machine is made of, what is out of reach, and the switch. */
@Timeout(120)
class VmReaderTest {
  private static final long SIZE = 4 << 20;

  private final DomainStore store = new DomainStore();
  private final RhvLab lab = new RhvLab(store, "/rhv");
  private String domain = "";
  private String web = "";
  private Rhv rhv = lab.connect();

  @BeforeEach
  void machine() {
    domain = lab.registered();
    web = lab.sim().machine("web", domain, SIZE);
  }

  @AfterEach
  void close() {
    assertEquals(List.of(), lab.engine().violations());
    lab.close();
    store.close();
  }

  @Test
  void aDiskIsItsImageOnTheDatastore() {
    VmDescription vm = rhv.describe(RhvLab.ref(web));
    String disk = Objects.requireNonNull(lab.sim().seen(web)).disks().getFirst();
    String path = lab.sim().path(disk);
    assertEquals(List.of(path), vm.files());
    assertEquals(
        List.of(new VmDescription.VmDisk("web_Disk1", List.of(path), SIZE, disk, "")), vm.disks());
    assertEquals(PowerState.OFF, vm.power());
    assertEquals(web, vm.biosUuid());
    assertFalse(vm.hypervisorSnapshots());
    assertEquals("56:6f:1a:00:00:01", vm.hardware().get("network nic1"));
    assertEquals(
        vm, new VmDocumentRoundTrip(vm).decoded(), "a restore point can keep what was read");
    SavedMachine saved = SavedMachine.parse(vm.hardware().getOrDefault(SavedMachine.KEY, ""));
    assertEquals("web", saved.vm().name());
    assertEquals(disk, saved.vm().diskAttachments().getFirst().disk().id());
    assertEquals("56:6f:1a:00:00:01", saved.vm().nics().getFirst().mac().address());
  }

  private record VmDocumentRoundTrip(VmDescription vm) {
    VmDescription decoded() {
      return VmDocument.decode(new VmDocument(vm, new byte[0]).encode()).vm();
    }
  }

  @Test
  void aChainOfLayersIsReadWholeTopFirst() {
    String disk = Objects.requireNonNull(lab.sim().seen(web)).disks().getFirst();
    String base = lab.sim().path(disk);
    lab.sim().layer(web, Instant.parse("2026-01-01T00:00:00Z"));
    String middle = lab.sim().path(disk);
    lab.sim().layer(web, Instant.parse("2026-01-02T00:00:00Z"));
    String top = lab.sim().path(disk);
    VmDescription vm = rhv.describe(RhvLab.ref(web));
    assertEquals(List.of(top, middle, base), vm.disks().getFirst().chain());
    assertTrue(vm.hypervisorSnapshots());
  }

  @Test
  void disksOutOfReachAreNamed() {
    lab.sim().addLun(web, "lun1");
    VmDescription vm = rhv.describe(RhvLab.ref(web));
    assertEquals(
        List.of(new ForeignDisk("lun1", "direct LUN 36001405abc", ForeignDisk.Reason.RAW_DEVICE)),
        vm.foreignDisks());
    assertEquals(1, vm.disks().size());
  }

  @Test
  void twoDisksOfOneNameHaveLabelsOfTheirOwn() {
    String second = lab.sim().addDisk(web, "web_Disk1", domain, SIZE);
    List<String> labels =
        rhv.describe(RhvLab.ref(web)).disks().stream().map(disk -> disk.label()).toList();
    assertEquals(2, labels.size());
    assertEquals("web_Disk1 " + second, labels.getLast());
  }

  @Test
  void statesAreTold() {
    for (Map.Entry<VmStatus, PowerState> each :
        Map.of(
                VmStatus.UP, PowerState.ON,
                VmStatus.MIGRATING, PowerState.ON,
                VmStatus.PAUSED, PowerState.SUSPENDED,
                VmStatus.SUSPENDED, PowerState.SUSPENDED,
                VmStatus.DOWN, PowerState.OFF,
                VmStatus.NOT_RESPONDING, PowerState.UNKNOWN)
            .entrySet()) {
      assertEquals(each.getValue(), VmReader.power(each.getKey()));
    }
  }

  @Test
  void powersOnAndOffAndWaitsForALockedDisk() {
    String disk = Objects.requireNonNull(lab.sim().seen(web)).disks().getFirst();
    lab.sim().lock(disk, 700);
    rhv.powerOn(RhvLab.ref(web), RhvLab.LONG);
    assertEquals(PowerState.ON, rhv.describe(RhvLab.ref(web)).power());
    assertEquals("host1", rhv.describe(RhvLab.ref(web)).host());
    rhv.powerOn(RhvLab.ref(web), RhvLab.LONG);
    rhv.powerOff(RhvLab.ref(web), RhvLab.LONG);
    rhv.powerOff(RhvLab.ref(web), RhvLab.LONG);
    assertEquals(PowerState.OFF, rhv.describe(RhvLab.ref(web)).power());
  }

  @Test
  void anUnknownMachineIsNotFound() {
    DvxException e = assertThrows(DvxException.class, () -> rhv.describe(RhvLab.ref("not-there")));
    assertEquals(Kind.NOT_FOUND, e.kind());
  }

  @Test
  void theRoleIsEnoughAndLessIsDenied() {
    lab.engine().account("dvx@internal", "pw");
    List<String> permits = rhv.createRole("OpenDVX");
    assertEquals(RoleMaker.PERMITS, permits);
    assertEquals(permits, rhv.createRole("OpenDVX"), "again changes nothing");
    lab.sim().grant("dvx@internal", "OpenDVX");
    rhv = lab.connect("dvx@internal", "pw", Duration.ofSeconds(30));
    assertEquals("web", rhv.describe(RhvLab.ref(web)).name());
    rhv.powerOn(RhvLab.ref(web), RhvLab.LONG);
    rhv.powerOff(RhvLab.ref(web), RhvLab.LONG);
    DvxException e = assertThrows(DvxException.class, () -> rhv.createRole("Mine"));
    assertEquals(Kind.DENIED, e.kind());
    lab.engine().takeRefused();
  }
}
