package org.opendvx.vsphere;

import com.vmware.vim25.AboutInfo;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.opendvx.core.vm.GuestInfo;
import org.opendvx.core.vm.Hypervisor;
import org.opendvx.core.vm.VmDescription;
import org.opendvx.core.vm.VmMobility;
import org.opendvx.core.vm.VmRef;
import org.opendvx.core.vm.VmSummary;
import org.opendvx.vsphere.inventory.DatastoreMounter;
import org.opendvx.vsphere.inventory.GuestProperties;
import org.opendvx.vsphere.inventory.RoleMaker;
import org.opendvx.vsphere.inventory.VmControl;
import org.opendvx.vsphere.inventory.VmReader;
import org.opendvx.vsphere.session.VimSession;
import org.opendvx.vsphere.vmx.Identity;
import org.opendvx.vsphere.vmx.MachineFiles;
import org.opendvx.vsphere.watch.VmWatch;

/**
 * A vCenter as DVX needs it. It connects when it is first used, so that a node starts while vCenter
 * is down. Tried against simulators only, never against a vCenter or ESXi.
 */
public final class VSphere implements Hypervisor {
  private static final Duration FIRST_STATE = Duration.ofSeconds(10);

  private final VSphereConfig config;
  private final VimSession session;
  private final VmReader reader;
  private final VmControl control;
  private final DatastoreMounter mounter;
  private final RoleMaker roles;
  private final MachineFiles files;
  private final GuestProperties guests;
  private final Set<VmWatch> watches = ConcurrentHashMap.newKeySet();

  /** A connection; nothing is sent yet. */
  public VSphere(VSphereConfig config) {
    this.config = config;
    this.session =
        new VimSession(config.url(), config.credentials(), config.trust(), config.callLimit());
    this.reader = new VmReader(config.name(), config.datastore(), session);
    this.control = new VmControl(config.name(), config.datastore(), session);
    this.mounter = new DatastoreMounter(session);
    this.roles = new RoleMaker(session);
    this.guests = new GuestProperties(config.name(), session);
    this.files = new MachineFiles(Identity.secure());
  }

  @Override
  public String name() {
    return config.name();
  }

  /** What answers at the address, in words: product, version and build. Logs in if need be. */
  public String about() {
    AboutInfo about = session.read("vCenter does not answer", (_, content) -> content.getAbout());
    return about == null ? "" : about.getFullName();
  }

  /** The session, for what the port does not offer. */
  VimSession session() {
    return session;
  }

  @Override
  public List<VmSummary> vms() {
    return reader.summaries();
  }

  @Override
  public VmDescription describe(VmRef vm) {
    return reader.describe(vm);
  }

  @Override
  public void powerOn(VmRef vm, Duration limit) {
    control.powerOn(vm, limit);
  }

  @Override
  public void powerOff(VmRef vm, Duration limit) {
    control.powerOff(vm, limit);
  }

  @Override
  public void reload(VmRef vm) {
    control.reload(vm);
  }

  @Override
  public VmRef register(String configuration, String name, VmRef likeVm, Duration limit) {
    return control.register(configuration, name, likeVm, limit);
  }

  /**
   * Registers a machine that is like no other: on the named host, in the topmost folder of its
   * datacenter.
   */
  public VmRef registerOn(String configuration, String name, String host, Duration limit) {
    return control.registerOn(configuration, name, host, limit);
  }

  @Override
  public void unregister(VmRef vm) {
    control.unregister(vm);
  }

  @Override
  public Map<String, byte[]> rewriteForClone(
      Map<String, byte[]> described, Map<String, String> names, String newName) {
    return files.forClone(described, names, newName);
  }

  @Override
  public Map<String, byte[]> rewriteForRestore(Map<String, byte[]> described) {
    return files.forRestore(described);
  }

  @Override
  public boolean describesMachine(String path) {
    return MachineFiles.describes(path);
  }

  @Override
  public List<HostResult> registerDatastore(DatastoreMount mount, List<String> hosts) {
    return mounter.mount(mount, hosts);
  }

  @Override
  public List<HostResult> unregisterDatastore(String datastore, List<String> hosts) {
    return mounter.unmount(datastore, hosts);
  }

  @Override
  public List<HostState> hosts(String datastore) {
    return mounter.states(datastore);
  }

  /** Makes or updates the role with the least privileges that DVX's account needs. */
  public RoleMaker.Result createRole(String role) {
    return roles.make(role);
  }

  /**
   * Starts to follow machines, and waits a little for the first state, so that what happens after
   * the return is told. A vCenter that is down is waited for in the background.
   */
  @Override
  public AutoCloseable watch(Consumer<VmMobility> listener) {
    VmWatch watch = new VmWatch(config.name(), session, listener);
    watches.add(watch);
    watch.awaitSynced(FIRST_STATE);
    return () -> {
      watches.remove(watch);
      watch.close();
    };
  }

  @Override
  public Optional<GuestInfo> guestInfo() {
    return Optional.of(guests);
  }

  @Override
  public void close() {
    watches.forEach(VmWatch::close);
    watches.clear();
    session.close();
  }
}
