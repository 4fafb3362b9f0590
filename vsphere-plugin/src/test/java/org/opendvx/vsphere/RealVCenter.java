package org.opendvx.vsphere;

import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.vmware.vim25.AuthorizationRole;
import com.vmware.vim25.LocalDatastoreInfo;
import com.vmware.vim25.ManagedObjectReference;
import com.vmware.vim25.VirtualMachineConfigSpec;
import com.vmware.vim25.VirtualMachineFileInfo;
import com.vmware.vim25.VirtualMachineMovePriority;
import com.vmware.vim25.VirtualMachineRelocateSpec;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.Hypervisor.DatastoreMount;
import org.opendvx.core.vm.Hypervisor.HostResult;
import org.opendvx.core.vm.Hypervisor.HostResult.Outcome;
import org.opendvx.core.vm.Hypervisor.HostState;
import org.opendvx.core.vm.TlsTrust;
import org.opendvx.core.vm.VmRef;
import org.opendvx.vsphere.inventory.VmReader;
import org.opendvx.vsphere.session.Credentials;
import org.opendvx.vsphere.session.Properties;
import org.opendvx.vsphere.session.PropertyRow;
import org.opendvx.vsphere.session.Tasks;
import org.opendvx.vsphere.session.VimSession;

/**
 * The vCenter that {@code DVX_TEST_VCENTER_URL}, {@code _USER}, {@code _PASSWORD_FILE} and {@code
 * _SHA256} name. Tests against it touch nothing that they have not made, under names of their own,
 * and closing takes all of it away again, however a test ended.
 *
 * <p>Machines need a datastore. {@code DVX_TEST_VCENTER_NFS} may name an NFS export ({@code
 * server:/path}) that its hosts can mount; without it the export is made up, which simulators mount
 * and hosts refuse.
 */
final class RealVCenter implements AutoCloseable {
  static final Duration LIMIT = Duration.ofMinutes(2);

  private static final String PREFIX = "DVX_TEST_VCENTER_";

  final VSphere vcenter;
  final URI url;
  final String datastore = "dvxtest" + Long.toString(new SecureRandom().nextLong() >>> 1, 36);
  private final Properties properties;
  private final Set<VmRef> machines = new LinkedHashSet<>();
  private final Set<String> folders = new LinkedHashSet<>();
  private List<String> mountedOn = List.of();
  private boolean role;

  /** A folder that we made on a simulator's own datastore: its datacenter and its path. */
  private record MadeFolder(ManagedObjectReference datacenter, String name, String local) {}

  private @Nullable MadeFolder made;

  private RealVCenter(VSphereConfig config) {
    this.url = config.url();
    this.vcenter =
        new VSphere(
            new VSphereConfig(
                config.name(),
                config.url(),
                config.credentials(),
                config.trust(),
                datastore,
                config.callLimit()));
    this.properties = new Properties(vcenter.session());
  }

  /** Connects, or has the test skipped when no vCenter is named. */
  static RealVCenter connect() {
    String url = System.getenv(PREFIX + "URL");
    assumeTrue(url != null && !url.isBlank(), PREFIX + "URL is not set");
    return of(
        VSphereConfig.of(
            "real",
            URI.create(url),
            Credentials.fromFile(set("USER"), Path.of(set("PASSWORD_FILE"))),
            new TlsTrust.Pinned(set("SHA256")),
            "unused"));
  }

  /** Connects to another one; the name and the datastore of the connection are our own. */
  static RealVCenter of(VSphereConfig config) {
    return new RealVCenter(config);
  }

  private static String set(String name) {
    String value = System.getenv(PREFIX + name);
    assertNotNull(value, PREFIX + name + " must be set with " + PREFIX + "URL");
    return value;
  }

  /** Up to two connected hosts of one cluster, of the one that has most. */
  List<String> hosts() {
    List<String> connected =
        vcenter.hosts(datastore).stream()
            .filter(HostState::connected)
            .map(HostState::host)
            .toList();
    Map<String, List<String>> byParent = new LinkedHashMap<>();
    for (PropertyRow row :
        properties.all("hosts", "HostSystem", "name", "parent", "runtime.inMaintenanceMode")) {
      boolean works = !row.get("runtime.inMaintenanceMode", Boolean.class).orElse(false);
      if (works && connected.contains(row.text("name"))) {
        byParent
            .computeIfAbsent(row.reference("parent"), _ -> new ArrayList<>())
            .add(row.text("name"));
      }
    }
    List<String> most = List.of();
    for (List<String> each : byParent.values()) {
      most = each.size() > most.size() ? each : most;
    }
    assumeTrue(!most.isEmpty(), "the vCenter has no host at work");
    return most.stream().sorted().limit(2).toList();
  }

