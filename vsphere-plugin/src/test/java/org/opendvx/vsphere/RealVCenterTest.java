package org.opendvx.vsphere;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.Hypervisor.HostResult;
import org.opendvx.core.vm.Hypervisor.HostResult.Outcome;
import org.opendvx.core.vm.Hypervisor.HostState;
import org.opendvx.core.vm.PowerState;
import org.opendvx.core.vm.TlsTrust;
import org.opendvx.core.vm.VmDescription;
import org.opendvx.core.vm.VmMobility;
import org.opendvx.core.vm.VmRef;
import org.opendvx.core.vm.VmSummary;
import org.opendvx.vsphere.session.Credentials;

/** The whole adapter against any vCenter; see {@link RealVCenter} for how to name one. */
@Timeout(300)
class RealVCenterTest {
  private static final int MOST_DESCRIBED = 50;

  @TempDir Path folder;
  private RealVCenter real;
  private VSphere vcenter;

  /** The vCenter under test, or the test is skipped. */
  RealVCenter open() {
    return RealVCenter.connect();
  }

  @BeforeEach
  void connect() {
    real = open();
    vcenter = real.vcenter;
  }

  @AfterEach
  @SuppressWarnings("NullAway") // JUnit calls this when connect() skipped the test too.
  void disconnect() {
    if (real != null) {
      real.close();
    }
  }

  @Test
  void saysWhatItIs() {
    assertFalse(vcenter.about().isBlank());
  }

  @Test
  void refusesAnotherCertificate() {
    try (VSphere distrusting =
        new VSphere(
            VSphereConfig.of(
                "x",
                real.url,
                new Credentials("nobody", () -> "nothing"),
                new TlsTrust.Pinned("ab".repeat(32)),
                "x"))) {
      assertEquals(Kind.UNAUTHENTICATED, assertThrows(DvxException.class, distrusting::vms).kind());
    }
  }

  @Test
  void listsHostsAndMachinesAndDescribesThem() {
    List<HostState> hosts = vcenter.hosts("no-such-datastore");
    assertTrue(hosts.stream().noneMatch(HostState::mounted));
    List<VmSummary> machines = vcenter.vms();
    for (VmSummary each : machines.stream().limit(MOST_DESCRIBED).toList()) {
      VmDescription machine;
      try {
        machine = vcenter.describe(each.ref());
      } catch (DvxException e) {
        assertEquals(Kind.NOT_FOUND, e.kind(), "it may have gone meanwhile");
        continue;
      }
      assertEquals(each.name(), machine.name());
      assertEquals(List.of(), machine.files(), "nothing is on a datastore that is not there");
      assertEquals(List.of(), machine.disks());
    }
  }

  @Test
  void saysThatAMachineIsNotThere() {
    assertEquals(
        Kind.NOT_FOUND,
        assertThrows(DvxException.class, () -> vcenter.describe(new VmRef("real", "vm-2147483647")))
            .kind());
  }

  @Test
  void goesOnWhenTheSessionIsLost() {
    List<VmSummary> before = vcenter.vms();
    real.loseSession();
    assertEquals(
        before.stream().map(VmSummary::ref).toList(),
        vcenter.vms().stream().map(VmSummary::ref).toList());
  }

  @Test
  void makesTheRoleTwice() {
    String role = real.roleName();
    assertTrue(vcenter.createRole(role).created());
    assertFalse(vcenter.createRole(role).created());
  }

  @Test
  void refusesHostsThatTheListenerKeepsOut() {
    List<HostResult> results =
        vcenter.registerDatastore(real.mount("", _ -> "kept out"), real.hosts());
    for (HostResult each : results) {
      assertEquals(Outcome.REFUSED, each.outcome(), each.reason());
    }
    assertTrue(vcenter.hosts(real.datastore).stream().noneMatch(HostState::mounted));
  }

