package org.opendvx.server.testing;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.Hypervisor;
import org.opendvx.core.vm.PowerState;
import org.opendvx.core.vm.VmDescription;
import org.opendvx.core.vm.VmMobility;
import org.opendvx.core.vm.VmRef;
import org.opendvx.core.vm.VmSummary;
import org.opendvx.server.security.PrivateFiles;
import org.opendvx.server.service.HypervisorConnector;
import org.opendvx.server.service.HypervisorSettings;

/** A manager of two machines on two hosts, whose good password is {@value #PASSWORD}. */
public final class FakeHypervisor implements Hypervisor, HypervisorConnector.Connection {
  /** The password that it takes. */
  public static final String PASSWORD = "open sesame";

  private final HypervisorSettings settings;
  private final List<Consumer<VmMobility>> listeners = new CopyOnWriteArrayList<>();
  private volatile boolean mounted;

  private FakeHypervisor(HypervisorSettings settings) {
    this.settings = settings;
  }

  /** Makes such connections and hands the last one out. */
  public static final class Connector implements HypervisorConnector {
    private final List<FakeHypervisor> made = new CopyOnWriteArrayList<>();

    @Override
    public String kind() {
      return HypervisorSettings.VCENTER;
    }

    @Override
    public Connection connect(HypervisorSettings settings) {
      FakeHypervisor connection = new FakeHypervisor(settings);
      made.add(connection);
      return connection;
    }

    /** The connection made last. */
    public FakeHypervisor last() {
      return made.getLast();
    }
  }

  /** Tells the followers that a machine moved. */
  public void move(String vm, String from, String to) {
    VmMobility event =
        new VmMobility.Moved(
            new VmRef(settings.name(), vm), vm, Instant.parse("2026-01-01T00:00:00Z"), from, to);
    listeners.forEach(listener -> listener.accept(event));
  }

  /** Whether somebody follows. */
  public boolean followed() {
    return !listeners.isEmpty();
  }

  @Override
  public Hypervisor hypervisor() {
    return this;
  }

  @Override
  public String about() {
    if (!PrivateFiles.readSecret(settings.passwordFile()).equals(PASSWORD)) {
      throw DvxException.of(Kind.UNAUTHENTICATED, "vCenter refuses the account")
          .cause("The user or the password is wrong")
          .remedy("Correct them")
          .build();
    }
    return "Fake vCenter 8.0";
  }

  @Override
  public List<String> createRole(String role) {
    return List.of("System.Read", "Datastore.Browse");
  }

  @Override
  public String name() {
    return settings.name();
  }

  @Override
  public List<VmSummary> vms() {
    return List.of(
        new VmSummary(new VmRef(settings.name(), "vm-1"), "web1", PowerState.ON, "esx1", true),
        new VmSummary(new VmRef(settings.name(), "vm-2"), "other", PowerState.OFF, "esx2", false));
  }

  @Override
  public VmDescription describe(VmRef vm) {
    if (!vm.id().equals("vm-1")) {
      throw DvxException.of(Kind.NOT_FOUND, "vCenter has no such machine").build();
    }
    return new VmDescription(
        vm,
        "web1",
        PowerState.ON,
        "esx1",
        "4211",
        "5011",
        List.of("/web1/web1.vmx", "/web1/web1.vmdk"),
        List.of(new VmDescription.VmDisk("Hard disk 1", List.of("/web1/web1.vmdk"), 1L << 30)),
        List.of(
            new VmDescription.ForeignDisk(
                "Hard disk 2", "[local] x.vmdk", VmDescription.ForeignDisk.Reason.OTHER_DATASTORE)),
        "/web1/web1.vmx",
        Map.of("cpus", "2"),
        false);
  }

  @Override
  public void powerOn(VmRef vm, Duration limit) {}

  @Override
  public void powerOff(VmRef vm, Duration limit) {}

  @Override
  public void reload(VmRef vm) {}

  @Override
  public VmRef register(String configuration, String name, VmRef likeVm, Duration limit) {
    return likeVm;
  }

  @Override
  public void unregister(VmRef vm) {}

  @Override
  public Map<String, byte[]> rewriteForClone(
      Map<String, byte[]> files, Map<String, String> names, String newName) {
    return Map.of();
  }

  @Override
  public Map<String, byte[]> rewriteForRestore(Map<String, byte[]> files) {
    return Map.of();
  }

  @Override
  public boolean describesMachine(String path) {
    return path.endsWith(".vmx");
  }

  @Override
  public List<HostResult> registerDatastore(DatastoreMount mount, List<String> hosts) {
    mounted = true;
    String refusal = mount.reachability().apply("192.0.2.9");
    return List.of(
        new HostResult("esx1", HostResult.Outcome.DONE, ""),
        new HostResult(
            "esx2",
            refusal.isEmpty() ? HostResult.Outcome.DONE : HostResult.Outcome.REFUSED,
            refusal));
  }

  @Override
  public List<HostResult> unregisterDatastore(String datastore, List<String> hosts) {
    mounted = false;
    return List.of(new HostResult("esx1", HostResult.Outcome.DONE, ""));
  }

  @Override
  public List<HostState> hosts(String datastore) {
    return List.of(
        new HostState("esx1", "192.0.2.1", true, mounted),
        new HostState("esx2", "192.0.2.9", true, false));
  }

  @Override
  public AutoCloseable watch(Consumer<VmMobility> listener) {
    listeners.add(listener);
    return () -> listeners.remove(listener);
  }

  @Override
  public void close() {}
}
