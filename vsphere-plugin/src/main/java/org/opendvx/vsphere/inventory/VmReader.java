package org.opendvx.vsphere.inventory;

import com.vmware.vim25.ManagedObjectReference;
import com.vmware.vim25.VirtualHardware;
import com.vmware.vim25.VirtualMachineFileLayoutEx;
import com.vmware.vim25.VirtualMachineFileLayoutExFileInfo;
import com.vmware.vim25.VirtualMachineSnapshotInfo;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.opendvx.core.vm.PowerState;
import org.opendvx.core.vm.VmDescription;
import org.opendvx.core.vm.VmRef;
import org.opendvx.core.vm.VmSummary;
import org.opendvx.vsphere.session.Properties;
import org.opendvx.vsphere.session.PropertyRow;
import org.opendvx.vsphere.session.VimSession;

/** Reads virtual machines: the list, and everything that a snapshot must know of one. */
public final class VmReader {
  private final String hypervisor;
  private final String datastore;
  private final Properties properties;

  /**
   * Reads over this session.
   *
   * @param hypervisor name of the connection, for references
   * @param datastore name of our datastore in the inventory
   */
  public VmReader(String hypervisor, String datastore, VimSession session) {
    this.hypervisor = hypervisor;
    this.datastore = datastore;
    this.properties = new Properties(session);
  }

  /** The reference to a machine by vCenter's id for it. */
  public static ManagedObjectReference reference(VmRef vm) {
    ManagedObjectReference reference = new ManagedObjectReference();
    reference.setType("VirtualMachine");
    reference.setVal(vm.id());
    return reference;
  }

  /** vCenter's power states in ours. */
  public static PowerState power(String state) {
    return switch (state) {
      case "poweredOn" -> PowerState.ON;
      case "poweredOff" -> PowerState.OFF;
      case "suspended" -> PowerState.SUSPENDED;
      default -> PowerState.UNKNOWN;
    };
  }

  /** The machines that the account may see, by name. */
  public List<VmSummary> summaries() {
    DatastoreTable datastores = DatastoreTable.read(properties);
    Set<String> ours = datastores.aliases(datastore);
    Map<String, String> hosts = hostNames();
    List<VmSummary> machines = new ArrayList<>();
    for (PropertyRow row :
        properties.all(
            "vCenter cannot list its virtual machines",
            "VirtualMachine",
            "name",
            "runtime.powerState",
            "runtime.host",
            "datastore")) {
      boolean onOurs = false;
      for (ManagedObjectReference each : row.references("datastore")) {
        onOurs |=
            datastores.byId(each.getVal()).map(found -> ours.contains(found.name())).orElse(false);
      }
      machines.add(
          new VmSummary(
              new VmRef(hypervisor, row.id()),
              row.text("name"),
              power(row.text("runtime.powerState")),
              hosts.getOrDefault(row.reference("runtime.host"), ""),
              onOurs));
    }
    machines.sort(Comparator.comparing(VmSummary::name).thenComparing(each -> each.ref().id()));
    return machines;
  }

  private Map<String, String> hostNames() {
    Map<String, String> names = new HashMap<>();
    for (PropertyRow row : properties.all("vCenter cannot list its hosts", "HostSystem", "name")) {
      names.put(row.id(), row.text("name"));
    }
    return names;
  }

