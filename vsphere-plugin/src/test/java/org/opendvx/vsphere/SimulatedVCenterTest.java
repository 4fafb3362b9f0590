package org.opendvx.vsphere;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.GuestInfo;
import org.opendvx.core.vm.Hypervisor.DatastoreMount;
import org.opendvx.core.vm.Hypervisor.HostResult;
import org.opendvx.core.vm.Hypervisor.HostResult.Outcome;
import org.opendvx.core.vm.Hypervisor.HostState;
import org.opendvx.core.vm.PowerOff;
import org.opendvx.core.vm.PowerState;
import org.opendvx.core.vm.TlsTrust;
import org.opendvx.core.vm.VmDescription;
import org.opendvx.core.vm.VmDescription.ForeignDisk.Reason;
import org.opendvx.core.vm.VmRef;
import org.opendvx.core.vm.VmSummary;
import org.opendvx.vsphere.inventory.VmReader;
import org.opendvx.vsphere.session.Credentials;

/** The adapter against a simulated vCenter: inventory, datastore, machines, faults on the way. */
@Timeout(120)
class SimulatedVCenterTest {
  private static final DatastoreMount MOUNT =
      new DatastoreMount("dvx", "127.0.0.1", "/dvx", _ -> "", "");
  private static final Duration LIMIT = Duration.ofSeconds(20);

  @TempDir static Path folder;
  private static VCenterSimulator simulator;
  private VSphere vcenter;

  @BeforeAll
  static void startSimulator() throws IOException, InterruptedException {
    simulator =
        VCenterSimulator.start(
            folder,
            "--clusters",
            "2",
            "--hosts",
            "2",
            "--vms",
            "2",
            "--host-addresses",
            "127.0.0.11,127.0.0.12,127.0.0.13,127.0.0.14");
  }

  @AfterAll
  static void stopSimulator() throws IOException {
    if (simulator != null) {
      simulator.close();
      simulator.assertWhole();
    }
  }

  @BeforeEach
  void connect() {
    vcenter = simulator.connect();
  }

  @AfterEach
  void disconnect() throws IOException, InterruptedException {
    simulator.faults(Map.of());
    vcenter.unregisterDatastore("dvx", List.of());
    vcenter.close();
  }

  @Test
  void saysWhatItIsConnectedTo() {
    assertTrue(vcenter.about().contains("vCenter"), vcenter.about());
  }

  @Test
  void takesTheAddressWithAndWithoutItsPath() {
    for (String path : List.of("", "/", "/sdk", "/sdk/")) {
      java.net.URI url = java.net.URI.create("https://vc.example.com:8989" + path);
      assertEquals(
          "https://vc.example.com:8989/sdk",
          VSphereConfig.of(
                  "vc",
                  url,
                  new Credentials("u", () -> "p"),
                  new TlsTrust.SystemAuthorities(),
                  "dvx")
              .url()
              .toString());
    }
  }

  @Test
  void refusesAWrongPassword() {
    try (VSphere wrong =
        new VSphere(
            VSphereConfig.of(
                "vc",
                simulator.url(),
                new Credentials(VCenterSimulator.USER, () -> "wrong"),
                new TlsTrust.Pinned(simulator.sha256()),
                "dvx"))) {
      DvxException e = assertThrows(DvxException.class, wrong::vms);
      assertEquals(Kind.UNAUTHENTICATED, e.kind());
      assertFalse(e.render().contains("wrong"), e.render());
    }
  }

  @Test
  void refusesACertificateThatIsNotThePinnedOne() {
    String other = "00" + simulator.sha256().substring(2);
    DvxException e = refusal(new TlsTrust.Pinned(other));
    assertEquals(Kind.UNAUTHENTICATED, e.kind());
    assertTrue(e.render().contains(simulator.sha256()), e.render());
  }

  @Test
  void refusesACertificateThatNoKnownAuthorityIssued() {
    assertEquals(Kind.UNAUTHENTICATED, refusal(new TlsTrust.SystemAuthorities()).kind());
  }

  private static DvxException refusal(TlsTrust trust) {
    try (VSphere distrusting = over(simulator, trust)) {
      return assertThrows(DvxException.class, distrusting::vms);
    }
  }

  private static VSphere over(VCenterSimulator where, TlsTrust trust) {
    return new VSphere(
        VSphereConfig.of(
            "vc",
            where.url(),
            new Credentials(VCenterSimulator.USER, () -> VCenterSimulator.PASSWORD),
            trust,
            "dvx"));
  }

