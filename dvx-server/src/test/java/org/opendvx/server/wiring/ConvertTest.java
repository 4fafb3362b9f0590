package org.opendvx.server.wiring;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.core.datastore.Snapshots.SnapshotInfo;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.SnapshotPolicy;
import org.opendvx.core.vm.VmDescription;
import org.opendvx.core.vm.VmRef;
import org.opendvx.rhv.sim.SimLab;
import org.opendvx.server.api.CloneView;
import org.opendvx.server.service.MachineProtection.Conversion;

/** Machines of a vCenter become machines of an engine and come back. */
@Timeout(300)
class ConvertTest {
  private static final int SIZE = 16 << 20;
  private static final Duration LIMIT = Duration.ofSeconds(60);

  @TempDir static Path folder;
  private static BothHypervisors both;
  private final Random random = new Random(17);

  @BeforeAll
  static void start() throws Exception {
    both = BothHypervisors.start(folder);
  }

  @AfterAll
  static void stop() {
    if (both != null) {
      both.close();
    }
  }

  private byte[] bytes(int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }

  private static CloneView convert(VmRef vm, String to, String name, boolean keepMacs) {
    return both.protection.convert(
        new Conversion(Optional.empty(), Optional.of(vm), to, "", name, "", keepMacs, false),
        (_, _) -> {});
  }

  private static CloneView convert(SnapshotInfo point, String to, String name) {
    return both.protection.convert(
        new Conversion(Optional.of(point), Optional.empty(), to, "", name, "", false, false),
        (_, _) -> {});
  }

  private static SnapshotInfo shot(VmRef vm) {
    return both.protection
        .snapshot(vm, "", Map.of(), SnapshotPolicy.OFF, "admin", (_, _) -> {})
        .snapshot();
  }

  private static Kind refusal(Runnable what) {
    return assertThrows(DvxException.class, what::run).kind();
  }

  private static VmRef ref(CloneView view) {
    int slash = view.vmRef().indexOf('/');
    return new VmRef(view.vmRef().substring(0, slash), view.vmRef().substring(slash + 1));
  }

  private static SimLab.Seen seen(VmRef vm) {
    return Objects.requireNonNull(both.engine.lab().seen(vm.id()));
  }

  private static long stored() {
    return both.store.datastore().space().storedWritten();
  }

  @Test
  void aDiskGoesToTheEngineAndBackWithoutACopy() throws Exception {
    byte[] disk = bytes(SIZE);
    VmRef web = both.onVCenter("web", disk);
    long before = stored();
    CloneView there = convert(web, "rhv", "web-rhv", true);
    VmRef onEngine = ref(there);
    String raw = both.enginePath(onEngine.id());
    assertArrayEquals(disk, both.store.read(raw));
    assertEquals(36, both.store.attributes(both.store.require(raw)).uid());
    VmDescription made = both.registry.hypervisor(BothHypervisors.ENGINE).describe(onEngine);
    assertEquals("4", made.hardware().get("cpus"));
    assertEquals(Long.toString(4096L << 20), made.hardware().get("memory"));
    assertEquals("q35_ovmf", made.hardware().get("firmware"));
    assertTrue(seen(onEngine).macs().contains("00:50:56:9a:bc:03"), seen(onEngine).toString());
    String notes = String.join("; ", there.notes());
    for (String note :
        new String[] {
          "0 bytes copied",
          "nothing inside the guest was changed",
          "not converted: CD-ROM drives",
          "not converted: UEFI variables",
          "no vNIC profile \"VM Network\"",
          "of the original"
        }) {
      assertTrue(notes.contains(note), note + " is not in " + notes);
    }
    CloneView back = convert(onEngine, "vsphere", "web-back", false);
    assertArrayEquals(disk, both.store.read("/web-back/web-back-flat.vmdk"));
    assertArrayEquals(disk, both.store.read("/web/web-flat.vmdk"));
    assertEquals(0, both.store.attributes(both.store.require("/web-back")).uid());
    assertEquals(
        0, both.store.attributes(both.store.require("/web-back/web-back-flat.vmdk")).uid());
    long more = stored() - before;
    assertTrue(more < SIZE / 100, "both copies took " + more + " bytes");
    VmDescription returned = both.registry.hypervisor(BothHypervisors.VCENTER).describe(ref(back));
    assertEquals("4", returned.hardware().get("cpus"));
    assertEquals("4096", returned.hardware().get("memory_mib"));
    assertEquals(1, returned.disks().size());
    String vmx = new String(both.store.read("/web-back/web-back.vmx"), StandardCharsets.UTF_8);
    assertTrue(vmx.contains("firmware = \"efi\""), vmx);
    assertTrue(vmx.contains("addressType = \"generated\""), vmx);
    String descriptor =
        new String(both.store.read("/web-back/web-back.vmdk"), StandardCharsets.UTF_8);
    assertTrue(
        descriptor.contains("RW " + SIZE / 512 + " VMFS \"web-back-flat.vmdk\""), descriptor);
    assertEquals(
        0,
        both.store.datastore().snapshots().list(0, 1000).stream()
            .filter(each -> each.labels().containsKey("purpose"))
            .count());
    // What was made can be protected and started like any other.
    shot(ref(back));
    both.registry.hypervisor(BothHypervisors.VCENTER).powerOn(ref(back), LIMIT);
    both.registry.hypervisor(BothHypervisors.ENGINE).powerOn(onEngine, LIMIT);
    byte[] changed = bytes(4096);
    both.store.write(raw, 0, changed);
    assertArrayEquals(disk, both.store.read("/web-back/web-back-flat.vmdk"));
    both.assertNoStuns();
  }

