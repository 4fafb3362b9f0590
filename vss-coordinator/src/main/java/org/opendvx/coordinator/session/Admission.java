package org.opendvx.coordinator.session;

import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.opendvx.coordinator.pki.AgentCertificate;
import org.opendvx.coordinator.pki.BadCertificateException;
import org.opendvx.coordinator.pki.CertificateAuthority;
import org.opendvx.coordinator.pki.EnrolmentToken;
import org.opendvx.coordinator.protocol.FromAgent;
import org.opendvx.coordinator.protocol.FromCoordinator;
import org.opendvx.coordinator.protocol.Machine;
import org.opendvx.coordinator.protocol.ProtocolException;
import org.opendvx.coordinator.protocol.RefusalCode;
import org.opendvx.coordinator.registry.Agent;
import org.opendvx.coordinator.registry.Token;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.AuditTrail;
import org.opendvx.core.vm.GuestInfo;
import org.opendvx.core.vm.VmDescription;
import org.opendvx.core.vm.VmRef;

/**
 * Decides who is let in, and issues identities. Every method may wait for the inventory or the
 * disk, and refuses by {@link ProtocolException}. Thread-safe.
 */
final class Admission {
  private static final int NONCE_BYTES = 24;
  private static final int MAX_CANDIDATES = 4;

  private final Context context;
  private final AuditTrail audit;
  private final SecureRandom random = new SecureRandom();

  Admission(Context context, AuditTrail audit) {
    this.context = context;
    this.audit = audit;
  }

  /**
   * A question to a guest: which of these nonces can it read?
   *
   * @param nonces the machine that each proves
   */
  record Challenge(String property, Map<String, VmRef> nonces) {
    /** Without the nonces. */
    @Override
    public String toString() {
      return "Challenge[" + nonces.values() + "]";
    }
  }

  /** The agent that a certificate names, if it still counts. */
  Agent identify(X509Certificate presented) {
    try {
      AgentCertificate told = context.authority().verify(presented);
      Agent agent =
          context
              .registry()
              .agent(told.agent())
              .orElseThrow(() -> new BadCertificateException("the agent is not known here"));
      if (agent.state() != Agent.State.ACTIVE) {
        throw new BadCertificateException("the agent's identity was " + agent.state());
      }
      if (told.serial().equals(agent.nextSerial())) {
        context.registry().used(agent.id());
      } else if (!told.serial().equals(agent.serial())) {
        throw new BadCertificateException("the certificate was replaced by a newer one");
      }
      return context.registry().agent(told.agent()).orElse(agent);
    } catch (BadCertificateException e) {
      throw new ProtocolException(RefusalCode.CERTIFICATE, String.valueOf(e.getMessage()));
    }
  }

  /**
   * Starts to prove that an agent runs where it belongs.
   *
   * @return empty when its addresses proved it
   */
  Optional<Challenge> challenge(Agent agent, Machine machine) {
    if (!Residency.sameBios(agent.biosUuid(), machine.biosUuid())) {
      throw new ProtocolException(
          RefusalCode.CLONE, "the machine's BIOS UUID is not the one that was enrolled");
    }
    VmRef vm = ref(agent.vm());
    Optional<GuestInfo> guestInfo = context.machines().guestInfo(vm.hypervisor());
    if (guestInfo.isEmpty()) {
      requirePlausible(vm, machine);
      return Optional.empty();
    }
    String nonce = nonce();
    guestInfo.get().set(vm, nonce);
    return Optional.of(new Challenge(guestInfo.get().property(), Map.of(nonce, vm)));
  }

  /**
   * Judges the answer.
   *
   * @return {@code nonce} or {@code mac}: what proved it
   */
  String judge(Agent agent, Machine machine, Challenge challenge, String answer) {
    VmRef vm = ref(agent.vm());
    if (vm.equals(challenge.nonces().get(answer))) {
      return "nonce";
    }
    VmDescription known = context.machines().describe(vm);
    if (!Residency.plausible(machine, known)) {
      throw new ProtocolException(
          RefusalCode.CLONE, "this is not the machine that was enrolled, but a copy of it");
    }
    if (!answer.isEmpty() || context.settings().requireNonce()) {
      throw new ProtocolException(
          RefusalCode.RESIDENCY,
          answer.isEmpty()
              ? "the guest cannot read what the hypervisor passes in; are its tools installed?"
              : "what the guest read is not what was set on its machine");
    }
    return "mac";
  }

  private void requirePlausible(VmRef vm, Machine machine) {
    if (!Residency.plausible(machine, context.machines().describe(vm))) {
      throw new ProtocolException(
          RefusalCode.RESIDENCY, "the addresses are not those of the machine " + vm);
    }
  }

  /** Enrols by a token. */
  FromCoordinator.Enrolled enrol(FromAgent.Enroll request) {
    String hash = EnrolmentToken.hashOf(request.token()).orElseThrow(Admission::badToken);
    Token token = context.registry().token(hash).orElseThrow(Admission::badToken);
    VmRef vm = ref(token.vm());
    try {
      requirePlausible(vm, request.machine());
    } catch (DvxException e) {
      // A token is an administrator's word; where the machine is gone, that is worth nothing.
      if (e.kind() == Kind.NOT_FOUND) {
        throw new ProtocolException(RefusalCode.RESIDENCY, "the machine is not in the inventory");
      }
      throw e;
    }
    return issue(vm, request, hash, token.by());
  }

