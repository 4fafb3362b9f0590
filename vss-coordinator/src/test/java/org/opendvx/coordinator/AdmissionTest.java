package org.opendvx.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Base64;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.coordinator.pki.CertificateAuthority;
import org.opendvx.coordinator.protocol.FromAgent;
import org.opendvx.coordinator.protocol.FromCoordinator;
import org.opendvx.coordinator.protocol.Machine;
import org.opendvx.coordinator.protocol.Message;
import org.opendvx.coordinator.protocol.RefusalCode;
import org.opendvx.coordinator.testing.FakeAgent;
import org.opendvx.coordinator.testing.Harness;
import org.opendvx.core.vm.PowerState;
import org.opendvx.core.vm.SnapshotPolicy;
import org.opendvx.core.vm.VmRef;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AdmissionTest {
  private static final Duration LIMIT = Duration.ofSeconds(30);

  /** The time of day as the coordinator sees it, moved by tests. */
  private final AtomicReference<Duration> shift = new AtomicReference<>(Duration.ZERO);

  private Harness harness;
  private int machines;

  @BeforeAll
  void start(@TempDir Path folder) {
    Clock clock =
        new Clock() {
          @Override
          public Instant instant() {
            return Instant.now().plus(shift.get());
          }

          @Override
          public ZoneId getZone() {
            return ZoneOffset.UTC;
          }

          @Override
          public Clock withZone(ZoneId zone) {
            return this;
          }
        };
    harness = new Harness(folder, Harness.Parts.usual().with(clock));
  }

  @AfterAll
  void stop() {
    harness.close();
  }

  private record Guest(VmRef vm, String bios, String mac) {
    Machine machine() {
      return FakeAgent.machine(bios.replace("-", ""), mac, "boot-1");
    }
  }

  private Guest guest() {
    int number = ++machines;
    String bios = String.format("00112233-4455-6677-8899-aabbccddee%02x", number);
    String mac = String.format("00:50:56:00:00:%02x", number);
    return new Guest(harness.machine("vm-" + number, bios, List.of(mac)).ref(), bios, mac);
  }

  private FakeAgent connect(FakeAgent.@Nullable Identity identity)
      throws IOException, GeneralSecurityException {
    return new FakeAgent(harness.coordinator().port(), identity, "TLSv1.3");
  }

  private static void refused(FakeAgent agent, RefusalCode code) throws IOException {
    assertEquals(code, agent.expect(FromCoordinator.Refused.class).code());
    assertThrows(IOException.class, agent::next, "the connection ends");
  }

  private void recorded(String code) throws InterruptedException {
    long end = System.nanoTime() + LIMIT.toNanos();
    while (harness.records().stream()
        .noneMatch(
            line ->
                line.path("kind").asText().equals("agent.refused")
                    && line.path("facts").path("code").asText().equals(code))) {
      assertTrue(System.nanoTime() < end, "no record of " + code);
      Thread.sleep(10);
    }
  }

  @Test
  void anAgentEnrolsProvesItselfAndIsWelcomed() throws Exception {
    Guest guest = guest();
    FakeAgent.Identity identity = FakeAgent.enrol(harness, guest.vm(), guest.machine());
    assertFalse(harness.connected(guest.vm()));
    try (FakeAgent _ = FakeAgent.welcomed(harness, guest.vm(), identity, guest.machine())) {
      assertTrue(harness.connected(guest.vm()));
      assertEquals("nonce", harness.coordinator().agents().getLast().proof());
    }
  }

  @Test
  void tls12IsSpokenOnThisPort() throws Exception {
    Guest guest = guest();
    FakeAgent.Identity identity = FakeAgent.enrol(harness, guest.vm(), guest.machine());
    try (FakeAgent agent = new FakeAgent(harness.coordinator().port(), identity, "TLSv1.2")) {
      assertFalse(agent.hello(harness, guest.vm(), guest.machine()).renew());
    }
  }

  @Test
  void aTokenCountsOnceAndForItsMachineAlone() throws Exception {
    Guest guest = guest();
    Guest other = guest();
    String token = harness.token(guest.vm());
    String csr = FakeAgent.csr(FakeAgent.keys(2048));
    try (FakeAgent agent = connect(null)) {
      agent.send(new FromAgent.Enroll(token, csr, other.machine()));
      refused(agent, RefusalCode.RESIDENCY);
    }
    try (FakeAgent agent = connect(null)) {
      agent.send(new FromAgent.Enroll(token, csr, guest.machine()));
      agent.expect(FromCoordinator.Enrolled.class);
    }
    try (FakeAgent agent = connect(null)) {
      agent.send(new FromAgent.Enroll(token, csr, guest.machine()));
      refused(agent, RefusalCode.TOKEN);
    }
    recorded("TOKEN");
  }

  @Test
  void anExpiredTokenIsRefused() throws Exception {
    Guest guest = guest();
    String token = harness.token(guest.vm());
    shift.set(Duration.ofHours(2));
    try (FakeAgent agent = connect(null)) {
      agent.send(new FromAgent.Enroll(token, FakeAgent.csr(FakeAgent.keys(2048)), guest.machine()));
      refused(agent, RefusalCode.TOKEN);
    } finally {
      shift.set(Duration.ZERO);
    }
  }

  @Test
  void aWeakKeyIsRefused() throws Exception {
    Guest guest = guest();
    try (FakeAgent agent = connect(null)) {
      agent.send(
          new FromAgent.Enroll(
              harness.token(guest.vm()), FakeAgent.csr(FakeAgent.keys(1024)), guest.machine()));
      refused(agent, RefusalCode.CSR);
    }
  }

  @Test
  void forgedExpiredReplacedRevokedAndMissingCertificatesAreRefused(@TempDir Path folder)
      throws Exception {
    Guest guest = guest();
    FakeAgent.Identity identity = FakeAgent.enrol(harness, guest.vm(), guest.machine());
    CertificateAuthority forger = CertificateAuthority.open(folder, Clock.systemUTC());
    KeyPair keys = identity.keys();
    byte[] csr = Base64.getDecoder().decode(FakeAgent.csr(keys));
    FakeAgent.Identity forged =
        new FakeAgent.Identity(
            keys,
            forger.issueAgent(UUID.randomUUID(), csr, Duration.ofDays(1)).certificate(),
            identity.authority());
    expectRefused(forged, guest, RefusalCode.CERTIFICATE);
    shift.set(Duration.ofDays(8));
    try {
      expectRefused(identity, guest, RefusalCode.CERTIFICATE);
    } finally {
      shift.set(Duration.ZERO);
    }
    expectRefused(null, guest, RefusalCode.CERTIFICATE);
    FakeAgent.Identity second = FakeAgent.enrol(harness, guest.vm(), guest.machine());
    expectRefused(identity, guest, RefusalCode.CERTIFICATE);
    UUID id =
        harness.coordinator().agents().stream()
            .filter(view -> view.agent().vm().equals(guest.vm().toString()))
            .toList()
            .getLast()
            .agent()
            .id();
    harness.coordinator().revoke(id, "test");
    expectRefused(second, guest, RefusalCode.CERTIFICATE);
    recorded("CERTIFICATE");
  }

  private void expectRefused(FakeAgent.@Nullable Identity identity, Guest guest, RefusalCode code)
      throws IOException, GeneralSecurityException {
    try (FakeAgent agent = connect(identity)) {
      agent.send(FakeAgent.hello(guest.machine()));
      refused(agent, code);
    }
  }

  @Test
  void anotherMachinesCertificateIsRefused() throws Exception {
    Guest guest = guest();
    Guest thief = guest();
    FakeAgent.Identity identity = FakeAgent.enrol(harness, guest.vm(), guest.machine());
    expectRefused(identity, thief, RefusalCode.CLONE);
    // It says what the owner would say, and still cannot read the owner's nonce.
    try (FakeAgent agent = connect(identity)) {
      agent.send(FakeAgent.hello(guest.machine()));
      agent.expect(FromCoordinator.Challenge.class);
      agent.send(new FromAgent.Proof(harness.inventory().read(thief.vm())));
      refused(agent, RefusalCode.RESIDENCY);
    }
    assertFalse(harness.connected(guest.vm()));
  }

  @Test
  void aSecondAgentOfAMachineIsRefusedAndAReplayedMessageEndsTheConnection() throws Exception {
    Guest guest = guest();
    FakeAgent.Identity identity = FakeAgent.enrol(harness, guest.vm(), guest.machine());
    try (FakeAgent first = FakeAgent.welcomed(harness, guest.vm(), identity, guest.machine());
        FakeAgent second = connect(identity)) {
      second.send(FakeAgent.hello(guest.machine()));
      second.expect(FromCoordinator.Challenge.class);
      second.send(new FromAgent.Proof(harness.inventory().read(guest.vm())));
      refused(second, RefusalCode.DUPLICATE);
      assertTrue(harness.connected(guest.vm()));
      first.raw("{\"type\":\"heartbeat\",\"seq\":1,\"ping\":1}".getBytes(StandardCharsets.UTF_8));
      refused(first, RefusalCode.PROTOCOL);
    }
  }

  @Test
  void aBootedMachineReplacesItsDeadConnection() throws Exception {
    Guest guest = guest();
    FakeAgent.Identity identity = FakeAgent.enrol(harness, guest.vm(), guest.machine());
    Machine rebooted = FakeAgent.machine(guest.bios().replace("-", ""), guest.mac(), "boot-2");
    try (FakeAgent dead = FakeAgent.welcomed(harness, guest.vm(), identity, guest.machine());
        FakeAgent alive = FakeAgent.welcomed(harness, guest.vm(), identity, rebooted)) {
      assertThrows(IOException.class, dead::next);
      assertTrue(harness.connected(guest.vm()));
      alive.send(new Message.Heartbeat(1));
    }
  }

  @Test
  void aCloneIsToldToDropItsKeyAndEnrolsByTheNonce() throws Exception {
    Guest original = guest();
    FakeAgent.Identity identity = FakeAgent.enrol(harness, original.vm(), original.machine());
    Guest clone = guest();
    expectRefused(identity, clone, RefusalCode.CLONE);
    try (FakeAgent agent = connect(null)) {
      agent.send(new FromAgent.Enroll("", FakeAgent.csr(identity.keys()), clone.machine()));
      agent.expect(FromCoordinator.Challenge.class);
      agent.send(new FromAgent.Proof("guessed"));
      refused(agent, RefusalCode.RESIDENCY);
    }
    FakeAgent.Identity own;
    try (FakeAgent agent = connect(null)) {
      // Old SMBIOS: the first three fields in the other byte order.
      String swapped = "33221100554477668899aabbccddee" + clone.bios().substring(34);
      agent.send(
          new FromAgent.Enroll(
              "",
              FakeAgent.csr(identity.keys()),
              FakeAgent.machine(swapped, clone.mac(), "boot-1")));
      agent.expect(FromCoordinator.Challenge.class);
      agent.send(new FromAgent.Proof(harness.inventory().read(clone.vm())));
      own = FakeAgent.identity(agent.expect(FromCoordinator.Enrolled.class));
    }
    try (FakeAgent _ = FakeAgent.welcomed(harness, clone.vm(), own, clone.machine())) {
      assertTrue(harness.connected(clone.vm()));
      assertFalse(harness.connected(original.vm()));
    }
  }

  @Test
  void aRenewedCertificateTakesOverWhenItIsUsed() throws Exception {
    Guest guest = guest();
    FakeAgent.Identity first = FakeAgent.enrol(harness, guest.vm(), guest.machine());
    KeyPair keys = FakeAgent.keys(2048);
    FakeAgent.Identity second;
    try (FakeAgent agent = FakeAgent.welcomed(harness, guest.vm(), first, guest.machine())) {
      agent.send(new FromAgent.Renew(FakeAgent.csr(keys)));
      FromCoordinator.Renewed renewed = agent.expect(FromCoordinator.Renewed.class);
      second =
          new FakeAgent.Identity(
              keys, FakeAgent.certificate(renewed.certificate()), first.authority());
    }
    awaitGone(guest.vm());
    FakeAgent.welcomed(harness, guest.vm(), first, guest.machine()).close();
    awaitGone(guest.vm());
    FakeAgent.welcomed(harness, guest.vm(), second, guest.machine()).close();
    awaitGone(guest.vm());
    expectRefused(first, guest, RefusalCode.CERTIFICATE);
  }

  private void awaitGone(VmRef vm) throws InterruptedException {
    long end = System.nanoTime() + LIMIT.toNanos();
    while (harness.connected(vm)) {
      assertTrue(System.nanoTime() < end, "the connection stays");
      Thread.sleep(10);
    }
  }

  @Test
  void malformedAndOversizeMessagesEndTheConnection() throws Exception {
    hostile("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII), RefusalCode.PROTOCOL);
    hostile(new byte[] {'D', 'V', 'X', 'A', 0, 2, 0, 0, 0, 0, 0, 2, '{', '}'}, RefusalCode.VERSION);
    hostile(new byte[] {'D', 'V', 'X', 'A', 0, 1, 0, 0, 0, 5, 0, 0}, RefusalCode.LIMIT);
    body("[1]", RefusalCode.PROTOCOL);
    body("{\"type\":\"hello\",\"seq\":1,\"seq\":1}", RefusalCode.PROTOCOL);
    body("{\"type\":\"hello\",\"seq\":2}", RefusalCode.PROTOCOL);
    body(
        "{\"type\":\"hello\",\"seq\":1,\"x\":" + "[".repeat(20) + "]".repeat(20) + "}",
        RefusalCode.LIMIT);
    body("{\"type\":\"hello\",\"seq\":1,\"x\":[" + "0,".repeat(1_024) + "0]}", RefusalCode.LIMIT);
    body("{\"type\":\"report\",\"seq\":1}", RefusalCode.PROTOCOL);
    try (FakeAgent agent = connect(null)) {
      agent.raw("{\"type\":\"dance\",\"seq\":1}".getBytes(StandardCharsets.UTF_8));
      assertEquals("UNKNOWN", agent.expect(FromAgent.Failed.class).code());
    }
  }

  private void body(String text, RefusalCode code) throws Exception {
    try (FakeAgent agent = connect(null)) {
      agent.raw(text.getBytes(StandardCharsets.UTF_8));
      assertEquals(code, agent.expect(FromCoordinator.Refused.class).code(), text);
    }
  }

  private void hostile(byte[] bytes, RefusalCode code) throws Exception {
    try (FakeAgent agent = connect(null)) {
      agent.bytes(bytes);
      assertEquals(code, agent.expect(FromCoordinator.Refused.class).code());
      assertThrows(EOFException.class, agent::next);
    }
  }

  @Test
  void aMachineThatIsOffIsNotAskedFor() throws Exception {
    Guest guest = guest();
    FakeAgent.Identity identity = FakeAgent.enrol(harness, guest.vm(), guest.machine());
    try (FakeAgent _ = FakeAgent.welcomed(harness, guest.vm(), identity, guest.machine())) {
      harness
          .inventory()
          .put(guest.vm().id(), PowerState.SUSPENDED, guest.bios(), List.of(guest.mac()));
      assertTrue(
          harness.snapshot(guest.vm(), SnapshotPolicy.TRY).point().reason().contains("suspended"));
    }
  }
}
