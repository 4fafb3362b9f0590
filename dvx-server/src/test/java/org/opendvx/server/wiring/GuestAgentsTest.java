package org.opendvx.server.wiring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.VmRef;
import org.opendvx.server.api.AgentTokenView;
import org.opendvx.server.api.AuditView;
import org.opendvx.server.config.AgentsSection;
import org.opendvx.server.config.ConfigLoader;
import org.opendvx.server.node.DataFolder;
import org.opendvx.server.service.Agents;
import org.opendvx.server.service.EventLog;
import org.opendvx.server.service.HypervisorRegistry;
import org.opendvx.server.service.HypervisorStore;

class GuestAgentsTest {
  private static final VmRef VM = new VmRef("vc1", "vm-1");

  @Test
  void aTokenIsShownOnceAndRecordedAndSurvivesNowhereInPlain(@TempDir Path data)
      throws IOException {
    AgentsSection off = ConfigLoader.defaults().agents();
    AgentsSection on =
        new AgentsSection(
            "127.0.0.1",
            0,
            10,
            off.heartbeat(),
            off.certificateLife(),
            off.settle(),
            true,
            true,
            false);
    AgentTokenView token;
    try (DataFolder folder = DataFolder.open(data);
        HypervisorRegistry registry = registry(folder);
        Agents agents = start(on, folder, registry)) {
      token = agents.token(VM, Duration.ofMinutes(5), "me");
      assertTrue(token.port() > 0);
      assertEquals(1, agents.quiescers().size());
      assertEquals(List.of(), agents.list());
      AuditView record = agents.records(0, 10).items().getFirst();
      assertEquals("agent.token", record.kind());
      assertEquals("me", record.who());
      assertEquals(
          Kind.NOT_FOUND,
          assertThrows(DvxException.class, () -> agents.revoke(UUID.randomUUID().toString(), "me"))
              .kind());
    }
    String secret = token.token().split("\\.", -1)[1];
    for (String file : List.of("audit.log", "agents/agents.json")) {
      String text = Files.readString(data.resolve(file), StandardCharsets.UTF_8);
      assertFalse(text.contains(secret), file);
    }
    for (String file : List.of("audit.log", "agents/agents.json", "agents/ca.key")) {
      assertEquals(
          "rw-------",
          PosixFilePermissions.toString(Files.getPosixFilePermissions(data.resolve(file))));
    }
    try (DataFolder folder = DataFolder.open(data);
        HypervisorRegistry registry = registry(folder);
        Agents agents = start(off, folder, registry)) {
      assertEquals(1, agents.records(0, 10).items().size());
      assertEquals(
          Kind.UNSUPPORTED,
          assertThrows(DvxException.class, () -> agents.token(VM, Duration.ofMinutes(5), "me"))
              .kind());
    }
    String log = Files.readString(data.resolve("audit.log"), StandardCharsets.UTF_8);
    Files.writeString(
        data.resolve("audit.log"), log + log.replace("\"n\":1", "\"n\":2"), StandardCharsets.UTF_8);
    try (DataFolder folder = DataFolder.open(data);
        HypervisorRegistry registry = registry(folder)) {
      assertEquals(
          Kind.CORRUPT,
          assertThrows(DvxException.class, () -> start(off, folder, registry)).kind());
    }
  }

  private static Agents start(
      AgentsSection section, DataFolder folder, HypervisorRegistry registry) {
    return GuestAgents.start(
        section, folder, registry, new SimpleMeterRegistry(), Clock.systemUTC());
  }

  private static HypervisorRegistry registry(DataFolder folder) {
    return new HypervisorRegistry(
        new HypervisorStore(folder.hypervisors(), folder.secrets()),
        List.of(),
        new EventLog(Clock.systemUTC()));
  }
}
