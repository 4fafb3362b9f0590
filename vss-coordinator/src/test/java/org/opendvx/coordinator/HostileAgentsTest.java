package org.opendvx.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
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
import org.opendvx.coordinator.testing.HostileTls;
import org.opendvx.core.vm.VmRef;

/** Whoever is not what it says, or says what nobody may say, is refused with a reason on record. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HostileAgentsTest {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final String BIOS = "20112233-4455-6677-8899-aabbccddee01";
  private static final String MAC = "00:50:56:02:00:01";

  private final AtomicReference<Duration> shift = new AtomicReference<>(Duration.ZERO);
  private final Machine machine = FakeAgent.machine(BIOS.replace("-", ""), MAC, "boot-1");
  private Path agents;

  /** One more than an agent may say in a minute without being asked. */
  private static final int TOO_MANY = 121;

  private Harness harness;
  private VmRef vm;
  private FakeAgent.Identity identity;

  @BeforeAll
  void start(@TempDir Path folder) throws IOException, GeneralSecurityException {
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
    agents = folder.resolve("agents");
    harness = new Harness(folder, Harness.Parts.usual().with(clock));
    vm = harness.machine("vm-1", BIOS, List.of(MAC)).ref();
    identity = FakeAgent.enrol(harness, vm, machine);
  }

  @AfterAll
  void stop() {
    harness.close();
  }

  private FakeAgent connect(FakeAgent.@Nullable Identity with)
      throws IOException, GeneralSecurityException {
    return new FakeAgent(harness.coordinator().port(), with, "TLSv1.3");
  }

  private static void refused(FakeAgent agent, RefusalCode code) throws IOException {
    FromCoordinator.Refused told = agent.expect(FromCoordinator.Refused.class);
    assertEquals(code, told.code(), told.message());
    assertTrue(told.message() != null && !told.message().isEmpty());
    assertThrows(IOException.class, agent::next, "the connection ends");
  }

  private long refusals() {
    return harness.records().stream().filter(HostileAgentsTest::isRefusal).count();
  }

  private static boolean isRefusal(JsonNode line) {
    return line.path("kind").asText().equals("agent.refused")
        && !line.path("facts").path("reason").asText().isEmpty();
  }

  /** The record is written beside the answer. */
  private void awaitRefusals(long more) throws InterruptedException {
    long end = System.nanoTime() + LIMIT.toNanos();
    while (refusals() < more) {
      assertTrue(System.nanoTime() < end, "a refusal is not on record");
      Thread.sleep(10);
    }
  }

  private UUID agentId() {
    return harness.coordinator().agents().getFirst().agent().id();
  }

  @Test
  void noOtherCertificateCounts(@TempDir Path elsewhere) throws Exception {
    long before = refusals();
    byte[] csr = Base64.getDecoder().decode(FakeAgent.csr(identity.keys()));
    // The same names and numbers, signed by somebody else; and a whole authority of somebody else.
    helloIsRefused(copied(FakeAgent.keys(2048)), RefusalCode.CERTIFICATE);
    CertificateAuthority forger = CertificateAuthority.open(elsewhere, Clock.systemUTC());
    helloIsRefused(issued(forger, agentId(), csr), RefusalCode.CERTIFICATE);
    // The right authority, of which nobody asked this: no serial of the registry.
    CertificateAuthority real = CertificateAuthority.open(agents, Clock.systemUTC());
    helloIsRefused(issued(real, agentId(), csr), RefusalCode.CERTIFICATE);
    helloIsRefused(issued(real, UUID.randomUUID(), csr), RefusalCode.CERTIFICATE);
    // The node's own certificate.
    CertificateAuthority.Identity server = real.issueServer();
    helloIsRefused(
        new FakeAgent.Identity(
            new KeyPair(server.chain().getFirst().getPublicKey(), server.key()),
            server.chain().getFirst(),
            identity.authority()),
        RefusalCode.CERTIFICATE);
    shift.set(Duration.ofDays(-30));
    try {
      helloIsRefused(identity, RefusalCode.CERTIFICATE);
    } finally {
      shift.set(Duration.ZERO);
    }
    awaitRefusals(before + 6);
    assertTrue(
        harness.records().stream()
            .anyMatch(line -> line.path("facts").path("reason").asText().contains("valid from")));
    assertFalse(harness.connected(vm));
  }

  private FakeAgent.Identity issued(CertificateAuthority by, UUID agent, byte[] csr)
      throws Exception {
    return new FakeAgent.Identity(
        identity.keys(),
        by.issueAgent(agent, csr, Duration.ofDays(1)).certificate(),
        identity.authority());
  }

  /** The agent's certificate in all but its signature. */
  private FakeAgent.Identity copied(KeyPair by) throws Exception {
    X509Certificate real = identity.certificate();
    JcaX509v3CertificateBuilder builder =
        new JcaX509v3CertificateBuilder(
            real.getIssuerX500Principal(),
            real.getSerialNumber(),
            real.getNotBefore(),
            real.getNotAfter(),
            real.getSubjectX500Principal(),
            real.getPublicKey());
    JcaX509CertificateHolder holder = new JcaX509CertificateHolder(real);
    for (ASN1ObjectIdentifier id :
        List.of(Extension.subjectAlternativeName, Extension.extendedKeyUsage)) {
      builder.addExtension(holder.getExtension(id));
    }
    X509Certificate forged =
        new JcaX509CertificateConverter()
            .getCertificate(
                builder.build(new JcaContentSignerBuilder("SHA256withRSA").build(by.getPrivate())));
    return new FakeAgent.Identity(identity.keys(), forged, identity.authority());
  }

  private void helloIsRefused(FakeAgent.Identity with, RefusalCode code) throws Exception {
    try (FakeAgent agent = connect(with)) {
      agent.send(FakeAgent.hello(machine));
      refused(agent, code);
    }
  }

  @Test
  void messagesOutOfPlaceEndTheConnection() throws Exception {
    long before = refusals();
    UUID session = UUID.randomUUID();
    for (Message first :
        List.of(
            new FromAgent.Proof("x"),
            new FromAgent.Renew(FakeAgent.csr(identity.keys())),
            new FromAgent.Frozen(session, 1),
            new FromAgent.Thawed(session, true, "COMMITTED", 1, 1),
            new FromAgent.Shutdown(),
            new FromAgent.Idle(""),
            new FromCoordinator.Committed(session))) {
      try (FakeAgent agent = connect(identity)) {
        agent.send(first);
        refused(agent, RefusalCode.PROTOCOL);
      }
    }
    try (FakeAgent agent = connect(identity)) {
      agent.send(FakeAgent.hello(machine));
      agent.expect(FromCoordinator.Challenge.class);
      agent.send(FakeAgent.hello(machine));
      refused(agent, RefusalCode.PROTOCOL);
    }
    try (FakeAgent agent = connect(null)) {
      agent.send(new FromAgent.Enroll("dvx1." + "\0".repeat(40), "AAAA", machine));
      refused(agent, RefusalCode.TOKEN);
    }
    awaitRefusals(before + 9);
  }

  @Test
  void bodiesThatAreNoMessagesEndTheConnection() throws Exception {
    String deep = "[".repeat(100_000) + "]".repeat(100_000);
    body("{\"type\":\"hello\",\"seq\":1,\"x\":" + deep + "}", RefusalCode.LIMIT);
    body("{\"type\":\"hello\",\"seq\":1,\"x\":\"" + "a".repeat(200_000) + "\"}", RefusalCode.LIMIT);
    body("{\"type\":\"hello\",\"seq\":1,\"x\":" + "9".repeat(10_000) + "}", RefusalCode.LIMIT);
    body("{\"type\":\"hello\",\"seq\":1e0}", RefusalCode.PROTOCOL);
    body("{\"type\":\"hello\",\"seq\":\"1\"}", RefusalCode.PROTOCOL);
    body("{\"type\":\"hello\",\"seq\":-1}", RefusalCode.PROTOCOL);
    body("{\"type\":1,\"seq\":1}", RefusalCode.PROTOCOL);
    body("{}", RefusalCode.PROTOCOL);
    body("null", RefusalCode.PROTOCOL);
    body("\uFEFF{\"type\":\"hello\",\"seq\":1}", RefusalCode.PROTOCOL);
    body("{\"type\":\"proof\",\"seq\":1,\"nonce\":\"x\"} trailing", RefusalCode.PROTOCOL);
    body("{\"type\":\"enroll\",\"seq\":1,\"token\":null,\"csr\":null}", RefusalCode.PROTOCOL);
    body("{\"type\":\"hello\",\"seq\":1,\"machine\":{\"a\":1,\"a\":2}}", RefusalCode.PROTOCOL);
    body(hostName("a\\u0000b"), RefusalCode.PROTOCOL);
    body(hostName("a\\u001b[2Jb"), RefusalCode.PROTOCOL);
    body(hostName("a\\nfreeze.end"), RefusalCode.PROTOCOL);
    body(hostName("a\\ud800b"), RefusalCode.PROTOCOL);
    body(hostName("a\\u202eb"), RefusalCode.PROTOCOL);
    byte[] broken = hostName("a?b").getBytes(StandardCharsets.UTF_8);
    for (int i = 0; i < broken.length; i++) {
      broken[i] = broken[i] == '?' ? (byte) 0xC0 : broken[i];
    }
    try (FakeAgent agent = connect(identity)) {
      agent.raw(broken);
      refused(agent, RefusalCode.PROTOCOL);
    }
    frame(0, RefusalCode.LIMIT);
    frame(1, RefusalCode.LIMIT);
    frame(262_145, RefusalCode.LIMIT);
    frame(-1, RefusalCode.LIMIT);
    assertFalse(harness.connected(vm));
  }

  private static String hostName(String text) {
    return "{\"type\":\"hello\",\"seq\":1,\"agent\":\"a\",\"capabilities\":[],\"busy\":false,"
        + "\"machine\":{\"hostName\":\""
        + text
        + "\"}}";
  }

  private void body(String text, RefusalCode code) throws Exception {
    try (FakeAgent agent = connect(identity)) {
      agent.raw(text.getBytes(StandardCharsets.UTF_8));
      FromCoordinator.Refused told = agent.expect(FromCoordinator.Refused.class);
      String shown = text.length() < 200 ? text : text.substring(0, 200);
      assertEquals(code, told.code(), shown + ": " + told.message());
    }
  }

  private void frame(int length, RefusalCode code) throws Exception {
    byte[] header = {'D', 'V', 'X', 'A', 0, 1, 0, 0, 0, 0, 0, 0};
    for (int i = 0; i < 4; i++) {
      header[8 + i] = (byte) (length >>> (24 - 8 * i));
    }
    try (FakeAgent agent = connect(null)) {
      agent.bytes(header);
      refused(agent, code);
    }
  }

  @Test
  void whatAGuestSaysInAReasonCannotDrawInATerminal() {
    FromAgent.Failed told =
        new FromAgent.Failed(null, "PREPARE", "SYSTEM", "a\u001b[2J\r\nb\u202e\ud83d\ude00", "");
    assertEquals("a [2J  b \ud83d\ude00", told.message());
  }

  @Test
  void aStormOfHeartbeatsOrRenewalsIsRefused() throws Exception {
    long before = refusals();
    try (FakeAgent agent = FakeAgent.welcomed(harness, vm, identity, machine)) {
      // Java's TLS reads nothing more after a write that failed: no refusal may be seen.
      storm(agent, new Message.Heartbeat(1), 10_000);
      IOException end = assertThrows(IOException.class, () -> readOn(agent));
      assertFalse(end instanceof SocketTimeoutException, "the connection stays");
    }
    awaitGone();
    try (FakeAgent agent = connect(null)) {
      storm(agent, new Message.Heartbeat(1), TOO_MANY);
      refused(agent, RefusalCode.LIMIT);
    }
    try (FakeAgent agent = FakeAgent.welcomed(harness, vm, identity, machine)) {
      storm(agent, new FromAgent.Idle(""), TOO_MANY);
      refused(agent, RefusalCode.LIMIT);
    }
    awaitGone();
    try (FakeAgent agent = FakeAgent.welcomed(harness, vm, identity, machine)) {
      String csr = FakeAgent.csr(FakeAgent.keys(2048));
      int renewed = 0;
      agent.send(new FromAgent.Renew(csr));
      while (agent.next() instanceof FromCoordinator.Renewed) {
        renewed++;
        agent.send(new FromAgent.Renew(csr));
      }
      assertTrue(renewed > 0 && renewed < 10, "renewed " + renewed + " times");
    }
    awaitGone();
    awaitRefusals(before + 4);
  }

  /** Sends until the node has had enough, as one that listens to nothing. */
  private static void readOn(FakeAgent agent) throws IOException {
    while (true) {
      Message _ = agent.next();
    }
  }

  private static void storm(FakeAgent agent, Message message, int times) {
    try {
      for (int i = 0; i < times; i++) {
        agent.send(message);
      }
    } catch (IOException e) {
      assertTrue(e.getMessage() != null, "the node has closed the connection");
    }
  }

  private void awaitGone() throws InterruptedException {
    long end = System.nanoTime() + LIMIT.toNanos();
    while (harness.connected(vm)) {
      assertTrue(System.nanoTime() < end, "the connection stays");
      Thread.sleep(10);
    }
  }

  @Test
  void weakCiphersAndOldProtocolsAreRefusedInTheHandshake() throws Exception {
    long before = refusals();
    int port = harness.coordinator().port();
    for (String suite :
        List.of(
            "TLS_RSA_WITH_AES_128_CBC_SHA",
            "TLS_RSA_WITH_AES_256_GCM_SHA384",
            "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
            "TLS_DHE_RSA_WITH_AES_128_CBC_SHA",
            "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA",
            "TLS_ECDH_anon_WITH_AES_128_CBC_SHA")) {
      assertFalse(HostileTls.offers(port, 0x0303, List.of(suite)), suite);
    }
    assertFalse(HostileTls.offers(port, 0x0302, List.of("TLS_RSA_WITH_AES_128_CBC_SHA")));
    assertFalse(HostileTls.offers(port, 0x0301, List.of("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA")));
    assertTrue(
        HostileTls.offers(port, 0x0303, List.of("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256")),
        "what old Windows has is taken");
    awaitRefusals(before + 8);
  }

  @Test
  void aHandshakeThatNeverEndsIsEnded() throws Exception {
    long before = refusals();
    try (Socket socket =
        new Socket(InetAddress.getLoopbackAddress(), harness.coordinator().port())) {
      // A record of 512 bytes, of which one comes each quarter of a second.
      socket.getOutputStream().write(new byte[] {0x16, 3, 1, 2, 0});
      long end = System.nanoTime() + LIMIT.toNanos();
      boolean open = true;
      while (open) {
        assertTrue(System.nanoTime() < end, "it goes on for ever");
        Thread.sleep(250);
        try {
          socket.getOutputStream().write(1);
        } catch (IOException e) {
          open = false;
        }
      }
    }
    awaitRefusals(before + 1);
  }

  @Test
  void anAgentGetsInWhileThousandsOfConnectionsSayNothing() throws Exception {
    List<Socket> silent = new ArrayList<>();
    try {
      for (int i = 0; i < 2_000; i++) {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), harness.coordinator().port());
        silent.add(socket);
        if (i % 3 == 0) {
          socket.getOutputStream().write(0x16);
        }
      }
      try (FakeAgent _ = FakeAgent.welcomed(harness, vm, identity, machine)) {
        assertTrue(harness.connected(vm));
      }
      awaitGone();
    } finally {
      for (Socket socket : silent) {
        socket.close();
      }
    }
  }
}
