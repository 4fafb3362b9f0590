package org.opendvx.coordinator.testing;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.opendvx.coordinator.session.Machines;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.GuestInfo;
import org.opendvx.core.vm.PowerOff;
import org.opendvx.core.vm.PowerState;
import org.opendvx.core.vm.VmDescription;
import org.opendvx.core.vm.VmRef;

/** Machines that a test makes up, and the facts that were passed into them. */
public final class FakeInventory implements Machines, GuestInfo {
  /** The hypervisor's name. */
  public static final String NAME = "fake";

  private final Map<VmRef, VmDescription> machines = new ConcurrentHashMap<>();
  private final Map<VmRef, String> nonces = new ConcurrentHashMap<>();
  private final Map<VmRef, PowerOff> offs = new ConcurrentHashMap<>();
  private volatile boolean passesFacts = true;

  /** Adds a running machine with one disk. */
  public VmDescription add(String id, String biosUuid, List<String> macs) {
    return put(id, PowerState.ON, biosUuid, macs);
  }

  /** Adds or replaces a machine. */
  public VmDescription put(String id, PowerState power, String biosUuid, List<String> macs) {
    VmRef ref = new VmRef(NAME, id);
    String disk = "/" + id + "/" + id + "-flat.vmdk";
    VmDescription vm =
        new VmDescription(
            ref,
            id,
            power,
            "host1",
            biosUuid,
            "instance-" + id,
            List.of(disk),
            List.of(new VmDescription.VmDisk("Hard disk 1", List.of(disk), 1 << 20)),
            List.of(),
            "",
            Map.of(),
            false,
            macs);
    machines.put(ref, vm);
    return vm;
  }

  /** Switches a machine off, or on; its hypervisor tells what is given, if anything. */
  public void power(VmRef ref, PowerState power, @Nullable PowerOff told) {
    VmDescription vm = describe(ref);
    put(ref.id(), power, vm.biosUuid(), vm.macs());
    if (told == null) {
      offs.remove(ref);
    } else {
      offs.put(ref, told);
    }
  }

  /** How a machine came to be off, as its hypervisor tells. */
  public Optional<PowerOff> lastPowerOff(VmRef ref) {
    return Optional.ofNullable(offs.get(ref));
  }

  /** Gives a machine other disks; its files stay. */
  public void disks(VmRef ref, List<VmDescription.VmDisk> disks) {
    VmDescription vm = describe(ref);
    machines.put(
        ref,
        new VmDescription(
            ref,
            vm.name(),
            vm.power(),
            vm.host(),
            vm.biosUuid(),
            vm.instanceUuid(),
            vm.files(),
            disks,
            vm.foreignDisks(),
            vm.configuration(),
            vm.hardware(),
            vm.hypervisorSnapshots(),
            vm.macs()));
  }

  /** Whether nonces can be set. */
  public void passesFacts(boolean value) {
    passesFacts = value;
  }

  /** What a guest on this machine reads, empty when nothing was set. */
  public String read(VmRef vm) {
    return nonces.getOrDefault(vm, "");
  }

  @Override
  public VmDescription describe(VmRef vm) {
    VmDescription found = machines.get(vm);
    if (found == null) {
      throw DvxException.of(Kind.NOT_FOUND, "no machine " + vm).build();
    }
    return found;
  }

  @Override
  public Optional<GuestInfo> guestInfo(String hypervisor) {
    return passesFacts ? Optional.of(this) : Optional.empty();
  }

  @Override
  public List<String> hypervisors() {
    return List.of(NAME);
  }

  @Override
  public String property() {
    return "guestinfo.dvx.nonce";
  }

  @Override
  public void set(VmRef vm, String value) {
    nonces.put(vm, value);
  }

  @Override
  public List<VmRef> byBiosUuid(String uuid) {
    return machines.values().stream()
        .filter(vm -> vm.biosUuid().equals(uuid))
        .map(VmDescription::ref)
        .toList();
  }
}
