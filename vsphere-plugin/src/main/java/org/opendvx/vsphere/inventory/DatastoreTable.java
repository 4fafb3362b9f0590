package org.opendvx.vsphere.inventory;

import com.vmware.vim25.DatastoreHostMount;
import com.vmware.vim25.HostNasVolume;
import com.vmware.vim25.ManagedObjectReference;
import com.vmware.vim25.NasDatastoreInfo;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.opendvx.vsphere.session.Properties;
import org.opendvx.vsphere.session.PropertyRow;

/** The datastores of a vCenter at one moment, by id. */
final class DatastoreTable {
  private final Map<String, Entry> entries;

  /**
   * A datastore.
   *
   * @param server NFS server as text, empty when it is no NFS datastore
   * @param path the export, empty when it is no NFS datastore
   * @param unusableOn ids of hosts that have it mounted and cannot reach it
   */
  record Entry(
      ManagedObjectReference reference,
      String name,
      String server,
      String path,
      Set<String> unusableOn) {

    boolean sameExport(String otherServer, String otherPath) {
      return !server.isEmpty() && server.equals(otherServer) && path.equals(otherPath);
    }
  }

  private DatastoreTable(Map<String, Entry> entries) {
    this.entries = entries;
  }

  static DatastoreTable read(Properties properties) {
    Map<String, Entry> entries = new HashMap<>();
    for (PropertyRow row :
        properties.all("vCenter cannot list its datastores", "Datastore", "name", "info", "host")) {
      Optional<HostNasVolume> nas =
          row.get("info", NasDatastoreInfo.class).map(NasDatastoreInfo::getNas);
      entries.put(
          row.id(),
          new Entry(
              row.object(),
              row.text("name"),
              nas.map(HostNasVolume::getRemoteHost).orElse(""),
              nas.map(HostNasVolume::getRemotePath).orElse(""),
              unusable(row)));
    }
    return new DatastoreTable(entries);
  }

  private static Set<String> unusable(PropertyRow row) {
    Set<String> hosts = new HashSet<>();
    for (DatastoreHostMount each :
        row.get("host", DatastoreHostMount[].class).orElse(new DatastoreHostMount[0])) {
      if (each.getMountInfo() != null
          && (Boolean.FALSE.equals(each.getMountInfo().getMounted())
              || Boolean.FALSE.equals(each.getMountInfo().getAccessible()))) {
        hosts.add(each.getKey().getVal());
      }
    }
    return hosts;
  }

  Optional<Entry> byId(String id) {
    return Optional.ofNullable(entries.get(id));
  }

  List<Entry> named(String name) {
    return entries.values().stream().filter(each -> each.name().equals(name)).toList();
  }

  /**
   * The names of the datastore: its own, and those that vCenter gave the same export in other
   * datacenters.
   */
  Set<String> aliases(String name) {
    Set<String> names = new HashSet<>(Set.of(name));
    for (Entry ours : named(name)) {
      for (Entry each : entries.values()) {
        if (each.sameExport(ours.server(), ours.path())) {
          names.add(each.name());
        }
      }
    }
    return names;
  }
}
