package org.opendvx.vsphere.inventory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.vmware.vim25.Description;
import com.vmware.vim25.ParaVirtualSCSIController;
import com.vmware.vim25.VirtualDevice;
import com.vmware.vim25.VirtualDeviceBackingInfo;
import com.vmware.vim25.VirtualDeviceRemoteDeviceBackingInfo;
import com.vmware.vim25.VirtualDisk;
import com.vmware.vim25.VirtualDiskFlatVer2BackingInfo;
import com.vmware.vim25.VirtualDiskRawDiskMappingVer1BackingInfo;
import com.vmware.vim25.VirtualHardware;
import com.vmware.vim25.VirtualSCSISharing;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.opendvx.core.vm.VmDescription.ForeignDisk;
import org.opendvx.core.vm.VmDescription.ForeignDisk.Reason;
import org.opendvx.core.vm.VmDescription.VmDisk;

class DiskReaderTest {
  private static DiskReader read(List<String> layout, VirtualDevice... devices) {
    DiskReader reader =
        new DiskReader(
            Set.of("dvx", "dvx (1)"),
            layout.stream().flatMap(each -> DatastorePath.parse(each).stream()).toList());
    VirtualHardware hardware = new VirtualHardware();
    hardware.setDevice(devices);
    reader.read(hardware);
    return reader;
  }

  private static VirtualDisk disk(VirtualDeviceBackingInfo backing) {
    VirtualDisk disk = new VirtualDisk();
    disk.setKey(2000);
    disk.setCapacityInKB(1024);
    Description words = new Description();
    words.setLabel("Hard disk 1");
    disk.setDeviceInfo(words);
    disk.setBacking(backing);
    return disk;
  }

  private static VirtualDiskFlatVer2BackingInfo flat(
      String file, @Nullable VirtualDiskFlatVer2BackingInfo parent) {
    VirtualDiskFlatVer2BackingInfo backing = new VirtualDiskFlatVer2BackingInfo();
    backing.setFileName(file);
    backing.setParent(parent);
    return backing;
  }

  @Test
  void followsTheLayersFromTheTop() {
    DiskReader reader =
        read(
            List.of("[dvx] a/a-000001-sesparse.vmdk", "[dvx] a/a-flat.vmdk"),
            disk(flat("[dvx] a/a-000001.vmdk", flat("[dvx] a/a.vmdk", null))));
    assertEquals(
        List.of(
            new VmDisk(
                "Hard disk 1",
                List.of(
                    "/a/a-000001.vmdk", "/a/a-000001-sesparse.vmdk", "/a/a.vmdk", "/a/a-flat.vmdk"),
                1024 * 1024)),
        reader.disks());
    assertEquals(List.of(), reader.foreign());
  }

  @Test
  void saysHowTheGuestKnowsADisk() {
    ParaVirtualSCSIController controller = new ParaVirtualSCSIController();
    controller.setKey(1001);
    controller.setBusNumber(1);
    VirtualDiskFlatVer2BackingInfo backing = flat("[dvx] a/a.vmdk", null);
    backing.setUuid("6000C298-8e5b-0f0f-1111-222233334444");
    VirtualDisk disk = disk(backing);
    disk.setControllerKey(1001);
    disk.setUnitNumber(3);
    VmDisk read = read(List.of(), controller, disk).disks().getFirst();
    assertEquals("6000c2988e5b0f0f1111222233334444", read.serial());
    assertEquals("1:3:0", read.scsi());
  }

  @Test
  void takesTheNamesThatEsxiGivesWhenNoneAreListed() {
    DiskReader reader =
        read(List.of(), disk(flat("[dvx (1)] a/a-000001.vmdk", flat("[dvx (1)] a/a.vmdk", null))));
    assertEquals(
        List.of("/a/a-000001.vmdk", "/a/a-000001-delta.vmdk", "/a/a.vmdk", "/a/a-flat.vmdk"),
        reader.disks().getFirst().chain());
  }

  @Test
  void namesADiskWithALayerElsewhere() {
    assertEquals(
        List.of(new ForeignDisk("Hard disk 1", "[dvx] a/a-1.vmdk", Reason.OTHER_DATASTORE)),
        read(List.of(), disk(flat("[dvx] a/a-1.vmdk", flat("[san] a/a.vmdk", null)))).foreign());
  }

  @Test
  void namesRawDevicesThoughTheirMappingIsOurs() {
    VirtualDiskRawDiskMappingVer1BackingInfo raw = new VirtualDiskRawDiskMappingVer1BackingInfo();
    raw.setFileName("[dvx] a/raw.vmdk");
    DiskReader reader = read(List.of(), disk(raw));
    assertEquals(Reason.RAW_DEVICE, reader.foreign().getFirst().reason());
    assertTrue(reader.isForeign(new DatastorePath("dvx", "a/raw.vmdk")));
  }

  @Test
  void namesDisksOfManyWriters() {
    VirtualDiskFlatVer2BackingInfo shared = flat("[dvx] a/a.vmdk", null);
    shared.setSharing("sharingMultiWriter");
    assertEquals(Reason.MULTI_WRITER, read(List.of(), disk(shared)).foreign().getFirst().reason());

    ParaVirtualSCSIController controller = new ParaVirtualSCSIController();
    controller.setKey(1000);
    controller.setSharedBus(VirtualSCSISharing.physicalSharing);
    VirtualDisk behind = disk(flat("[dvx] a/b.vmdk", null));
    behind.setControllerKey(1000);
    assertEquals(
        Reason.MULTI_WRITER, read(List.of(), controller, behind).foreign().getFirst().reason());
  }

  @Test
  void namesWhatItDoesNotKnow() {
    assertEquals(
        Reason.UNKNOWN,
        read(List.of(), disk(new VirtualDeviceRemoteDeviceBackingInfo()))
            .foreign()
            .getFirst()
            .reason());
  }
}