  @Test
  void believesAnAuthorityForTheNamesInTheCertificateOnly(@TempDir Path other)
      throws IOException, InterruptedException {
    try (VSphere trusting = over(simulator, new TlsTrust.Authority(simulator.certificateFile()))) {
      assertEquals(4, trusting.vms().size());
    }
    try (VCenterSimulator elsewhere =
        VCenterSimulator.start(other, "--names", "vcenter.invalid", "--hosts", "1")) {
      try (VSphere byAuthority =
          over(elsewhere, new TlsTrust.Authority(elsewhere.certificateFile()))) {
        assertEquals(
            Kind.UNAUTHENTICATED, assertThrows(DvxException.class, byAuthority::vms).kind());
      }
      try (VSphere byPin = over(elsewhere, new TlsTrust.Pinned(elsewhere.sha256()))) {
        assertEquals(List.of(), byPin.vms());
      }
    }
  }

  @Test
  void passesFactsIntoAMachineAndFindsItByItsBiosUuid() {
    VmRef vm = vcenter.vms().getFirst().ref();
    GuestInfo guests = vcenter.guestInfo().orElseThrow();
    assertEquals("guestinfo.dvx.nonce", guests.property());
    guests.set(vm, "a fact");
    VmDescription described = vcenter.describe(vm);
    assertEquals(List.of(vm), guests.byBiosUuid(described.biosUuid()));
    assertEquals(List.of(), guests.byBiosUuid("00000000-0000-0000-0000-000000000000"));
    assertTrue(
        described.macs().stream().allMatch(mac -> mac.matches("([0-9a-f]{2}:){5}[0-9a-f]{2}")),
        described.macs().toString());
    assertFalse(described.macs().isEmpty());
  }

  @Test
  void listsMachinesWithHostAndPower() {
    List<VmSummary> machines = vcenter.vms();
    assertEquals(
        List.of("DC0_C0_RP0_VM0", "DC0_C0_RP0_VM1", "DC0_C1_RP0_VM0", "DC0_C1_RP0_VM1"),
        machines.stream().map(VmSummary::name).toList());
    for (VmSummary each : machines) {
      assertTrue(each.host().startsWith("DC0_C"), each.host());
      assertFalse(each.onDatastore());
    }
  }

  @Test
  void namesADiskThatIsOnAnotherDatastore() {
    VmDescription machine = vcenter.describe(named("DC0_C0_RP0_VM0"));
    assertEquals(List.of(), machine.files());
    assertEquals(List.of(), machine.disks());
    assertEquals(1, machine.foreignDisks().size());
    assertEquals(Reason.OTHER_DATASTORE, machine.foreignDisks().getFirst().reason());
    assertTrue(machine.foreignDisks().getFirst().backing().startsWith("[LocalDS_0] "));
    assertEquals("", machine.configuration());
  }

  @Test
  void tellsThatAMachineIsUnknown() {
    DvxException e =
        assertThrows(DvxException.class, () -> vcenter.describe(new VmRef("vc", "vm-99999")));
    assertEquals(Kind.NOT_FOUND, e.kind());
  }

  private VmRef named(String name) {
    return vcenter.vms().stream()
        .filter(each -> each.name().equals(name))
        .findFirst()
        .orElseThrow()
        .ref();
  }

  @Test
  void mountsOnAllHostsOnceAndUnmounts() {
    List<HostResult> first = vcenter.registerDatastore(MOUNT, List.of());
    assertEquals(List.of(Outcome.DONE, Outcome.DONE, Outcome.DONE, Outcome.DONE), outcomes(first));
    assertEquals(
        List.of(Outcome.ALREADY, Outcome.ALREADY, Outcome.ALREADY, Outcome.ALREADY),
        outcomes(vcenter.registerDatastore(MOUNT, List.of())));
    assertTrue(vcenter.hosts("dvx").stream().allMatch(HostState::mounted));

    HostResult one = vcenter.unregisterDatastore("dvx", List.of("DC0_C0_H0")).getFirst();
    assertEquals(new HostResult("DC0_C0_H0", Outcome.DONE, ""), one);
    assertEquals(
        Map.of("DC0_C0_H0", false, "DC0_C0_H1", true, "DC0_C1_H0", true, "DC0_C1_H1", true),
        vcenter.hosts("dvx").stream()
            .collect(Collectors.toMap(HostState::host, HostState::mounted)));
    assertEquals(
        List.of(Outcome.ALREADY, Outcome.DONE, Outcome.DONE, Outcome.DONE),
        outcomes(vcenter.unregisterDatastore("dvx", List.of())));
  }