  @Test
  void mountsTwiceAndUnmountsTwice() throws IOException {
    List<String> hosts = mounted();
    for (HostResult each : real.mountSomehow(folder, hosts)) {
      assertEquals(Outcome.ALREADY, each.outcome(), each.reason());
    }
    for (HostState each : vcenter.hosts(real.datastore)) {
      assertEquals(hosts.contains(each.host()), each.mounted(), each.host());
    }
    for (HostResult each : vcenter.unregisterDatastore(real.datastore, hosts)) {
      assertEquals(Outcome.DONE, each.outcome(), each.reason());
    }
    for (HostResult each : vcenter.unregisterDatastore(real.datastore, hosts)) {
      assertEquals(Outcome.ALREADY, each.outcome(), each.reason());
    }
    assertTrue(vcenter.hosts(real.datastore).stream().noneMatch(HostState::mounted));
  }

  /** Mounts; a vCenter whose hosts cannot is told by a reason, and the rest skipped. */
  private List<String> mounted() throws IOException {
    List<String> hosts = real.hosts();
    List<HostResult> results = real.mountSomehow(folder, hosts);
    results.stream()
        .filter(each -> each.outcome() == Outcome.FAILED)
        .forEach(each -> assertFalse(each.reason().isBlank()));
    assumeTrue(
        results.stream().noneMatch(each -> each.outcome() == Outcome.FAILED),
        "the hosts cannot mount the export: " + results);
    for (HostResult each : results) {
      assertEquals(Outcome.DONE, each.outcome(), each.reason());
    }
    return hosts;
  }

  @Test
  void registersPowersMovesAndUnregistersAMachineAndTellsOfIt() throws Exception {
    List<String> hosts = mounted();
    VmRef like = real.createMachine(real.datastore + "a", hosts.getFirst());
    VmRef made = real.createMachine(real.datastore + "b", hosts.getFirst());
    String name = vcenter.describe(made).name();
    String configuration = vcenter.describe(made).configuration();
    assertTrue(configuration.endsWith(".vmx"), configuration);
    vcenter.unregister(made);
    VmRef registered = real.own(vcenter.register(configuration, name, like, RealVCenter.LIMIT));
    VmDescription machine = vcenter.describe(registered);
    assertEquals(configuration, machine.configuration());
    assertTrue(machine.files().contains(configuration), machine.files().toString());
    assertEquals(hosts.getFirst(), machine.host());
    follow(registered, hosts);
  }

  private void follow(VmRef vm, List<String> hosts) throws Exception {
    LinkedBlockingQueue<VmMobility> told = new LinkedBlockingQueue<>();
    try (AutoCloseable _ =
        vcenter.watch(
            event -> {
              if (event.vm().equals(vm)) {
                told.add(event);
              }
            })) {
      vcenter.powerOn(vm, RealVCenter.LIMIT);
      assertEquals(PowerState.ON, vcenter.describe(vm).power());
      // A cluster that balances itself may choose another host at power on.
      VmMobility.PoweredOn on = awaited(VmMobility.PoweredOn.class, told);
      assertTrue(
          vcenter.hosts(real.datastore).stream().anyMatch(each -> each.host().equals(on.host())),
          on.host());
      vcenter.powerOff(vm, RealVCenter.LIMIT);
      awaited(VmMobility.PoweredOff.class, told);
      String source = vcenter.describe(vm).host();
      for (String target : hosts.stream().filter(each -> !each.equals(source)).limit(1).toList()) {
        real.relocate(vm, target);
        VmMobility.Moved moved = awaited(VmMobility.Moved.class, told);
        assertEquals(List.of(source, target), List.of(moved.source(), moved.target()));
        assertEquals(target, vcenter.describe(vm).host());
      }
    }
  }

  /** The next of a kind; announcements, and moves before a change of power, may come before it. */
  private static <T extends VmMobility> T awaited(
      Class<T> kind, LinkedBlockingQueue<VmMobility> told) throws InterruptedException {
    while (true) {
      VmMobility event = next(told);
      if (kind.isInstance(event)) {
        return kind.cast(event);
      }
      if (!(event instanceof VmMobility.AboutToMove)) {
        assertInstanceOf(VmMobility.Moved.class, event);
      }
    }
  }

  private static VmMobility next(LinkedBlockingQueue<VmMobility> told) throws InterruptedException {
    VmMobility event = told.poll(60, TimeUnit.SECONDS);
    assertNotNull(event, "nothing was told");
    return event;
  }
}
