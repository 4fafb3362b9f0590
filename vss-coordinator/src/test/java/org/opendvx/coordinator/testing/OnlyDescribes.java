package org.opendvx.coordinator.testing;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.opendvx.core.vm.Hypervisor;
import org.opendvx.core.vm.PowerOff;
import org.opendvx.core.vm.VmDescription;
import org.opendvx.core.vm.VmMobility;
import org.opendvx.core.vm.VmRef;
import org.opendvx.core.vm.VmSummary;

/** A hypervisor that can be asked for machines and for nothing else. */
public record OnlyDescribes(FakeInventory inventory) implements Hypervisor {
  @Override
  public String name() {
    return FakeInventory.NAME;
  }

  @Override
  public List<VmSummary> vms() {
    return List.of();
  }

  @Override
  public VmDescription describe(VmRef vm) {
    return inventory.describe(vm);
  }

  @Override
  public Optional<PowerOff> lastPowerOff(VmRef vm) {
    return inventory.lastPowerOff(vm);
  }

  @Override
  public void powerOn(VmRef vm, Duration limit) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void powerOff(VmRef vm, Duration limit) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void reload(VmRef vm) {
    throw new UnsupportedOperationException();
  }

  @Override
  public VmRef register(String configuration, String name, VmRef likeVm, Duration limit) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void unregister(VmRef vm) {
    throw new UnsupportedOperationException();
  }

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
    return false;
  }

  @Override
  public List<HostResult> registerDatastore(DatastoreMount mount, List<String> hosts) {
    throw new UnsupportedOperationException();
  }

  @Override
  public List<HostResult> unregisterDatastore(String datastore, List<String> hosts) {
    throw new UnsupportedOperationException();
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
