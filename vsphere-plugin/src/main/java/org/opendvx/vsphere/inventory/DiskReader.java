package org.opendvx.vsphere.inventory;

import com.vmware.vim25.VirtualController;
import com.vmware.vim25.VirtualDevice;
import com.vmware.vim25.VirtualDeviceBackingInfo;
import com.vmware.vim25.VirtualDeviceFileBackingInfo;
import com.vmware.vim25.VirtualDisk;
import com.vmware.vim25.VirtualDiskFlatVer1BackingInfo;
import com.vmware.vim25.VirtualDiskFlatVer2BackingInfo;
import com.vmware.vim25.VirtualDiskPartitionedRawDiskVer2BackingInfo;
import com.vmware.vim25.VirtualDiskRawDiskMappingVer1BackingInfo;
import com.vmware.vim25.VirtualDiskRawDiskVer2BackingInfo;
import com.vmware.vim25.VirtualDiskSeSparseBackingInfo;
import com.vmware.vim25.VirtualDiskSparseVer1BackingInfo;
import com.vmware.vim25.VirtualDiskSparseVer2BackingInfo;
import com.vmware.vim25.VirtualHardware;
import com.vmware.vim25.VirtualSCSIController;
import com.vmware.vim25.VirtualSCSISharing;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.vm.VmDescription.ForeignDisk;
import org.opendvx.core.vm.VmDescription.ForeignDisk.Reason;
import org.opendvx.core.vm.VmDescription.VmDisk;

/**
 * Sorts a machine's disks into those that a snapshot here can hold and those that it cannot, and
 * finds the files of each layer.
 */
final class DiskReader {
  private static final String[] EXTENTS = {"-flat", "-delta", "-sesparse"};
  private static final int MOST_LAYERS = 300;

  private final Set<String> ours;
  private final Set<String> listed = new HashSet<>();
  private final List<VmDisk> disks = new ArrayList<>();
  private final List<ForeignDisk> foreign = new ArrayList<>();
  private final Map<Integer, Integer> buses = new HashMap<>();
  private final Set<DatastorePath> foreignFiles = new HashSet<>();

  /**
   * @param ours names of our datastore
   * @param layout the files that vCenter lists for the machine
   */
  DiskReader(Set<String> ours, List<DatastorePath> layout) {
    this.ours = ours;
    layout.forEach(each -> listed.add(each.toString()));
  }

  void read(@Nullable VirtualHardware hardware) {
    if (hardware == null || hardware.getDevice() == null) {
      return;
    }
    Set<Integer> shared = sharedControllers(hardware.getDevice());
    for (VirtualDevice device : hardware.getDevice()) {
      if (device instanceof VirtualController bus && device instanceof VirtualSCSIController) {
        buses.put(device.getKey(), bus.getBusNumber());
      }
    }
    for (VirtualDevice device : hardware.getDevice()) {
      if (device instanceof VirtualDisk disk) {
        read(disk, disk.getControllerKey() != null && shared.contains(disk.getControllerKey()));
      }
    }
  }

  List<VmDisk> disks() {
    return List.copyOf(disks);
  }

  List<ForeignDisk> foreign() {
    return List.copyOf(foreign);
  }

  /** Whether the file is part of a disk that a snapshot here cannot hold. */
  boolean isForeign(DatastorePath file) {
    return foreignFiles.contains(file);
  }

  private static Set<Integer> sharedControllers(VirtualDevice[] devices) {
    Set<Integer> shared = new HashSet<>();
    for (VirtualDevice device : devices) {
      if (device instanceof VirtualController
          && device instanceof VirtualSCSIController scsi
          && scsi.getSharedBus() != null
          && scsi.getSharedBus() != VirtualSCSISharing.noSharing) {
        shared.add(device.getKey());
      }
    }
    return shared;
  }

  private void read(VirtualDisk disk, boolean sharedBus) {
    String label =
        disk.getDeviceInfo() == null ? "disk " + disk.getKey() : disk.getDeviceInfo().getLabel();
    List<DatastorePath> layers = layers(disk.getBacking());
    Optional<Reason> reason = reason(disk.getBacking(), layers, sharedBus);
    if (reason.isPresent()) {
      String backing = layers.isEmpty() ? named(disk.getBacking()) : layers.getFirst().toString();
      foreign.add(new ForeignDisk(label, backing, reason.get()));
      for (DatastorePath layer : layers) {
        foreignFiles.add(layer);
        for (String extent : EXTENTS) {
          foreignFiles.add(layer.sibling(withExtent(layer.fileName(), extent)));
        }
      }
      return;
    }
    List<String> chain = new ArrayList<>();
    for (int i = 0; i < layers.size(); i++) {
      chain.add(layers.get(i).fromRoot());
      chain.addAll(extents(layers.get(i), i == layers.size() - 1));
    }
    long capacity =
        disk.getCapacityInBytes() != null && disk.getCapacityInBytes() > 0
            ? disk.getCapacityInBytes()
            : disk.getCapacityInKB() * 1024;
    disks.add(new VmDisk(label, chain, capacity, serial(disk.getBacking()), scsi(disk)));
  }

