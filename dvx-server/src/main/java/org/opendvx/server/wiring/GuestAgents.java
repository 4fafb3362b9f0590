package org.opendvx.server.wiring;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.opendvx.coordinator.audit.AuditLog;
import org.opendvx.coordinator.session.Coordinator;
import org.opendvx.coordinator.session.Machines;
import org.opendvx.coordinator.session.Settings;
import org.opendvx.coordinator.session.Ticker;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.AuditTrail;
import org.opendvx.core.vm.GuestInfo;
import org.opendvx.core.vm.Quiescer;
import org.opendvx.core.vm.VmDescription;
import org.opendvx.core.vm.VmRef;
import org.opendvx.server.api.AgentTokenView;
import org.opendvx.server.api.AgentView;
import org.opendvx.server.api.AuditView;
import org.opendvx.server.api.Page;
import org.opendvx.server.config.AgentsSection;
import org.opendvx.server.node.DataFolder;
import org.opendvx.server.service.Agents;
import org.opendvx.server.service.HypervisorRegistry;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The coordinator, if the configuration wants one, and the audit log, always. */
final class GuestAgents implements Agents {
  private static final Logger LOG = LoggerFactory.getLogger(GuestAgents.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration THAW = Duration.ofSeconds(15);
  private static final Duration REPORT = Duration.ofMinutes(3);

  private final AuditLog audit;
  private final @Nullable Coordinator coordinator;

  private GuestAgents(AuditLog audit, @Nullable Coordinator coordinator) {
    this.audit = audit;
    this.coordinator = coordinator;
  }

  /** Starts to await agents. */
  static Agents start(
      AgentsSection section,
      DataFolder folder,
      HypervisorRegistry hypervisors,
      MeterRegistry meters,
      Clock clock) {
    AuditLog audit = AuditLog.open(folder.root().resolve("audit.log"), clock);
    recordInterrupted(audit);
    if (!section.enabled()) {
      return new GuestAgents(audit, null);
    }
    try {
      Coordinator coordinator =
          Coordinator.start(
              settings(section),
              folder.root().resolve("agents"),
              new Inventory(hypervisors),
              audit,
              meters,
              clock,
              Ticker.SYSTEM);
      return new GuestAgents(audit, coordinator);
    } catch (RuntimeException | Error e) {
      audit.close();
      throw e;
    }
  }

  /**
   * A log that cannot be written yet is no reason not to serve; the ends are recorded next time.
   */
  private static void recordInterrupted(AuditLog audit) {
    try {
      audit.recordInterrupted();
    } catch (DvxException e) {
      LOG.warn("What an end of the node interrupted is not recorded yet: {}", e.getMessage());
    }
  }

  private static Settings settings(AgentsSection section) {
    return new Settings(
        section.listen(),
        section.port(),
        section.maxConnections(),
        section.heartbeat(),
        section.certificateLife(),
        section.settle(),
        section.enrolClones(),
        section.requireNonce(),
        section.fullBackup(),
        true,
        THAW,
        REPORT);
  }

  private record Inventory(HypervisorRegistry registry) implements Machines {
    @Override
    public VmDescription describe(VmRef vm) {
      return registry.use(vm.hypervisor(), hypervisor -> hypervisor.describe(vm));
    }

    @Override
    public Optional<GuestInfo> guestInfo(String hypervisor) {
      return registry.hypervisor(hypervisor).guestInfo();
    }

    @Override
    public List<String> hypervisors() {
      return registry.names();
    }
  }

  @Override
  public List<Quiescer> quiescers() {
    Coordinator awaiting = coordinator;
    return awaiting == null ? List.of() : List.of(awaiting.quiescer());
  }

  @Override
  public AuditTrail audit() {
    return audit;
  }

  private Coordinator awaiting() {
    Coordinator awaiting = coordinator;
    if (awaiting == null) {
      throw Agents.off();
    }
    return awaiting;
  }

  @Override
  public AgentTokenView token(VmRef vm, Duration life, String by) {
    Coordinator.NewToken made = awaiting().token(vm, life, by);
    return new AgentTokenView(vm.toString(), made.text(), made.expires(), awaiting().port());
  }

  @Override
  public List<AgentView> list() {
    Coordinator awaiting = coordinator;
    return awaiting == null
        ? List.of()
        : awaiting.agents().stream().map(GuestAgents::view).toList();
  }

  @Override
  public AgentView revoke(String id, String by) {
    UUID parsed;
    try {
      parsed = UUID.fromString(id);
    } catch (IllegalArgumentException e) {
      throw noAgent(id);
    }
    awaiting().revoke(parsed, by);
    return list().stream()
        .filter(view -> view.id().equals(parsed.toString()))
        .findFirst()
        .orElseThrow(() -> noAgent(id));
  }

  private static DvxException noAgent(String id) {
    return DvxException.of(Kind.NOT_FOUND, "There is no such agent")
        .cause("No agent has the id " + id)
        .remedy("dvx agent list shows them")
        .build();
  }

  private static AgentView view(Coordinator.View view) {
    return new AgentView(
        view.agent().id().toString(),
        view.agent().vm(),
        view.agent().state().name(),
        view.agent().platform(),
        view.agent().hostName(),
        view.agent().enrolled(),
        view.agent().notAfter(),
        view.connected(),
        view.version(),
        view.proof(),
        view.capabilities());
  }

  @Override
  public Page<AuditView> records(long afterId, int limit) {
    List<AuditView> records = audit.list(afterId, limit).stream().map(GuestAgents::record).toList();
    boolean more = records.size() == limit && audit.count() > afterId + limit;
    return new Page<>(records, more ? records.getLast().id() : null);
  }

  private static AuditView record(JsonNode line) {
    return new AuditView(
        line.path("n").asText(),
        Instant.parse(line.path("time").asText()),
        line.path("kind").asText(),
        line.path("who").asText(),
        line.path("subject").asText(),
        JSON.convertValue(line.path("facts"), new TypeReference<>() {}));
  }

  @Override
  public void close() {
    try (audit) {
      Coordinator awaiting = coordinator;
      if (awaiting != null) {
        awaiting.close();
      }
    }
  }
}