  /** One machine, read anew. */
  public VmDescription describe(VmRef vm) {
    PropertyRow row =
        properties.one(
            "vCenter cannot describe the virtual machine " + vm,
            reference(vm),
            "name",
            "runtime.powerState",
            "runtime.host",
            "config.uuid",
            "config.instanceUuid",
            "config.firmware",
            "config.guestId",
            "config.guestFullName",
            "config.version",
            "config.files.vmPathName",
            "config.hardware",
            "layoutEx",
            "snapshot");
    Set<String> ours = DatastoreTable.read(properties).aliases(datastore);
    Optional<DatastorePath> configuration =
        DatastorePath.parse(row.text("config.files.vmPathName"));
    List<DatastorePath> layout = layout(row, configuration);
    VirtualHardware hardware = row.get("config.hardware", VirtualHardware.class).orElse(null);
    DiskReader disks = new DiskReader(ours, layout);
    disks.read(hardware);

    Set<String> files = new TreeSet<>();
    configuration
        .filter(each -> ours.contains(each.datastore()))
        .ifPresent(each -> files.add(each.fromRoot()));
    for (DatastorePath each : layout) {
      if (ours.contains(each.datastore()) && belongs(each) && !disks.isForeign(each)) {
        files.add(each.fromRoot());
      }
    }
    disks.disks().forEach(disk -> files.addAll(disk.chain()));
    return new VmDescription(
        vm,
        row.text("name"),
        power(row.text("runtime.powerState")),
        hostName(row),
        row.text("config.uuid"),
        row.text("config.instanceUuid"),
        List.copyOf(files),
        disks.disks(),
        disks.foreign(),
        configuration
            .filter(each -> ours.contains(each.datastore()))
            .map(DatastorePath::fromRoot)
            .orElse(""),
        HardwareSummary.of(row, hardware),
        row.get("snapshot", VirtualMachineSnapshotInfo.class)
            .map(each -> each.getRootSnapshotList() != null)
            .orElse(false),
        Networks.macs(hardware));
  }

  private String hostName(PropertyRow row) {
    String id = row.reference("runtime.host");
    return id.isEmpty() ? "" : hostNames().getOrDefault(id, "");
  }

  /**
   * The machine's files as vCenter lists them. One with no folder is taken to be in the folder of
   * the configuration: simulators leave folders out.
   */
  private static List<DatastorePath> layout(
      PropertyRow row, Optional<DatastorePath> configuration) {
    List<DatastorePath> files = new ArrayList<>();
    VirtualMachineFileLayoutExFileInfo[] listed =
        row.get("layoutEx", VirtualMachineFileLayoutEx.class)
            .map(VirtualMachineFileLayoutEx::getFile)
            .orElse(new VirtualMachineFileLayoutExFileInfo[0]);
    for (VirtualMachineFileLayoutExFileInfo each : listed) {
      if (each.getName() == null
          || "swap".equals(each.getType())
          || "uwswap".equals(each.getType())) {
        continue;
      }
      DatastorePath.parse(each.getName())
          .map(
              path ->
                  path.folder().isEmpty()
                          && configuration.isPresent()
                          && configuration.get().datastore().equals(path.datastore())
                      ? configuration.get().sibling(path.path())
                      : path)
          .ifPresent(files::add);
    }
    return files;
  }

  /**
   * Whether a file is part of what a snapshot freezes. Locks and swap never are; logs tell of the
   * past and change tracking is reset at every restore.
   */
  private static boolean belongs(DatastorePath file) {
    String name = file.fileName().toLowerCase(Locale.ROOT);
    return !name.isEmpty()
        && !name.startsWith(".lck")
        && !name.endsWith(".lck")
        && !name.endsWith(".vswp")
        && !name.endsWith(".log")
        && !name.endsWith("-ctk.vmdk");
  }

  /** The hardware in words, for the restore point. */
  private static final class HardwareSummary {
    private HardwareSummary() {}

    static Map<String, String> of(
        PropertyRow row, @org.jspecify.annotations.Nullable VirtualHardware hardware) {
      Map<String, String> words = new LinkedHashMap<>();
      if (hardware != null) {
        words.put("cpus", Integer.toString(hardware.getNumCPU()));
        words.put("memory_mib", Integer.toString(hardware.getMemoryMB()));
        String networks = Networks.of(hardware);
        if (!networks.isEmpty()) {
          words.put("networks", networks);
        }
      }
      Map.of(
              "firmware", "config.firmware",
              "guest", "config.guestFullName",
              "guest_id", "config.guestId",
              "hardware_version", "config.version")
          .forEach(
              (name, path) -> {
                if (!row.text(path).isEmpty()) {
                  words.put(name, row.text(path));
                }
              });
      return words;
    }
  }
}
