package org.opendvx.vsphere;

import com.vmware.vim25.AboutInfo;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.ConvertsMachines;
import org.opendvx.core.vm.FrozenFiles;
import org.opendvx.core.vm.GuestInfo;
import org.opendvx.core.vm.Hypervisor;
import org.opendvx.core.vm.MachineFolder;
import org.opendvx.core.vm.MachinePlan;
import org.opendvx.core.vm.PowerOff;
import org.opendvx.core.vm.RestorePoint;
import org.opendvx.core.vm.VmClone;
import org.opendvx.core.vm.VmConvert;
import org.opendvx.core.vm.VmDescription;
import org.opendvx.core.vm.VmMobility;
import org.opendvx.core.vm.VmRef;
import org.opendvx.core.vm.VmSummary;
import org.opendvx.vsphere.convert.MachineTexts;
import org.opendvx.vsphere.convert.PlanReader;
import org.opendvx.vsphere.inventory.DatastoreMounter;
import org.opendvx.vsphere.inventory.GuestProperties;
import org.opendvx.vsphere.inventory.PowerEvents;
import org.opendvx.vsphere.inventory.RoleMaker;
import org.opendvx.vsphere.inventory.VmControl;
import org.opendvx.vsphere.inventory.VmReader;
import org.opendvx.vsphere.session.VimSession;
import org.opendvx.vsphere.vmx.Identity;
import org.opendvx.vsphere.vmx.MachineFiles;
import org.opendvx.vsphere.watch.VmWatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A vCenter as DVX needs it. It connects when it is first used, so that a node starts while vCenter
 * is down. Tried against simulators only, never against a vCenter or ESXi.
 */
public final class VSphere implements Hypervisor, ConvertsMachines {
  private static final Logger LOG = LoggerFactory.getLogger(VSphere.class);
  private static final Duration FIRST_STATE = Duration.ofSeconds(10);

  private final VSphereConfig config;
  private final VimSession session;
  private final VmReader reader;
  private final VmControl control;
  private final DatastoreMounter mounter;
  private final RoleMaker roles;
  private final MachineFiles files;
  private final GuestProperties guests;
  private final PowerEvents powerEvents;
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
    this.powerEvents = new PowerEvents(session);
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
  public Optional<PowerOff> lastPowerOff(VmRef vm) {
    return powerEvents.last(vm);
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
  public String machineKind() {
    return "vsphere";
  }

  @Override
  public MachinePlan plan(Datastore datastore, VmDescription saved, RestorePoint point) {
    return new PlanReader(new FrozenFiles(datastore, point), saved).read();
  }

  @Override
  public VmClone.Cloned adopt(Datastore datastore, MachinePlan plan, VmConvert.Request request) {
    String host =
        mounter.states(config.datastore()).stream()
            .filter(each -> each.connected() && each.mounted())
            .map(HostState::host)
            .findFirst()
            .orElseThrow(
                () ->
                    DvxException.of(Kind.CONFLICT, "vCenter has no host for the machine")
                        .cause("The datastore is mounted on no host that is connected")
                        .remedy("dvx vcenter mount " + config.name())
                        .build());
    MachineTexts texts = new MachineTexts(plan, request);
    MachineFolder folder =
        MachineFolder.make(datastore, request.name(), texts.data(), texts.texts());
    String configuration = folder.path() + "/" + texts.configurationName();
    VmRef vm;
    try {
      vm = control.registerOn(configuration, request.name(), host, request.limit());
    } catch (DvxException e) {
      if (e.kind() == Kind.UNAVAILABLE || e.kind() == Kind.TIMEOUT) {
        LOG.warn("{} stays: vCenter may have registered it", configuration);
      } else {
        folder.removeBecause(e);
      }
      throw e;
    }
    if (request.powerOn()) {
      control.powerOn(vm, request.limit());
    }
    List<String> files = new ArrayList<>();
    texts.data().keySet().forEach(file -> files.add(folder.path() + "/" + file));
    files.add(configuration);
    return new VmClone.Cloned(
        vm,
        folder.path(),
        files,
        List.of(
            "0 bytes copied",
            "disks are on AHCI controllers, network cards are e1000e",
            "the guest's type is a general one: set the exact one in vCenter",
            request.keepMacs()
                ? "networks have the MAC addresses of the original"
                : "networks have new MAC addresses"));
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