  /** On a host, removing such a datastore would format it away. */
  @Test
  void leavesADatastoreAloneThatIsNotNfs() throws IOException, InterruptedException {
    simulator.resetCalls();
    List<HostResult> results = vcenter.unregisterDatastore("LocalDS_0", List.of());
    assertTrue(results.stream().allMatch(each -> each.outcome() == Outcome.FAILED));
    assertTrue(results.getFirst().reason().contains("not shown as an NFS datastore"));
    assertEquals(0, simulator.calls("RemoveDatastore") + simulator.calls("Destroy_Task"));
  }

  private static List<Outcome> outcomes(List<HostResult> results) {
    return results.stream().map(HostResult::outcome).toList();
  }

  @Test
  void mountsOnChosenHostsAndNamesTheUnknown() {
    List<HostResult> results =
        vcenter.registerDatastore(MOUNT, List.of("DC0_C1_H1", "no-such-host"));
    assertEquals(List.of(Outcome.DONE, Outcome.FAILED), outcomes(results));
    assertTrue(results.get(1).reason().contains("no host of this name"));
  }

  @Test
  void refusesAHostThatTheListenerWouldNotLetIn() {
    DatastoreMount guarded =
        new DatastoreMount(
            "dvx",
            "127.0.0.1",
            "/dvx",
            address -> address.equals("127.0.0.12") ? "not in the allow-list" : "",
            "");
    Map<String, HostResult> results =
        vcenter.registerDatastore(guarded, List.of()).stream()
            .collect(Collectors.toMap(HostResult::host, each -> each));
    assertEquals(Outcome.DONE, at(results, "DC0_C0_H0").outcome());
    assertEquals(Outcome.REFUSED, at(results, "DC0_C0_H1").outcome());
    assertTrue(at(results, "DC0_C0_H1").reason().contains("127.0.0.12: not in the allow-list"));
  }

  private static HostResult at(Map<String, HostResult> results, String host) {
    HostResult result = results.get(host);
    if (result == null) {
      throw new AssertionError("no result for " + host);
    }
    return result;
  }

  @Test
  void doesNotTakeAnotherDatastoreOfTheSameNameForOurs() {
    vcenter.registerDatastore(MOUNT, List.of("DC0_C0_H0"));
    HostResult other =
        vcenter
            .registerDatastore(
                new DatastoreMount("dvx", "127.0.0.1", "/other", _ -> "", ""), List.of("DC0_C0_H0"))
            .getFirst();
    assertEquals(Outcome.FAILED, other.outcome());
    assertTrue(other.reason().contains("127.0.0.1:/dvx"), other.reason());
  }

  @Test
  void registersPowersReloadsAndUnregistersAMachine() throws IOException, InterruptedException {
    vcenter.registerDatastore(MOUNT, List.of());
    writeMachine("web", "scsi0:0.fileName = \"web.vmdk\"\n");
    simulator.resetCalls();
    VmRef vm = vcenter.register("/web/web.vmx", "web", named("DC0_C0_RP0_VM0"), LIMIT);
    VmDescription machine = vcenter.describe(vm);
    assertEquals("web", machine.name());
    assertEquals("/web/web.vmx", machine.configuration());
    assertEquals(List.of("/web/web-flat.vmdk", "/web/web.vmdk", "/web/web.vmx"), machine.files());
    assertEquals(1, machine.disks().size());
    assertEquals(
        List.of("/web/web.vmdk", "/web/web-flat.vmdk"), machine.disks().getFirst().chain());
    assertEquals(List.of(), machine.foreignDisks());
    assertEquals("564d1122-3344-5566-7788-99aabbccddee", machine.biosUuid());
    assertEquals("2048", machine.hardware().get("memory_mib"));
    assertEquals(PowerState.OFF, machine.power());
    assertTrue(
        vcenter.vms().stream().anyMatch(each -> each.ref().equals(vm) && each.onDatastore()));

    vcenter.powerOn(vm, LIMIT);
    vcenter.powerOn(vm, LIMIT);
    assertEquals(PowerState.ON, vcenter.describe(vm).power());
    assertEquals(1, simulator.calls("PowerOnVM_Task"));
    HostResult used =
        vcenter.unregisterDatastore("dvx", List.of(vcenter.describe(vm).host())).getFirst();
    assertEquals(Outcome.FAILED, used.outcome());
    assertTrue(used.reason().contains("ResourceInUse"), used.reason());
    assertEquals(
        Kind.CONFLICT, assertThrows(DvxException.class, () -> vcenter.unregister(vm)).kind());
    vcenter.powerOff(vm, LIMIT);
    vcenter.powerOff(vm, LIMIT);

    writeMachine(
        "web", "scsi0:0.fileName = \"web.vmdk\"\nscsi0:1.fileName = \"[LocalDS_0] x/y.vmdk\"\n");
    vcenter.reload(vm);
    VmDescription reloaded = vcenter.describe(vm);
    assertEquals(1, reloaded.disks().size());
    assertEquals("[LocalDS_0] x/y.vmdk", reloaded.foreignDisks().getFirst().backing());

    vcenter.unregister(vm);
    assertEquals(
        Kind.NOT_FOUND, assertThrows(DvxException.class, () -> vcenter.describe(vm)).kind());
    assertEquals(0, simulator.calls("CreateSnapshot_Task"));
  }