  @Test
  void aSizeThatIsNoWholeBlockIsRoundedUpOnTheEngine() throws Exception {
    byte[] disk = bytes((3 << 20) + 512);
    VmRef odd = both.onVCenter("odd", disk);
    CloneView there = convert(odd, "rhv", "odd-rhv", false);
    byte[] raw = both.store.read(both.enginePath(ref(there).id()));
    assertEquals((3 << 20) + 4096, raw.length);
    assertArrayEquals(disk, java.util.Arrays.copyOf(raw, disk.length));
    assertTrue(there.notes().toString().contains("3584 bytes larger"), there.notes().toString());
  }

  @Test
  void aRunningMachineIsConvertedFromASnapshotAlone() throws Exception {
    byte[] disk = bytes(3 << 20);
    VmRef run = both.onVCenter("running", disk);
    both.registry.hypervisor(BothHypervisors.VCENTER).powerOn(run, LIMIT);
    assertEquals(Kind.CONFLICT, refusal(() -> convert(run, "rhv", "running-rhv", false)));
    SnapshotInfo point = shot(run);
    both.store.write("/running/running-flat.vmdk", 0, bytes(4096));
    CloneView made = convert(point, "rhv", "running-rhv");
    assertArrayEquals(disk, both.store.read(both.enginePath(ref(made).id())));
    assertTrue(made.notes().toString().contains("a power cut"), made.notes().toString());
    both.assertNoStuns();
  }

  @Test
  void whatCannotBeConvertedIsRefusedAndLeavesNothing() throws Exception {
    VmRef layered = both.onEngine("layered", bytes(1 << 20));
    both.engine.lab().layer(layered.id(), Instant.now());
    assertEquals(Kind.UNSUPPORTED, refusal(() -> convert(layered, "vsphere", "layered-v", false)));
    VmRef foreign = both.onEngine("foreign", bytes(1 << 20));
    both.engine.lab().addLun(foreign.id(), "lun");
    assertEquals(Kind.UNSUPPORTED, refusal(() -> convert(foreign, "vsphere", "foreign-v", false)));
    VmRef plain = both.onEngine("plain", bytes(1 << 20));
    assertEquals(Kind.INVALID, refusal(() -> convert(plain, "rhv", "plain-2", false)));
    assertEquals(Kind.INVALID, refusal(() -> convert(plain, "vsphere", "../plain", false)));
    convert(plain, "vsphere", "plain-v", false);
    assertEquals(Kind.EXISTS, refusal(() -> convert(plain, "vsphere", "plain-v", false)));
    VmRef delta = both.onVCenter("delta", bytes(1 << 21));
    String child =
        new String(both.store.read("/delta/delta.vmdk"), StandardCharsets.UTF_8)
            .replace("parentCID=ffffffff", "parentCID=0badcafe");
    both.store.write("/delta/delta.vmdk", 0, child.getBytes(StandardCharsets.UTF_8));
    int disks = both.engine.lab().disks().size();
    assertEquals(Kind.UNSUPPORTED, refusal(() -> convert(delta, "rhv", "delta-rhv", false)));
    VmRef good = both.onVCenter("good", bytes(1 << 21));
    both.engine.refuseNext("POST /vms", 400, "[the cluster is in a bad mood]");
    assertThrows(DvxException.class, () -> convert(good, "rhv", "good-rhv", false));
    both.engine.takeRefused();
    assertEquals(disks, both.engine.lab().disks().size());
    assertNull(both.store.find("/layered-v"));
    assertNull(both.store.find("/foreign-v"));
    assertNotEquals(0, both.store.read("/good/good-flat.vmdk").length);
  }
}
