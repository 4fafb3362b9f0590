package org.opendvx.vsphere.inventory;

import com.vmware.vim25.HostNasVolumeSpec;
import com.vmware.vim25.ManagedObjectReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.ErrorReport;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.Hypervisor.DatastoreMount;
import org.opendvx.core.vm.Hypervisor.HostResult;
import org.opendvx.core.vm.Hypervisor.HostResult.Outcome;
import org.opendvx.core.vm.Hypervisor.HostState;
import org.opendvx.vsphere.session.Properties;
import org.opendvx.vsphere.session.Tasks;
import org.opendvx.vsphere.session.VimSession;

/**
 * Mounts and unmounts the datastore on hosts. Each host is told the same server and path, letter by
 * letter: ESXi takes two spellings for two datastores.
 */
public final class DatastoreMounter {
  private static final Duration DESTROY_LIMIT = Duration.ofMinutes(2);

  private final VimSession session;
  private final Properties properties;

  /** Mounts over this session. */
  public DatastoreMounter(VimSession session) {
    this.session = session;
    this.properties = new Properties(session);
  }

  /** The hosts and whether they have the datastore. */
  public List<HostState> states(String datastore) {
    DatastoreTable datastores = DatastoreTable.read(properties);
    return HostTable.read(properties).entries().stream()
        .map(
            host ->
                new HostState(
                    host.name(),
                    host.managementAddress(),
                    host.connected(),
                    mounted(datastores, host, datastore)
                        .map(each -> usable(each, host))
                        .orElse(false)))
        .toList();
  }

  /**
   * Mounts.
   *
   * @param names the hosts, all of them when empty
   */
  public List<HostResult> mount(DatastoreMount mount, List<String> names) {
    if (mount.server().isBlank() || !mount.path().startsWith("/") || mount.datastore().isBlank()) {
      throw DvxException.of(Kind.INVALID, "The datastore cannot be registered")
          .cause("a name, a server and a path that starts with / are needed")
          .build();
    }
    DatastoreTable datastores = DatastoreTable.read(properties);
    List<HostResult> results = new ArrayList<>();
    chosen(names)
        .forEach(
            (name, host) ->
                results.add(host == null ? unknown(name) : mountOn(host, mount, datastores)));
    return results;
  }

  private HostResult mountOn(
      HostTable.Entry host, DatastoreMount mount, DatastoreTable datastores) {
    Optional<HostResult> before = standing(host, mount, datastores);
    if (before.isPresent()) {
      return before.get();
    }
    if (!host.connected()) {
      return failed(host, "vCenter is not connected to the host; connect it, then register again");
    }
    Optional<String> refusal = refusal(host, mount);
    if (refusal.isPresent()) {
      return new HostResult(host.name(), Outcome.REFUSED, refusal.get());
    }
    HostNasVolumeSpec spec = new HostNasVolumeSpec();
    spec.setRemoteHost(mount.server());
    spec.setRemotePath(mount.path());
    spec.setLocalPath(mount.localPath().isEmpty() ? mount.datastore() : mount.localPath());
    spec.setAccessMode("readWrite");
    spec.setType("NFS");
    try {
      // The reply's reference is not looked at: a simulator leaves it empty from the second host
      // on.
      session.change(
          "The host " + host.name() + " cannot mount the datastore",
          (port, content) -> port.createNasDatastore(systemOf(host), spec));
      return new HostResult(host.name(), Outcome.DONE, "");
    } catch (DvxException e) {
      return afterTrouble(host, mount, e);
    }
  }

  /** A call may have been carried out though its answer was lost, or by somebody else meanwhile. */
  private HostResult afterTrouble(HostTable.Entry host, DatastoreMount mount, DvxException e) {
    if (e.kind() == Kind.EXISTS || e.kind().isTransient()) {
      try {
        Optional<HostResult> now = standing(again(host), mount, DatastoreTable.read(properties));
        if (now.isPresent()) {
          return e.kind() == Kind.EXISTS || now.get().outcome() != Outcome.ALREADY
              ? now.get()
              : new HostResult(host.name(), Outcome.DONE, "");
        }
      } catch (DvxException again) {
        e.addSuppressed(again);
      }
    }
    return failed(host, told(e));
  }

  private HostTable.Entry again(HostTable.Entry host) {
    return HostTable.read(properties).entries().stream()
        .filter(each -> each.reference().getVal().equals(host.reference().getVal()))
        .findFirst()
        .orElse(host);
  }

  /** What the host's present datastores already decide. */
  private static Optional<HostResult> standing(
      HostTable.Entry host, DatastoreMount mount, DatastoreTable datastores) {
    for (String id : host.datastores()) {
      Optional<DatastoreTable.Entry> known = datastores.byId(id);
      if (known.isEmpty()) {
        continue;
      }
      DatastoreTable.Entry each = known.get();
      boolean same = each.sameExport(mount.server(), mount.path());
      if (same && !usable(each, host)) {
        return Optional.of(
            failed(
                host,
                "the datastore is mounted and the host cannot reach it; check that the node serves "
                    + mount.server()
                    + ":"
                    + mount.path()));
      }
      if (same) {
        return Optional.of(
            new HostResult(
                host.name(),
                Outcome.ALREADY,
                each.name().equals(mount.datastore()) ? "" : "as " + each.name()));
      }
      if (each.name().equals(mount.datastore())) {
        return Optional.of(
            failed(
                host,
                "the host has another datastore named "
                    + each.name()
                    + (each.server().isEmpty()
                        ? ""
                        : " (" + each.server() + ":" + each.path() + ")")
                    + "; unmount it, or register under another name"));
      }
    }
    return Optional.empty();
  }