  /** What a guest sees as the serial number where disk.EnableUUID is set. */
  private static String serial(@Nullable VirtualDeviceBackingInfo backing) {
    String uuid =
        switch (backing) {
          case VirtualDiskFlatVer2BackingInfo flat -> flat.getUuid();
          case VirtualDiskSeSparseBackingInfo sparse -> sparse.getUuid();
          case VirtualDiskSparseVer2BackingInfo sparse -> sparse.getUuid();
          case null, default -> null;
        };
    return uuid == null ? "" : uuid.replaceAll("[^0-9A-Fa-f]", "").toLowerCase(Locale.ROOT);
  }

  /** Empty for other buses than SCSI. */
  private String scsi(VirtualDisk disk) {
    Integer bus = disk.getControllerKey() == null ? null : buses.get(disk.getControllerKey());
    Integer unit = disk.getUnitNumber();
    return bus == null || unit == null ? "" : bus + ":" + unit + ":0";
  }

  private Optional<Reason> reason(
      @Nullable VirtualDeviceBackingInfo backing, List<DatastorePath> layers, boolean sharedBus) {
    if (backing instanceof VirtualDiskRawDiskMappingVer1BackingInfo
        || backing instanceof VirtualDiskRawDiskVer2BackingInfo
        || backing instanceof VirtualDiskPartitionedRawDiskVer2BackingInfo) {
      return Optional.of(Reason.RAW_DEVICE);
    }
    if (layers.isEmpty()) {
      return Optional.of(Reason.UNKNOWN);
    }
    if (!layers.stream().allMatch(each -> ours.contains(each.datastore()))) {
      return Optional.of(Reason.OTHER_DATASTORE);
    }
    boolean manyWriters =
        backing instanceof VirtualDiskFlatVer2BackingInfo flat
            && "sharingMultiWriter".equals(flat.getSharing());
    return manyWriters || sharedBus ? Optional.of(Reason.MULTI_WRITER) : Optional.empty();
  }

  /** The descriptors of the disk's layers, top first. */
  private static List<DatastorePath> layers(@Nullable VirtualDeviceBackingInfo backing) {
    List<DatastorePath> layers = new ArrayList<>();
    VirtualDeviceBackingInfo each = backing;
    while (each instanceof VirtualDeviceFileBackingInfo file && layers.size() < MOST_LAYERS) {
      Optional<DatastorePath> path =
          DatastorePath.parse(file.getFileName() == null ? "" : file.getFileName());
      if (path.isEmpty()) {
        return List.of();
      }
      layers.add(path.get());
      each = parent(file);
    }
    return layers;
  }

  private static @Nullable VirtualDeviceBackingInfo parent(VirtualDeviceFileBackingInfo backing) {
    return switch (backing) {
      case VirtualDiskFlatVer2BackingInfo flat -> flat.getParent();
      case VirtualDiskSeSparseBackingInfo sparse -> sparse.getParent();
      case VirtualDiskSparseVer2BackingInfo sparse -> sparse.getParent();
      case VirtualDiskSparseVer1BackingInfo sparse -> sparse.getParent();
      case VirtualDiskFlatVer1BackingInfo flat -> flat.getParent();
      default -> null;
    };
  }

  /** The data files beside a descriptor: as vCenter lists them, else as ESXi names them on NFS. */
  private List<String> extents(DatastorePath descriptor, boolean base) {
    List<String> found = new ArrayList<>();
    for (String extent : EXTENTS) {
      DatastorePath file = descriptor.sibling(withExtent(descriptor.fileName(), extent));
      if (listed.contains(file.toString())) {
        found.add(file.fromRoot());
      }
    }
    if (found.isEmpty()) {
      String extent = base ? EXTENTS[0] : EXTENTS[1];
      found.add(descriptor.sibling(withExtent(descriptor.fileName(), extent)).fromRoot());
    }
    return found;
  }

  private static String withExtent(String descriptor, String extent) {
    return descriptor.endsWith(".vmdk")
        ? descriptor.substring(0, descriptor.length() - ".vmdk".length()) + extent + ".vmdk"
        : descriptor + extent;
  }

  private static String named(@Nullable VirtualDeviceBackingInfo backing) {
    return backing == null ? "no backing" : backing.getClass().getSimpleName();
  }
}
