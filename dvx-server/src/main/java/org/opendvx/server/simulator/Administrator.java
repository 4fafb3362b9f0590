package org.opendvx.server.simulator;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.PowerState;
import org.opendvx.core.vm.TlsTrust;
import org.opendvx.core.vm.VmDescription;
import org.opendvx.core.vm.VmRef;
import org.opendvx.core.vm.VmSummary;
import org.opendvx.vsphere.VSphere;
import org.opendvx.vsphere.VSphereConfig;
import org.opendvx.vsphere.session.Credentials;

/** What a person would do in vCenter's own client: register machines and switch them on. */
public final class Administrator implements AutoCloseable {
  private static final Duration LIMIT = Duration.ofSeconds(30);

  private final VSphere vcenter;
  private final VmRef other;

  private Administrator(VSphere vcenter, VmRef other) {
    this.vcenter = vcenter;
    this.other = other;
  }

  /**
   * Logs in.
   *
   * @param datastore the datastore's name in the inventory
   */
  public static Administrator logIn(Simulator simulator, String datastore) {
    VSphere vcenter =
        new VSphere(
            VSphereConfig.of(
                "demo",
                simulator.url(),
                new Credentials(simulator.user(), simulator::password),
                new TlsTrust.Pinned(simulator.certificate()),
                datastore));
    try {
      VmRef other =
          vcenter.vms().stream()
              .map(VmSummary::ref)
              .findFirst()
              .orElseThrow(
                  () ->
                      DvxException.of(Kind.INTERNAL, "vCenter holds no machine to begin with")
                          .build());
      return new Administrator(vcenter, other);
    } catch (RuntimeException e) {
      vcenter.close();
      throw e;
    }
  }

  /** The id of a machine that is not ours and that nobody needs. */
  public String throwAwayMachine() {
    return other.id();
  }

  /** What vCenter says that it is. */
  public String about() {
    return vcenter.about();
  }

  /** Registers a machine from its files on the datastore and switches it on. */
  public void registerAndStart(EsxMachine machine) {
    VmRef vm = vcenter.register(machine.configuration(), machine.name(), other, LIMIT);
    vcenter.powerOn(vm, LIMIT);
  }

  /** Registers a machine on a host and switches it on. */
  public void registerAndStart(EsxMachine machine, String host) {
    VmRef vm = vcenter.registerOn(machine.configuration(), machine.name(), host, LIMIT);
    vcenter.powerOn(vm, LIMIT);
  }

  /** Whether vCenter's inventory has a machine of this name, switched on, on our datastore. */
  public boolean runs(String name) {
    Optional<VmSummary> found =
        vcenter.vms().stream().filter(vm -> vm.name().equals(name)).findFirst();
    return found.isPresent() && found.get().onDatastore() && found.get().power() == PowerState.ON;
  }

  /** What vCenter knows of a machine. */
  public VmDescription describe(String name) {
    return vcenter.vms().stream()
        .filter(vm -> vm.name().equals(name))
        .findFirst()
        .map(vm -> vcenter.describe(vm.ref()))
        .orElseThrow(
            () -> DvxException.of(Kind.NOT_FOUND, "vCenter has no machine " + name).build());
  }

  /** The names of the machines in vCenter's inventory. */
  public List<String> machines() {
    return vcenter.vms().stream().map(VmSummary::name).sorted().toList();
  }

  /** Logs out. */
  @Override
  public void close() {
    vcenter.close();
  }
}
