package org.opendvx.coordinator.session;

import io.micrometer.core.instrument.MeterRegistry;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.opendvx.coordinator.pki.CertificateAuthority;
import org.opendvx.coordinator.pki.EnrolmentToken;
import org.opendvx.coordinator.registry.Agent;
import org.opendvx.coordinator.registry.AgentRegistry;
import org.opendvx.coordinator.registry.Token;
import org.opendvx.coordinator.store.StateFile;
import org.opendvx.core.vm.AuditTrail;
import org.opendvx.core.vm.Quiescer;
import org.opendvx.core.vm.VmRef;

/**
 * Guest agents: their identities, their connections, and the quiescer that they are together. What
 * it must remember lies in one folder. Thread-safe.
 */
public final class Coordinator implements AutoCloseable {
  private final CertificateAuthority authority;
  private final AgentRegistry registry;
  private final Links links = new Links();
  private final AuditTrail audit;
  private final AgentServer server;
  private final AgentQuiescer quiescer;
  private final ExecutorService blocking;
  private final SecureRandom random = new SecureRandom();

  private Coordinator(
      Settings settings,
      Path folder,
      Machines machines,
      AuditTrail audit,
      MeterRegistry meters,
      Clock clock,
      Ticker ticker) {
    StateFile.createFolder(folder);
    this.audit = audit;
    this.authority = CertificateAuthority.open(folder, clock);
    this.registry = AgentRegistry.open(folder.resolve("agents.json"), clock);
    this.blocking =
        Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("agent-", 1).factory());
    Context context =
        new Context(
            settings,
            authority,
            registry,
            machines,
            links,
            new Refusals(audit, ticker),
            new Shutdowns(registry, links, audit, clock),
            new FreezeMeters(meters, links),
            clock,
            ticker,
            blocking);
    this.quiescer = new AgentQuiescer(context, audit);
    try {
      this.server = new AgentServer(context, audit);
    } catch (RuntimeException | Error e) {
      blocking.shutdownNow();
      throw e;
    }
  }

  /**
   * Starts to wait for agents.
   *
   * @param folder for the authority's key and the registry; made when it is not there
   * @param clock the time of day, for certificates and records alone
   * @param ticker what all durations are measured by
   */
  public static Coordinator start(
      Settings settings,
      Path folder,
      Machines machines,
      AuditTrail audit,
      MeterRegistry meters,
      Clock clock,
      Ticker ticker) {
    return new Coordinator(settings, folder, machines, audit, meters, clock, ticker);
  }

  /**
   * A token that was just made.
   *
   * @param text what the agent is given; shown this once
   */
  public record NewToken(String text, VmRef vm, Instant expires) {
    /** Without the secret. */
    @Override
    public String toString() {
      return "NewToken[" + vm + "]";
    }
  }

  /**
   * An agent as it is now.
   *
   * @param connected whether it may be asked to freeze
   * @param version of its program, empty unless connected, as are the next two
   * @param proof {@code nonce} or {@code mac}
   */
  public record View(
      Agent agent, boolean connected, String version, String proof, List<String> capabilities) {}

  /** The port. */
  public int port() {
    return server.port();
  }

  /** What holds guests by their agents. */
  public Quiescer quiescer() {
    return quiescer;
  }

  /** SHA-256 of the authority's certificate, which agents pin. */
  public String authoritySha256() {
    return authority.sha256();
  }

  /** Makes a one-time token for the agent of a machine. */
  public NewToken token(VmRef vm, Duration life, String by) {
    String secret = EnrolmentToken.secret(random);
    Token token = registry.addToken(secret, vm, life, by);
    audit.record("agent.token", by, vm.toString(), Map.of("expires", token.expires().toString()));
    return new NewToken(EnrolmentToken.text(secret, authority.sha256()), vm, token.expires());
  }

  /** All agents that were ever enrolled and are remembered. */
  public List<View> agents() {
    List<View> views = new ArrayList<>();
    for (Agent agent : registry.agents()) {
      Optional<AgentLink> link =
          links.find(Admission.ref(agent.vm())).filter(each -> each.agent().equals(agent.id()));
      views.add(
          new View(
              agent,
              link.isPresent(),
              link.map(AgentLink::version).orElse(""),
              link.map(AgentLink::proof).orElse(""),
              link.map(AgentLink::capabilities).orElse(List.of())));
    }
    return views;
  }

  /** Takes an agent's identity back and ends its connection. */
  public Agent revoke(UUID id, String by) {
    Agent revoked = registry.revoke(id);
    links
        .find(Admission.ref(revoked.vm()))
        .filter(link -> link.agent().equals(id))
        .ifPresent(AgentLink::close);
    audit.record("agent.revoked", by, revoked.vm(), Map.of("agent", id.toString()));
    return revoked;
  }

  /** Ends all connections: whoever is held lets go by itself. */
  @Override
  public void close() {
    server.close();
    blocking.shutdownNow();
  }
}
