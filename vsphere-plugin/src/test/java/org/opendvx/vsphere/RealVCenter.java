package org.opendvx.vsphere;

import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.vmware.vim25.ManagedObjectReference;
import com.vmware.vim25.VirtualMachineConfigSpec;
import com.vmware.vim25.VirtualMachineFileInfo;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import org.opendvx.core.vm.Hypervisor.DatastoreMount;
import org.opendvx.core.vm.Hypervisor.HostResult;
import org.opendvx.core.vm.Hypervisor.HostResult.Outcome;
import org.opendvx.core.vm.Hypervisor.HostState;
import org.opendvx.core.vm.VmRef;
import org.opendvx.vsphere.inventory.VmReader;
import org.opendvx.vsphere.session.Credentials;
import org.opendvx.vsphere.session.Properties;
import org.opendvx.vsphere.session.PropertyRow;
import org.opendvx.vsphere.session.Tasks;
import org.opendvx.vsphere.soap.TlsTrust;

/**
 * The vCenter that {@code DVX_TEST_VCENTER_URL}, {@code _USER}, {@code _PASSWORD_FILE} and {@code
 * _SHA256} name. Tests against it touch nothing that they have not made, under names of their own.
 *
 * <p>Machines need a datastore. {@code DVX_TEST_VCENTER_NFS} may name an NFS export ({@code
 * server:/path}) that its hosts can mount; without it the export is made up, which simulators mount
 * and hosts refuse.
 */
final class RealVCenter implements AutoCloseable {
  static final Duration LIMIT = Duration.ofMinutes(2);

  private static final String PREFIX = "DVX_TEST_VCENTER_";

  final VSphere vcenter;
  final String datastore = "dvxtest" + Long.toString(new SecureRandom().nextLong() >>> 1, 36);
  private final Properties properties;

  private RealVCenter(VSphereConfig config) {
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
    return new RealVCenter(
        VSphereConfig.of(
            "real",
            URI.create(url),
            Credentials.fromFile(set("USER"), Path.of(set("PASSWORD_FILE"))),
            new TlsTrust.Pinned(set("SHA256")),
            "unused"));
  }

  private static String set(String name) {
    String value = System.getenv(PREFIX + name);
    assertNotNull(value, PREFIX + name + " must be set with " + PREFIX + "URL");
    return value;
  }

  /** Up to two connected hosts that share a parent. */
  List<String> hosts() {
    String parent = "";
    List<String> connected =
        vcenter.hosts(datastore).stream()
            .filter(HostState::connected)
            .map(HostState::host)
            .toList();
    assumeTrue(!connected.isEmpty(), "the vCenter has no connected host");
    List<PropertyRow> rows = properties.all("hosts", "HostSystem", "name", "parent");
    java.util.ArrayList<String> chosen = new java.util.ArrayList<>();
    for (PropertyRow row : rows) {
      boolean fits = parent.isEmpty() || parent.equals(row.reference("parent"));
      if (chosen.size() < 2 && connected.contains(row.text("name")) && fits) {
        parent = row.reference("parent");
        chosen.add(row.text("name"));
      }
    }
    return chosen;
  }

  /**
   * The mount under test. A simulator mounts a local folder that must be there.
   *
   * @param folder for such a folder, or null for what a host gets
   */
  DatastoreMount mount(
      @org.jspecify.annotations.Nullable Path folder, Function<String, String> reachability)
      throws IOException {
    String nfs = System.getenv(PREFIX + "NFS");
    int colon = nfs == null ? -1 : nfs.indexOf(":/");
    String server = nfs == null || colon < 0 ? "127.0.0.1" : nfs.substring(0, colon);
    String path = nfs == null || colon < 0 ? "/" + datastore : nfs.substring(colon + 1);
    String local =
        folder == null ? "" : Files.createDirectories(folder.resolve(datastore)).toString();
    return new DatastoreMount(datastore, server, path, reachability, local);
  }

