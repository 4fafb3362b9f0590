package org.opendvx.vsphere;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.URI;
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
import org.opendvx.core.vm.VmDescription;
import org.opendvx.core.vm.VmMobility;
import org.opendvx.core.vm.VmRef;
import org.opendvx.core.vm.VmSummary;
import org.opendvx.vsphere.session.Credentials;
import org.opendvx.vsphere.soap.TlsTrust;

/** The whole adapter against any vCenter; see {@link RealVCenter} for how to name one. */
@Timeout(300)
class RealVCenterTest {
  private static final int MOST_DESCRIBED = 50;

  @TempDir Path folder;
  private RealVCenter real;
  private VSphere vcenter;

  @BeforeEach
  void connect() {
    real = RealVCenter.connect();
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
    URI url = URI.create(System.getenv("DVX_TEST_VCENTER_URL"));
    try (VSphere distrusting =
        new VSphere(
            VSphereConfig.of(
                "x",
                url,
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
      VmDescription machine = vcenter.describe(each.ref());
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
    String role = real.datastore;
    try {
      assertTrue(vcenter.createRole(role).created());
      assertFalse(vcenter.createRole(role).created());
    } finally {
      real.removeRole(role);
    }
  }

  @Test
  void refusesHostsThatTheListenerKeepsOut() throws IOException {
    List<HostResult> results =
        vcenter.registerDatastore(real.mount(null, _ -> "kept out"), real.hosts());
    for (HostResult each : results) {
      assertEquals(Outcome.REFUSED, each.outcome(), each.reason());
    }
    assertTrue(vcenter.hosts(real.datastore).stream().noneMatch(HostState::mounted));
  }

  @Test
  void mountsTwiceAndUnmountsTwice() throws IOException {
    List<String> hosts = mounted();
    try {
      for (HostResult each : real.mountSomehow(folder, hosts)) {
        assertEquals(Outcome.ALREADY, each.outcome(), each.reason());
      }
      for (HostState each : vcenter.hosts(real.datastore)) {
        assertEquals(hosts.contains(each.host()), each.mounted(), each.host());
      }
    } finally {
      for (HostResult each : vcenter.unregisterDatastore(real.datastore, hosts)) {
        assertEquals(Outcome.DONE, each.outcome(), each.reason());
      }
    }
    for (HostResult each : vcenter.unregisterDatastore(real.datastore, hosts)) {
      assertEquals(Outcome.ALREADY, each.outcome(), each.reason());
    }
  }

  /** Mounts; a vCenter whose hosts cannot is told by a reason, and the rest skipped. */
  private List<String> mounted() throws IOException {
    List<String> hosts = real.hosts();
    List<HostResult> results = real.mountSomehow(folder, hosts);
    results.stream()
        .filter(each -> each.outcome() == Outcome.FAILED)
        .forEach(each -> assertFalse(each.reason().isBlank()));
    if (results.stream().anyMatch(each -> each.outcome() != Outcome.DONE)) {
      vcenter.unregisterDatastore(real.datastore, hosts);
      assumeTrue(false, "the hosts cannot mount the made-up export: " + results);
    }
    return hosts;
  }

  @Test
  void registersPowersMovesAndUnregistersAMachineAndTellsOfIt() throws Exception {
    List<String> hosts = mounted();
    VmRef like = null;
    VmRef vm = null;
    try {
      like = real.createMachine(real.datastore + "a", hosts.getFirst());
      VmRef made = real.createMachine(real.datastore + "b", hosts.getFirst());
      vm = made;
      String name = vcenter.describe(made).name();
      String configuration = vcenter.describe(made).configuration();
      assertTrue(configuration.endsWith(".vmx"), configuration);
      vcenter.unregister(made);
      vm = null;
      VmRef registered = vcenter.register(configuration, name, like, RealVCenter.LIMIT);
      vm = registered;
      VmDescription machine = vcenter.describe(registered);
      assertEquals(configuration, machine.configuration());
      assertTrue(machine.files().contains(configuration), machine.files().toString());
      assertEquals(hosts.getFirst(), machine.host());
      follow(registered, hosts);
    } finally {
      if (vm != null) {
        real.destroy(vm);
      }
      if (like != null) {
        real.destroy(like);
      }
      vcenter.unregisterDatastore(real.datastore, hosts);
    }
    assertTrue(vcenter.hosts(real.datastore).stream().noneMatch(HostState::mounted));
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
      assertEquals(
          hosts.getFirst(), assertInstanceOf(VmMobility.PoweredOn.class, next(told)).host());
      vcenter.powerOff(vm, RealVCenter.LIMIT);
      assertInstanceOf(VmMobility.PoweredOff.class, next(told));
      if (hosts.size() > 1) {
        real.relocate(vm, hosts.get(1));
        VmMobility event = next(told);
        if (event instanceof VmMobility.AboutToMove) {
          event = next(told);
        }
        VmMobility.Moved moved = assertInstanceOf(VmMobility.Moved.class, event);
        assertEquals(hosts, List.of(moved.source(), moved.target()));
      }
    }
  }

  private static VmMobility next(LinkedBlockingQueue<VmMobility> told) throws InterruptedException {
    VmMobility event = told.poll(60, TimeUnit.SECONDS);
    assertNotNull(event, "nothing was told");
    return event;
  }
}