  /**
   * The mount under test.
   *
   * @param local the local folder that a simulator mounts, or empty for what a host gets
   */
  DatastoreMount mount(String local, Function<String, String> reachability) {
    String nfs = System.getenv(PREFIX + "NFS");
    int colon = nfs == null ? -1 : nfs.indexOf(":/");
    String server = nfs == null || colon < 0 ? "127.0.0.1" : nfs.substring(0, colon);
    String path = nfs == null || colon < 0 ? "/" + datastore : nfs.substring(colon + 1);
    return new DatastoreMount(datastore, server, path, reachability, local);
  }

  /**
   * Mounts as a host does, else as a simulator does: it mounts a local folder, best one that it
   * makes itself, for it may run as another user or elsewhere.
   */
  List<HostResult> mountSomehow(Path folder, List<String> hosts) throws IOException {
    mountedOn = hosts;
    List<HostResult> results = vcenter.registerDatastore(mount("", _ -> ""), hosts);
    if (System.getenv(PREFIX + "NFS") != null) {
      // Real hosts: they know no local folders.
      return results;
    }
    Optional<String> there = good(results) ? Optional.empty() : folderOfTheSimulator(hosts);
    if (there.isPresent()) {
      results = vcenter.registerDatastore(mount(there.get(), _ -> ""), hosts);
    }
    if (!good(results)) {
      Path here = Files.createDirectories(folder.resolve(datastore));
      results = vcenter.registerDatastore(mount(here.toString(), _ -> ""), hosts);
    }
    return results;
  }

  private static boolean good(List<HostResult> results) {
    return results.stream()
        .allMatch(each -> each.outcome() == Outcome.DONE || each.outcome() == Outcome.ALREADY);
  }

  /** Hosts have no datastore of the kind that this looks for: nothing is written to theirs. */
  private Optional<String> folderOfTheSimulator(List<String> hosts) {
    if (made != null) {
      return Optional.of(made.local());
    }
    PropertyRow host = host(hosts.getFirst());
    List<ManagedObjectReference> has = Arrays.asList(host.references("datastore"));
    for (PropertyRow row : properties.all("datastores", "Datastore", "name", "info")) {
      String path =
          row.get("info", LocalDatastoreInfo.class).map(LocalDatastoreInfo::getPath).orElse("");
      boolean reached = has.stream().anyMatch(each -> each.getVal().equals(row.id()));
      if (!reached || path == null || !path.startsWith("/")) {
        continue;
      }
      MadeFolder folder =
          new MadeFolder(
              datacenter(host.object()),
              "[" + row.text("name") + "] " + datastore,
              path + "/" + datastore);
      try {
        vcenter
            .session()
            .change(
                "make a folder",
                (port, content) -> {
                  port.makeDirectory(
                      content.getFileManager(), folder.name(), folder.datacenter(), true);
                  return "";
                });
      } catch (DvxException _) {
        continue;
      }
      made = folder;
      return Optional.of(folder.local());
    }
    return Optional.empty();
  }

  private PropertyRow host(String name) {
    return properties.all("hosts", "HostSystem", "name", "parent", "datastore").stream()
        .filter(each -> each.text("name").equals(name))
        .findFirst()
        .orElseThrow();
  }

  /** Makes an empty machine of our own on the datastore under test. */
  VmRef createMachine(String name, String hostName) {
    PropertyRow host = host(hostName);
    ManagedObjectReference parent = host.get("parent", ManagedObjectReference.class).orElseThrow();
    ManagedObjectReference pool = referred(parent, "resourcePool");
    ManagedObjectReference vmFolder = referred(datacenter(parent), "vmFolder");
    VirtualMachineFileInfo files = new VirtualMachineFileInfo();
    files.setVmPathName("[" + datastore + "]");
    VirtualMachineConfigSpec spec = new VirtualMachineConfigSpec();
    spec.setName(name);
    spec.setGuestId("otherGuest");
    spec.setMemoryMB(32L);
    spec.setNumCPUs(1);
    spec.setFiles(files);
    folders.add(name);
    Object task =
        run("create", (port, _) -> port.createVM_Task(vmFolder, spec, pool, host.object()));
    assertNotNull(task);
    VmRef vm = new VmRef(vcenter.name(), ((ManagedObjectReference) task).getVal());
    machines.add(vm);
    return vm;
  }

