package org.opendvx.vsphere.inventory;

import com.vmware.vim25.HostVirtualNic;
import com.vmware.vim25.ManagedObjectReference;
import com.vmware.vim25.VirtualNicManagerNetConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.opendvx.vsphere.session.Properties;
import org.opendvx.vsphere.session.PropertyRow;

/** The hosts of a vCenter at one moment, ordered by name. */
final class HostTable {
  private final List<Entry> entries;

  /**
   * A host.
   *
   * @param addresses its VMkernel addresses, that of management first; any of them may carry NFS
   * @param datastores ids of the datastores that it has
   */
  record Entry(
      ManagedObjectReference reference,
      String name,
      boolean connected,
      List<String> addresses,
      Set<String> datastores,
      String datastoreSystem) {

    String managementAddress() {
      return addresses.isEmpty() ? "" : addresses.getFirst();
    }
  }

  private HostTable(List<Entry> entries) {
    this.entries = entries;
  }

  static HostTable read(Properties properties) {
    List<Entry> entries = new ArrayList<>();
    for (PropertyRow row :
        properties.all(
            "vCenter cannot list its hosts",
            "HostSystem",
            "name",
            "runtime.connectionState",
            "config.network.vnic",
            "config.virtualNicManagerInfo.netConfig",
            "configManager.datastoreSystem",
            "datastore")) {
      Set<String> datastores = new HashSet<>();
      for (ManagedObjectReference each : row.references("datastore")) {
        datastores.add(each.getVal());
      }
      entries.add(
          new Entry(
              row.object(),
              row.text("name"),
              row.text("runtime.connectionState").equals("connected"),
              addresses(row),
              datastores,
              row.reference("configManager.datastoreSystem")));
    }
    entries.sort(Comparator.comparing(Entry::name));
    return new HostTable(List.copyOf(entries));
  }

  List<Entry> entries() {
    return entries;
  }

  private static List<String> addresses(PropertyRow row) {
    Set<String> found = new LinkedHashSet<>();
    for (VirtualNicManagerNetConfig each :
        row.get("config.virtualNicManagerInfo.netConfig", VirtualNicManagerNetConfig[].class)
            .orElse(new VirtualNicManagerNetConfig[0])) {
      if ("management".equals(each.getNicType())) {
        found.addAll(selected(each));
      }
    }
    for (HostVirtualNic each :
        row.get("config.network.vnic", HostVirtualNic[].class).orElse(new HostVirtualNic[0])) {
      add(found, each);
    }
    return List.copyOf(found);
  }

  private static Set<String> selected(VirtualNicManagerNetConfig config) {
    Set<String> found = new LinkedHashSet<>();
    if (config.getCandidateVnic() == null || config.getSelectedVnic() == null) {
      return found;
    }
    List<String> chosen = Arrays.asList(config.getSelectedVnic());
    for (HostVirtualNic each : config.getCandidateVnic()) {
      // vCenter names the choice by key, some versions by the device.
      if (chosen.contains(each.getKey()) || chosen.contains(each.getDevice())) {
        add(found, each);
      }
    }
    return found;
  }

  private static void add(Set<String> found, HostVirtualNic nic) {
    if (nic.getSpec() != null && nic.getSpec().getIp() != null) {
      String address = nic.getSpec().getIp().getIpAddress();
      if (address != null && !address.isBlank()) {
        found.add(address);
      }
    }
  }
}