  private static ProtocolException badToken() {
    return new ProtocolException(RefusalCode.TOKEN, "the token is unknown, used or expired");
  }

  /** Asks which machine a clone is. */
  Challenge challengeClone(Machine machine) {
    if (!context.settings().enrolClones()) {
      throw new ProtocolException(RefusalCode.TOKEN, "clones need a token here, as any other");
    }
    String plain = Residency.plain(machine.biosUuid());
    if (plain.isEmpty()) {
      throw new ProtocolException(RefusalCode.RESIDENCY, "the guest does not know its BIOS UUID");
    }
    Map<String, VmRef> nonces = new LinkedHashMap<>();
    String property = "";
    for (String name : context.machines().hypervisors()) {
      GuestInfo info = context.machines().guestInfo(name).orElse(null);
      if (info == null) {
        continue;
      }
      for (VmRef vm : candidates(info, plain)) {
        if (nonces.size() < MAX_CANDIDATES
            && (property.isEmpty() || property.equals(info.property()))) {
          String nonce = nonce();
          info.set(vm, nonce);
          property = info.property();
          nonces.put(nonce, vm);
        }
      }
    }
    if (nonces.isEmpty()) {
      throw new ProtocolException(
          RefusalCode.RESIDENCY, "no machine of the inventory could prove itself by a nonce");
    }
    return new Challenge(property, Map.copyOf(nonces));
  }

  private static List<VmRef> candidates(GuestInfo info, String plain) {
    List<VmRef> found = new ArrayList<>(info.byBiosUuid(Residency.hyphened(plain)));
    info.byBiosUuid(Residency.hyphened(Residency.swapped(plain))).stream()
        .filter(vm -> !found.contains(vm))
        .forEach(found::add);
    return found;
  }

  /** Enrols a clone that answered. */
  FromCoordinator.Enrolled enrolClone(
      FromAgent.Enroll request, Challenge challenge, String answer) {
    VmRef vm = challenge.nonces().get(answer);
    if (vm == null) {
      throw new ProtocolException(
          RefusalCode.RESIDENCY, "what the guest read is not what was set on its machine");
    }
    if (context.links().find(vm).isPresent()) {
      throw new ProtocolException(
          RefusalCode.DUPLICATE, "another agent is connected for this machine");
    }
    return issue(vm, request, "", "the clone itself");
  }

  private FromCoordinator.Enrolled issue(
      VmRef vm, FromAgent.Enroll request, String tokenHash, String by) {
    UUID id = UUID.randomUUID();
    CertificateAuthority.Issued issued = sign(id, request.csr());
    Agent agent =
        new Agent(
            id,
            vm.toString(),
            Agent.State.ACTIVE,
            request.machine().platform(),
            request.machine().hostName(),
            request.machine().biosUuid(),
            issued.serial(),
            "",
            issued.notAfter(),
            context.clock().instant(),
            "",
            Instant.EPOCH,
            Instant.EPOCH);
    audit.record(
        "agent.enrolled",
        by,
        vm.toString(),
        Map.of("agent", id.toString(), "host", agent.hostName(), "serial", issued.serial()));
    if (!context.registry().enrol(agent, tokenHash)) {
      throw badToken();
    }
    context.links().find(vm).ifPresent(AgentLink::close);
    return new FromCoordinator.Enrolled(
        id, base64(issued), authority(), seconds(issued.notAfter()));
  }

  /** A certificate for a new key. */
  FromCoordinator.Renewed renew(Agent agent, String csr) {
    CertificateAuthority.Issued issued = sign(agent.id(), csr);
    context.registry().issued(agent.id(), issued.serial(), issued.notAfter());
    audit.record(
        "agent.renewed", agent.id().toString(), agent.vm(), Map.of("serial", issued.serial()));
    return new FromCoordinator.Renewed(base64(issued), authority(), seconds(issued.notAfter()));
  }

  /** Whether the agent should ask for a new certificate. */
  boolean shouldRenew(Agent agent) {
    Duration half = context.settings().certificateLife().dividedBy(2);
    return context.clock().instant().plus(half).isAfter(agent.notAfter());
  }

  private CertificateAuthority.Issued sign(UUID id, String csr) {
    try {
      return context
          .authority()
          .issueAgent(id, Base64.getDecoder().decode(csr), context.settings().certificateLife());
    } catch (BadCertificateException e) {
      throw new ProtocolException(RefusalCode.CSR, String.valueOf(e.getMessage()));
    } catch (IllegalArgumentException e) {
      throw new ProtocolException(RefusalCode.CSR, "the request is no base64");
    }
  }

  private static String base64(CertificateAuthority.Issued issued) {
    return Base64.getEncoder().encodeToString(CertificateAuthority.der(issued.certificate()));
  }

  private String authority() {
    return Base64.getEncoder()
        .encodeToString(CertificateAuthority.der(context.authority().certificate()));
  }

  private long seconds(Instant end) {
    return Math.max(1, Duration.between(context.clock().instant(), end).toSeconds());
  }

  private String nonce() {
    byte[] bytes = new byte[NONCE_BYTES];
    random.nextBytes(bytes);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  /** A reference from its text. */
  static VmRef ref(String text) {
    int slash = text.indexOf('/');
    return new VmRef(text.substring(0, slash), text.substring(slash + 1));
  }
}