  private static void writeMachine(String name, String disks) throws IOException {
    Path home = Files.createDirectories(simulator.volume("dvx").resolve(name));
    String vmx =
        """
        .encoding = "UTF-8"
        displayName = "%s"
        memSize = "2048"
        numvcpus = "2"
        guestOS = "debian12-64"
        uuid.bios = "56 4d 11 22 33 44 55 66-77 88 99 aa bb cc dd ee"
        """
            .formatted(name);
    Files.writeString(home.resolve(name + ".vmx"), vmx + disks, StandardCharsets.UTF_8);
  }

  @Test
  void registersAMachineOnAHost() throws IOException {
    vcenter.registerDatastore(MOUNT, List.of("DC0_C1_H1"));
    writeMachine("first", "scsi0:0.fileName = \"first.vmdk\"\n");
    VmRef vm = vcenter.registerOn("/first/first.vmx", "first", "DC0_C1_H1", LIMIT);
    assertEquals("DC0_C1_H1", vcenter.describe(vm).host());
    assertThrows(
        DvxException.class,
        () -> vcenter.registerOn("/first/first.vmx", "again", "no-such-host", LIMIT));
    assertEquals(
        Kind.EXISTS,
        assertThrows(
                DvxException.class,
                () -> vcenter.registerOn("/first/first.vmx", "again", "DC0_C1_H1", LIMIT))
            .kind());
    vcenter.unregister(vm);
  }

  @Test
  void aSnapshotByTheHypervisorIsCounted() throws IOException, InterruptedException {
    simulator.resetCalls();
    VmRef vm = named("DC0_C0_RP0_VM0");
    assertEquals(0, simulator.calls("CreateSnapshot_Task"));
    vcenter
        .session()
        .change(
            "the control run",
            (port, _) ->
                port.createSnapshot_Task(VmReader.reference(vm), "control", "", false, false));
    assertEquals(1, simulator.calls("CreateSnapshot_Task"));
    assertTrue(vcenter.describe(vm).hypervisorSnapshots());
  }

  @Test
  void registeringWhatIsNotThereSaysSo() {
    vcenter.registerDatastore(MOUNT, List.of());
    DvxException e =
        assertThrows(
            DvxException.class,
            () -> vcenter.register("/no/no.vmx", "no", named("DC0_C0_RP0_VM0"), LIMIT));
    assertEquals(Kind.NOT_FOUND, e.kind());
  }

  @Test
  void makesTheRoleAndMakesItAgain() {
    assertTrue(vcenter.createRole("OpenDVX").created());
    assertFalse(vcenter.createRole("OpenDVX").created());
    assertThrows(DvxException.class, () -> vcenter.createRole("Admin"));
  }

  @Test
  void readsGoOnThroughDroppedConnectionsAndUnavailability()
      throws IOException, InterruptedException {
    vcenter.vms();
    simulator.faults(Map.of("dropped", "1"));
    assertEquals(4, vcenter.vms().size());
    simulator.faults(Map.of("unavailable", "2"));
    assertEquals(4, vcenter.vms().size());
    simulator.faults(Map.of("dropped-late", "1"));
    assertEquals(4, vcenter.vms().size());
  }

