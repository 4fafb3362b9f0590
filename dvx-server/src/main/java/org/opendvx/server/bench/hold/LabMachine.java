package org.opendvx.server.bench.hold;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.opendvx.coordinator.session.Machines;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.GuestInfo;
import org.opendvx.core.vm.Hypervisor;
import org.opendvx.core.vm.PowerState;
import org.opendvx.core.vm.VmDescription;
import org.opendvx.core.vm.VmMobility;
import org.opendvx.core.vm.VmRef;
import org.opendvx.core.vm.VmSummary;

/** An inventory with one machine, that of a {@code LinuxGuest}; it can do nothing but be asked. */
final class LabMachine implements Hypervisor, Machines, GuestInfo {
  static final String NAME = "linux1";
  static final String BIOS = "564d0a1b-2c3d-4e5f-8091-a2b3c4d5e6f7";
  static final String MAC = "00:50:56:ab:cd:01";
  static final VmRef REF = new VmRef("lab", NAME);

  private final VmDescription vm;
  private volatile Nonces nonces = _ -> {};

  /** Where nonces go. */
  @FunctionalInterface
  interface Nonces {
    void pass(String nonce) throws IOException;
  }

  LabMachine(List<String> disks, long diskBytes) {
    this.vm =
        new VmDescription(
            REF,
            NAME,
            PowerState.ON,
            "host1",
            BIOS,
            "instance-" + NAME,
            disks,
            disks.stream()
                .map(disk -> new VmDescription.VmDisk(disk, List.of(disk), diskBytes))
                .toList(),
            List.of(),
            "",
            Map.of(),
            false,
            List.of(MAC));
  }

  void passTo(Nonces guest) {
    nonces = guest;
  }

  @Override
  public String name() {
    return REF.hypervisor();
  }

  @Override
  public VmDescription describe(VmRef asked) {
    if (!asked.equals(REF)) {
      throw DvxException.of(Kind.NOT_FOUND, "There is no machine " + asked).build();
    }
    return vm;
  }

  @Override
  public Optional<GuestInfo> guestInfo(String hypervisor) {
    return Optional.of(this);
  }

  @Override
  public List<String> hypervisors() {
    return List.of(REF.hypervisor());
  }

  @Override
  public String property() {
    return "guestinfo.dvx.nonce";
  }

  @Override
  public void set(VmRef asked, String value) {
    try {
      nonces.pass(value);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public List<VmRef> byBiosUuid(String uuid) {
    return uuid.equals(BIOS) ? List.of(REF) : List.of();
  }

  @Override
  public List<VmSummary> vms() {
    return List.of();
  }

  private static UnsupportedOperationException never() {
    return new UnsupportedOperationException("this inventory is for looking things up");
  }

  @Override
  public void powerOn(VmRef asked, Duration limit) {
    throw never();
  }

  @Override
  public void powerOff(VmRef asked, Duration limit) {
    throw never();
  }

  @Override
  public void reload(VmRef asked) {
    throw never();
  }

  @Override
  public VmRef register(String configuration, String name, VmRef likeVm, Duration limit) {
    throw never();
  }

  @Override
  public void unregister(VmRef asked) {
    throw never();
  }

  @Override
  public Map<String, byte[]> rewriteForClone(
      Map<String, byte[]> files, Map<String, String> names, String newName) {
    throw never();
  }

  @Override
  public Map<String, byte[]> rewriteForRestore(Map<String, byte[]> files) {
    throw never();
  }

  @Override
  public boolean describesMachine(String path) {
    return false;
  }

  @Override
  public List<HostResult> registerDatastore(DatastoreMount mount, List<String> hosts) {
    throw never();
  }

  @Override
  public List<HostResult> unregisterDatastore(String datastore, List<String> hosts) {
    throw never();
  }

  @Override
  public List<HostState> hosts(String datastore) {
    return List.of();
  }

  @Override
  public AutoCloseable watch(Consumer<VmMobility> listener) {
    return () -> {};
  }

  @Override
  public void close() {}
}