  /**
   * Why none of the host's addresses would be let in. One that would is enough: which of its
   * addresses a host uses for NFS is the host's routing's choice.
   */
  private static Optional<String> refusal(HostTable.Entry host, DatastoreMount mount) {
    if (host.addresses().isEmpty()) {
      return Optional.of(
          "vCenter shows no address of the host, so whether the node would let it in is unknown");
    }
    List<String> reasons = new ArrayList<>();
    for (String address : host.addresses()) {
      String reason = mount.reachability().apply(address);
      if (reason.isEmpty()) {
        return Optional.empty();
      }
      reasons.add(address + ": " + reason);
    }
    return Optional.of(String.join("; ", reasons));
  }

  /**
   * Unmounts.
   *
   * @param names the hosts, all of them when empty
   */
  public List<HostResult> unmount(String datastore, List<String> names) {
    DatastoreTable datastores = DatastoreTable.read(properties);
    Map<String, HostTable.@Nullable Entry> hosts = chosen(names);
    List<HostResult> results = new ArrayList<>();
    hosts.forEach(
        (name, host) -> {
          if (host == null) {
            results.add(unknown(name));
            return;
          }
          Optional<DatastoreTable.Entry> mounted = mounted(datastores, host, datastore);
          results.add(
              mounted.isEmpty()
                  ? new HostResult(host.name(), Outcome.ALREADY, "")
                  : unmountOn(host, mounted.get(), hosts));
        });
    return results;
  }

  private HostResult unmountOn(
      HostTable.Entry host,
      DatastoreTable.Entry datastore,
      Map<String, HostTable.@Nullable Entry> chosen) {
    String doing = "The host " + host.name() + " cannot unmount the datastore";
    if (datastore.server().isEmpty()) {
      // vSphere's call would take the volume itself away, with all that is on it.
      return failed(
          host,
          "the host's datastore "
              + datastore.name()
              + " is not shown as an NFS datastore; it is left alone");
    }
    try {
      session.change(
          doing,
          (port, content) -> {
            port.removeDatastore(systemOf(host), datastore.reference());
            return "";
          });
      return new HostResult(host.name(), Outcome.DONE, "");
    } catch (DvxException e) {
      if (e.kind() == Kind.UNSUPPORTED && everyHostOf(datastore, chosen)) {
        return destroyWhole(host, datastore, doing);
      }
      if (e.kind() == Kind.NOT_FOUND || (e.kind().isTransient() && gone(host, datastore))) {
        return new HostResult(host.name(), Outcome.DONE, "");
      }
      return failed(host, told(e));
    }
  }

  /** Simulators do not unmount on one host; they can drop a datastore from all. */
  private HostResult destroyWhole(
      HostTable.Entry host, DatastoreTable.Entry datastore, String doing) {
    if (gone(host, datastore)) {
      return new HostResult(host.name(), Outcome.DONE, "");
    }
    try {
      ManagedObjectReference task =
          session.change(doing, (port, content) -> port.destroy_Task(datastore.reference()));
      new Tasks(properties).await(doing, task, DESTROY_LIMIT, () -> {});
      return new HostResult(host.name(), Outcome.DONE, "");
    } catch (DvxException e) {
      return failed(host, told(e));
    }
  }

  private boolean everyHostOf(
      DatastoreTable.Entry datastore, Map<String, HostTable.@Nullable Entry> chosen) {
    return HostTable.read(properties).entries().stream()
        .filter(each -> each.datastores().contains(datastore.reference().getVal()))
        .allMatch(each -> chosen.get(each.name()) != null);
  }

  private boolean gone(HostTable.Entry host, DatastoreTable.Entry datastore) {
    String id = datastore.reference().getVal();
    // Some simulators leave the reference on the host when the datastore itself has gone.
    return DatastoreTable.read(properties).byId(id).isEmpty()
        || !again(host).datastores().contains(id);
  }

  private Map<String, HostTable.@Nullable Entry> chosen(List<String> names) {
    List<HostTable.Entry> all = HostTable.read(properties).entries();
    Map<String, HostTable.@Nullable Entry> chosen = new LinkedHashMap<>();
    if (names.isEmpty()) {
      all.forEach(each -> chosen.put(each.name(), each));
      return chosen;
    }
    Map<String, HostTable.Entry> byName =
        all.stream().collect(Collectors.toMap(HostTable.Entry::name, each -> each, (a, _) -> a));
    names.forEach(each -> chosen.put(each, byName.get(each)));
    return chosen;
  }

  private static Optional<DatastoreTable.Entry> mounted(
      DatastoreTable datastores, HostTable.Entry host, String name) {
    return host.datastores().stream()
        .flatMap(id -> datastores.byId(id).stream())
        .filter(each -> datastores.aliases(name).contains(each.name()))
        .findFirst();
  }

  private static boolean usable(DatastoreTable.Entry datastore, HostTable.Entry host) {
    return !datastore.unusableOn().contains(host.reference().getVal());
  }

  private static ManagedObjectReference systemOf(HostTable.Entry host) {
    ManagedObjectReference reference = new ManagedObjectReference();
    reference.setType("HostDatastoreSystem");
    reference.setVal(host.datastoreSystem());
    return reference;
  }

  private static HostResult unknown(String name) {
    return new HostResult(
        name,
        Outcome.FAILED,
        "vCenter has no host of this name; see the list of hosts for the names");
  }

  private static HostResult failed(HostTable.Entry host, String reason) {
    return new HostResult(host.name(), Outcome.FAILED, reason);
  }

  private static String told(DvxException e) {
    ErrorReport report = e.report();
    String text = report.cause().isBlank() ? report.what() : report.cause();
    return report.remedy().isBlank() ? text : text + "; to do: " + report.remedy();
  }
}