  @Test
  void readsGiveUpOnLastingUnavailabilityAndSayWhy() throws IOException, InterruptedException {
    vcenter.vms();
    simulator.faults(Map.of("unavailable", "100"));
    DvxException e = assertThrows(DvxException.class, vcenter::vms);
    assertEquals(Kind.UNAVAILABLE, e.kind());
    assertTrue(e.render().contains("HTTP 503"), e.render());
  }

  @Test
  void logsInAgainWhenTheSessionIsLost() throws IOException, InterruptedException {
    vcenter.vms();
    simulator.resetCalls();
    simulator.dropSessions();
    assertEquals(4, vcenter.vms().size());
    assertEquals(1, simulator.calls("Login"));
    simulator.dropSessions();
    assertEquals(
        Outcome.DONE, vcenter.registerDatastore(MOUNT, List.of("DC0_C0_H0")).getFirst().outcome());
    assertEquals(2, simulator.calls("Login"));
  }

  @Test
  void aLostSessionIsNotTakenForAnEmptyVCenter() throws IOException, InterruptedException {
    VmRef vm = named("DC0_C1_RP0_VM0");
    simulator.dropSessions();
    assertEquals("DC0_C1_RP0_VM0", vcenter.describe(vm).name());
  }

  @Test
  void aChangeWhoseAnswerIsLostIsSentOnceAndItsEffectFound()
      throws IOException, InterruptedException {
    vcenter.vms();
    simulator.resetCalls();
    simulator.faults(Map.of("dropped-late", "1", "methods", "CreateNasDatastore"));
    HostResult result = vcenter.registerDatastore(MOUNT, List.of("DC0_C0_H0")).getFirst();
    assertEquals(Outcome.DONE, result.outcome(), result.reason());
    assertEquals(1, simulator.calls("CreateNasDatastore"));
    assertTrue(vcenter.hosts("dvx").getFirst().mounted());
  }

  @Test
  void howAMachineCameToBeOffIsToldByItsEvents() throws IOException, InterruptedException {
    VmRef vm = named("DC0_C0_RP0_VM0");
    vcenter.powerOn(vm, LIMIT);
    assertTrue(vcenter.lastPowerOff(vm).isEmpty(), "it runs");
    vcenter.powerOff(vm, LIMIT);
    assertFalse(vcenter.lastPowerOff(vm).map(PowerOff::byGuest).orElse(false), "we did it");
    vcenter.powerOn(vm, LIMIT);
    simulator.power("DC0_C0_RP0_VM0", false);
    PowerOff off = vcenter.lastPowerOff(vm).orElseThrow();
    assertFalse(off.byGuest(), "the simulator puts a user's name on every event");
    assertTrue(off.onAgo().compareTo(off.ago()) >= 0, off.toString());
    assertTrue(off.ago().abs().compareTo(Duration.ofMinutes(5)) < 0, off.toString());
    vcenter.powerOn(vm, LIMIT);
  }

  @Test
  void aPowerOnWhoseAnswerIsLostIsSentOnce() throws IOException, InterruptedException {
    VmRef vm = named("DC0_C0_RP0_VM1");
    vcenter.powerOff(vm, LIMIT);
    simulator.resetCalls();
    simulator.faults(Map.of("dropped-late", "1", "methods", "PowerOnVM_Task"));
    vcenter.powerOn(vm, LIMIT);
    assertEquals(1, simulator.calls("PowerOnVM_Task"));
    assertEquals(PowerState.ON, vcenter.describe(vm).power());
  }

  @Test
  void anAnswerThatTakesTooLongIsATimeout() throws IOException, InterruptedException {
    try (VSphere hasty = new VSphere(simulator.config("dvx", Duration.ofMillis(700)))) {
      hasty.vms();
      simulator.faults(Map.of("delay", "3000", "delayed", "1", "methods", "PowerOffVM_Task"));
      DvxException e =
          assertThrows(DvxException.class, () -> hasty.powerOff(named("DC0_C1_RP0_VM1"), LIMIT));
      assertEquals(Kind.TIMEOUT, e.kind());
      assertTrue(e.render().contains("unknown"), e.render());
    }
  }

  @Test
  void aClosedPortIsUnavailable() {
    try (VSphere nowhere =
        new VSphere(
            VSphereConfig.of(
                "vc",
                java.net.URI.create("https://127.0.0.1:1/sdk"),
                new Credentials("u", () -> "p"),
                new TlsTrust.Pinned(simulator.sha256()),
                "dvx"))) {
      assertEquals(Kind.UNAVAILABLE, assertThrows(DvxException.class, nowhere::vms).kind());
    }
  }
}