  /** Takes in a machine that was registered from the files of one that we made. */
  VmRef own(VmRef vm) {
    machines.add(vm);
    return vm;
  }

  private ManagedObjectReference referred(ManagedObjectReference from, String property) {
    return properties
        .one(property, from, property)
        .get(property, ManagedObjectReference.class)
        .orElseThrow();
  }

  private ManagedObjectReference datacenter(ManagedObjectReference start) {
    ManagedObjectReference each = start;
    while (!each.getType().equals("Datacenter")) {
      each = referred(each, "parent");
    }
    return each;
  }

  private @Nullable Object run(String doing, VimSession.Call<ManagedObjectReference> call) {
    return new Tasks(properties)
        .await(doing, vcenter.session().change(doing, call), LIMIT, () -> {});
  }

  /** Moves a machine of our own to another host. */
  void relocate(VmRef vm, String hostName) {
    VirtualMachineRelocateSpec spec = new VirtualMachineRelocateSpec();
    spec.setHost(host(hostName).object());
    run(
        "relocate",
        (port, _) ->
            port.relocateVM_Task(
                VmReader.reference(vm), spec, VirtualMachineMovePriority.defaultPriority));
  }

  /** Ends the session behind the adapter's back. */
  void loseSession() {
    vcenter
        .session()
        .change(
            "log out",
            (port, content) -> {
              port.logout(content.getSessionManager());
              return "";
            });
  }

  /** The name of the role that closing takes away again. */
  String roleName() {
    role = true;
    return datastore;
  }

  private void removeRole() {
    vcenter
        .session()
        .change(
            "remove the test's role",
            (port, content) -> {
              PropertyRow row =
                  properties.one("roles", content.getAuthorizationManager(), "roleList");
              for (AuthorizationRole each :
                  row.get("roleList", AuthorizationRole[].class).orElseThrow()) {
                if (each.getName().equals(datastore)) {
                  port.removeAuthorizationRole(
                      content.getAuthorizationManager(), each.getRoleId(), false);
                }
              }
              return "";
            });
  }

  private void destroy(VmRef vm) {
    try {
      vcenter.powerOff(vm, LIMIT);
      run("destroy", (port, _) -> port.destroy_Task(VmReader.reference(vm)));
    } catch (DvxException e) {
      if (e.kind() != Kind.NOT_FOUND) {
        throw e;
      }
    }
  }

  private void delete(String name, ManagedObjectReference datacenter) {
    try {
      run(
          "delete a folder",
          (port, content) ->
              port.deleteDatastoreFile_Task(content.getFileManager(), name, datacenter));
    } catch (DvxException e) {
      if (e.kind() != Kind.NOT_FOUND) {
        throw e;
      }
    }
  }

  /** Of machines that were unregistered and not registered again. */
  private void deleteFolders() {
    String first = mountedOn.getFirst();
    if (vcenter.hosts(datastore).stream()
        .anyMatch(each -> each.host().equals(first) && each.mounted())) {
      ManagedObjectReference datacenter = datacenter(host(first).object());
      folders.forEach(each -> delete("[" + datastore + "] " + each, datacenter));
    }
  }

  private void unmount() {
    for (HostResult each : vcenter.unregisterDatastore(datastore, mountedOn)) {
      if (each.outcome() == Outcome.FAILED) {
        throw new AssertionError(each.host() + ": " + each.reason());
      }
    }
  }

  /** Takes away all that was made; what cannot be taken away fails the test by name. */
  @Override
  public void close() {
    List<Throwable> left = new ArrayList<>();
    machines.forEach(vm -> attempt(left, () -> destroy(vm)));
    if (!mountedOn.isEmpty()) {
      attempt(left, this::deleteFolders);
      attempt(left, this::unmount);
    }
    MadeFolder folder = made;
    if (folder != null) {
      attempt(left, () -> delete(folder.name(), folder.datacenter()));
    }
    if (role) {
      attempt(left, this::removeRole);
    }
    vcenter.close();
    if (!left.isEmpty()) {
      AssertionError error = new AssertionError("something was left behind on " + url);
      left.forEach(error::addSuppressed);
      throw error;
    }
  }

  private static void attempt(List<Throwable> left, Runnable step) {
    try {
      step.run();
    } catch (RuntimeException | AssertionError e) {
      left.add(e);
    }
  }
}