  /** Mounts as a host does, else as a simulator does. */
  List<HostResult> mountSomehow(Path folder, List<String> hosts) throws IOException {
    List<HostResult> results = vcenter.registerDatastore(mount(null, _ -> ""), hosts);
    return results.stream().allMatch(each -> each.outcome() == Outcome.DONE)
        ? results
        : vcenter.registerDatastore(mount(folder, _ -> ""), hosts);
  }

  /** Makes an empty machine of our own on the datastore under test. */
  VmRef createMachine(String name, String host) {
    PropertyRow on =
        properties.all("hosts", "HostSystem", "name", "parent").stream()
            .filter(each -> each.text("name").equals(host))
            .findFirst()
            .orElseThrow();
    ManagedObjectReference parent = on.get("parent", ManagedObjectReference.class).orElseThrow();
    ManagedObjectReference pool =
        properties
            .one("pool", parent, "resourcePool")
            .get("resourcePool", ManagedObjectReference.class)
            .orElseThrow();
    VirtualMachineFileInfo files = new VirtualMachineFileInfo();
    files.setVmPathName("[" + datastore + "]");
    VirtualMachineConfigSpec spec = new VirtualMachineConfigSpec();
    spec.setName(name);
    spec.setGuestId("otherGuest");
    spec.setMemoryMB(32L);
    spec.setNumCPUs(1);
    spec.setFiles(files);
    ManagedObjectReference task =
        vcenter
            .session()
            .change(
                "the test's machine cannot be made",
                (port, _) -> port.createVM_Task(vmFolder(parent), spec, pool, on.object()));
    Object made = new Tasks(properties).await("create", task, LIMIT, () -> {});
    return new VmRef("real", ((ManagedObjectReference) assertPresent(made)).getVal());
  }

  private static Object assertPresent(@org.jspecify.annotations.Nullable Object value) {
    assertNotNull(value);
    return value;
  }

  private ManagedObjectReference vmFolder(ManagedObjectReference start) {
    ManagedObjectReference each = start;
    while (!each.getType().equals("Datacenter")) {
      each =
          properties
              .one("parent", each, "parent")
              .get("parent", ManagedObjectReference.class)
              .orElseThrow();
    }
    return properties
        .one("folder", each, "vmFolder")
        .get("vmFolder", ManagedObjectReference.class)
        .orElseThrow();
  }

  /** Deletes a machine of our own with its files. */
  void destroy(VmRef vm) {
    ManagedObjectReference task =
        vcenter.session().change("destroy", (port, _) -> port.destroy_Task(VmReader.reference(vm)));
    new Tasks(properties).await("destroy", task, LIMIT, () -> {});
  }

  /** Moves a machine of our own to another host. */
  void relocate(VmRef vm, String host) {
    ManagedObjectReference target =
        properties.all("hosts", "HostSystem", "name").stream()
            .filter(each -> each.text("name").equals(host))
            .findFirst()
            .orElseThrow()
            .object();
    com.vmware.vim25.VirtualMachineRelocateSpec spec =
        new com.vmware.vim25.VirtualMachineRelocateSpec();
    spec.setHost(target);
    ManagedObjectReference task =
        vcenter
            .session()
            .change(
                "relocate",
                (port, _) ->
                    port.relocateVM_Task(
                        VmReader.reference(vm),
                        spec,
                        com.vmware.vim25.VirtualMachineMovePriority.defaultPriority));
    new Tasks(properties).await("relocate", task, LIMIT, () -> {});
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

  /** Takes a role away again. */
  void removeRole(String name) {
    vcenter
        .session()
        .change(
            "remove the test's role",
            (port, content) -> {
              PropertyRow row =
                  properties.one("roles", content.getAuthorizationManager(), "roleList");
              for (var role :
                  row.get("roleList", com.vmware.vim25.AuthorizationRole[].class).orElseThrow()) {
                if (role.getName().equals(name)) {
                  port.removeAuthorizationRole(
                      content.getAuthorizationManager(), role.getRoleId(), false);
                }
              }
              return "";
            });
  }

  @Override
  public void close() {
    vcenter.close();
  }
}
