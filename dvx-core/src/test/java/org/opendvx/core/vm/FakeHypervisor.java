package org.opendvx.core.vm;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/** Knows machines by what the test says of them, and keeps a list of the calls. */
final class FakeHypervisor implements Hypervisor {
  final Map<VmRef, VmDescription> machines = new LinkedHashMap<>();
  final List<String> calls = new ArrayList<>();
  boolean refuseRegister;

  /** Whether the machine starts while locks and leases are looked at. */
  boolean startsWhileChecked;

  /** The number of the description, counted from 1, from which on machines are on. */
  int onFromDescription = Integer.MAX_VALUE;

  boolean rewritesWhatIsMissing;
  int descriptions;

  @Override
  public String name() {
    return "fake";
  }

  @Override
  public List<VmSummary> vms() {
    return machines.values().stream()
        .map(vm -> new VmSummary(vm.ref(), vm.name(), vm.power(), vm.host(), true))
        .toList();
  }

  @Override
  public VmDescription describe(VmRef vm) {
    VmDescription found = machines.get(vm);
    if (found == null) {
      throw DvxException.of(Kind.NOT_FOUND, "no machine " + vm).build();
    }
    return ++descriptions >= onFromDescription ? powered(found, PowerState.ON) : found;
  }

  private static VmDescription powered(VmDescription vm, PowerState power) {
    return new VmDescription(
        vm.ref(),
        vm.name(),
        power,
        vm.host(),
        vm.biosUuid(),
        vm.instanceUuid(),
        vm.files(),
        vm.disks(),
        vm.foreignDisks(),
        vm.configuration(),
        vm.hardware(),
        vm.hypervisorSnapshots());
  }

  @Override
  public void requireUnused(Datastore datastore, VmDescription vm) {
    if (startsWhileChecked) {
      machines.computeIfPresent(vm.ref(), (_, known) -> powered(known, PowerState.ON));
    }
  }

  @Override
  public void powerOn(VmRef vm, Duration limit) {
    calls.add("powerOn");
  }

  @Override
  public void powerOff(VmRef vm, Duration limit) {
    calls.add("powerOff");
    machines.computeIfPresent(vm, (_, known) -> powered(known, PowerState.OFF));
  }

  @Override
  public void reload(VmRef vm) {
    calls.add("reload");
  }

  @Override
  public VmRef register(String configuration, String name, VmRef likeVm, Duration limit) {
    if (refuseRegister) {
      throw DvxException.of(Kind.UNAVAILABLE, "no answer").build();
    }
    calls.add("register " + configuration);
    return new VmRef("fake", "new");
  }

  @Override
  public void unregister(VmRef vm) {
    calls.add("unregister");
  }

  @Override
  public Map<String, byte[]> rewriteForClone(
      Map<String, byte[]> files, Map<String, String> names, String newName) {
    return rewrite(files, "clone " + newName);
  }

  @Override
  public Map<String, byte[]> rewriteForRestore(Map<String, byte[]> files) {
    return rewritesWhatIsMissing
        ? Map.of("/web/missing.vmx", new byte[1])
        : rewrite(files, "restored");
  }

  private static Map<String, byte[]> rewrite(Map<String, byte[]> files, String note) {
    Map<String, byte[]> changed = new HashMap<>();
    files.forEach(
        (path, bytes) ->
            changed.put(
                path,
                (new String(bytes, StandardCharsets.UTF_8) + "|" + note)
                    .getBytes(StandardCharsets.UTF_8)));
    return changed;
  }

  @Override
  public boolean describesMachine(String path) {
    return path.endsWith(".vmx");
  }

  @Override
  public List<HostResult> registerDatastore(DatastoreMount mount, List<String> hosts) {
    return List.of();
  }

  @Override
  public List<HostResult> unregisterDatastore(String datastore, List<String> hosts) {
    return List.of();
  }

  @Override
  public List<HostState> hosts(String datastore) {
    return List.of();
  }

  @Override
  public AutoCloseable watch(Consumer<VmMobility> listener) {
    return () -> calls.add("unwatch");
  }

  @Override
  public void close() {
    calls.add("close");
  }
}
