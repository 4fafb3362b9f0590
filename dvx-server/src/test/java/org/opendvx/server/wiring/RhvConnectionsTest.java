package org.opendvx.server.wiring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.Pool;
import org.opendvx.core.testing.InMemoryPool;
import org.opendvx.core.vm.AuditTrail;
import org.opendvx.core.vm.Consistency;
import org.opendvx.core.vm.Hypervisor;
import org.opendvx.core.vm.Quiescer;
import org.opendvx.core.vm.SnapshotPolicy;
import org.opendvx.core.vm.VmDescription;
import org.opendvx.core.vm.VmRef;
import org.opendvx.rhv.DomainStore;
import org.opendvx.rhv.quiesce.EngineQuiescer;
import org.opendvx.rhv.quiesce.FreezeConsent;
import org.opendvx.rhv.sim.SimEngine;
import org.opendvx.server.api.CloneView;
import org.opendvx.server.api.ExportView;
import org.opendvx.server.api.FreezeView;
import org.opendvx.server.api.HostOutcome;
import org.opendvx.server.api.ImportView;
import org.opendvx.server.api.MadeDiskView;
import org.opendvx.server.api.MountRequest;
import org.opendvx.server.config.ConfigLoader;
import org.opendvx.server.config.NodeConfig;
import org.opendvx.server.node.DvxNode;
import org.opendvx.server.node.Parts;
import org.opendvx.server.node.Store;
import org.opendvx.server.security.PrivateFiles;
import org.opendvx.server.service.DatastoreMounts;
import org.opendvx.server.service.EventLog;
import org.opendvx.server.service.HypervisorRegistry;
import org.opendvx.server.service.HypervisorStore;
import org.opendvx.server.service.MachineProtection;
import org.opendvx.server.service.NfsFront;

/** The oVirt adapter as a node puts it together, with a simulated engine. */
@Timeout(120)
class RhvConnectionsTest {
  private static final String NAME = "engine1";

  @TempDir private Path folder;
  private final DomainStore store = new DomainStore();
  private final SimEngine engine = new SimEngine(store, "/rhv");
  private final EventLog events = new EventLog(Clock.systemUTC());

  /** As much of the NFS server as mounting asks for. */
  private record Front() implements NfsFront {
    @Override
    public String address() {
      return "192.0.2.9";
    }

    @Override
    public int port() {
      return 2049;
    }

    @Override
    public int mountPort() {
      return 2049;
    }

    @Override
    public String portmapper() {
      return "";
    }

    @Override
    public List<ExportView> exports() {
      return List.of(
          new ExportView("/dvx", List.of(), ""), new ExportView("/rhv", List.of(), "36:36"));
    }

    @Override
    public String refusal(String export, String hostAddress) {
      return "";
    }

    @Override
    public List<String> warnings() {
      return List.of();
    }

    @Override
    public void close() {
      // Nothing is open.
    }
  }

  @BeforeEach
  void hosts() {
    store.folders("/rhv");
    engine.lab().host("host1", "192.0.2.1");
  }

  @AfterEach
  void close() {
    assertEquals(List.of(), engine.violations());
    engine.close();
    store.close();
  }

  private RhvWiring wiring() throws Exception {
    Path file = folder.resolve("dvx.yaml");
    Files.writeString(
        file,
        """
        nfs:
          exports:
            - path: /dvx
            - path: /rhv
              folder: /rhv
              owner: "36:36"
        """,
        StandardCharsets.UTF_8);
    NodeConfig config = ConfigLoader.load(file);
    return new RhvWiring(new Parts.Surroundings("dvx", store.datastore(), config, folder, events));
  }

  private HypervisorRegistry registry(RhvWiring wiring) {
    HypervisorRegistry registry =
        new HypervisorRegistry(
            new HypervisorStore(folder.resolve("hypervisors.json"), folder.resolve("secrets")),
            List.of(wiring.connector()),
            events);
    registry.start(List.of());
    return registry;
  }

  @Test
  void aMachineIsProtectedThroughTheNodesServices() throws Exception {
    RhvWiring wiring = wiring();
    try (HypervisorRegistry registry = registry(wiring)) {
      String pem = Files.readString(engine.ca().writePem(folder));
      registry.add(NAME, "rhv", engine.url().toString(), "admin@internal", "secret", "", pem);
      DatastoreMounts mounts = new DatastoreMounts(registry, new Front(), "dvx", events);
      MountRequest request = new MountRequest(null, "dvx.local", null, null);
      assertEquals(List.of(new HostOutcome("host1", "DONE", "")), mounts.mount(NAME, request));
      String domain = Objects.requireNonNull(engine.lab().domain("dvx"));
      String web = engine.lab().machine("web", domain, 1 << 20);
      engine.lab().start(web, "host1");
      VmRef ref = new VmRef(NAME, web);
      VmProtection protection =
          new VmProtection(
              store.datastore(),
              registry,
              AuditTrail.NONE,
              List.of(wiring.quiescer(registry)),
              Clock.systemUTC());
      assertEquals("CRASH", label(protection, shot(protection, ref)));
      FreezeView freezes = registry.ask(NAME, each -> each.setFreeze("web", true));
      assertEquals(new FreezeView(List.of(ref.toString()), List.of(), FreezeConsent.RISK), freezes);
      MeterRegistry meters = new SimpleMeterRegistry();
      wiring.measure(meters);
      MachineProtection.Shot shot = shot(protection, ref);
      assertEquals(0, meters.get("dvx.rhv.thaws.outstanding").gauge().value());
      assertEquals("FILE_SYSTEM", label(protection, shot));
      CloneView clone = protection.clone(shot.snapshot(), "web-copy", false, false, (_, _) -> {});
      assertTrue(clone.notes().contains("0 bytes copied"), clone.notes().toString());
      MadeDiskView disk =
          registry.ask(NAME, each -> each.makeDisk(shot.snapshot().name(), "web_Disk1", "back"));
      assertEquals(0, disk.bytesCopied());
      assertEquals(new ImportView(domain, List.of(), List.of()), mounts.importInto(NAME, request));
    }
    try (HypervisorRegistry again = registry(wiring())) {
      assertEquals(List.of(NAME), again.names());
      assertEquals("oVirt Engine 4.5.8", again.ask(NAME, each -> each.about()));
      assertEquals(1, again.ask(NAME, each -> each.freezes()).machines().size());
      again.remove(NAME);
      assertTrue(Files.notExists(folder.resolve("secrets").resolve(NAME + ".ca.pem")));
    }
  }

  @Test
  void aNodeThatStopsThawsBeforeItLetsGoOfTheEngine() throws Exception {
    Path password = folder.resolve("password");
    PrivateFiles.write(password, "secret\n".getBytes(StandardCharsets.UTF_8));
    Path data = folder.resolve("data");
    Path file = folder.resolve("node.yaml");
    Files.writeString(
        file,
        """
        node:
          data: %s
        rest:
          listen: 127.0.0.1
          port: 0
        nfs:
          exports:
            - path: /rhv
              folder: /rhv
              owner: "36:36"
        hypervisors:
          - name: %s
            kind: rhv
            url: %s
            user: admin@internal
            password-file: %s
            ca-file: %s
        """
            .formatted(data, NAME, engine.url(), password, engine.ca().writePem(folder)),
        StandardCharsets.UTF_8);
    CompletableFuture<RhvWiring> wiring = new CompletableFuture<>();
    CompletableFuture<HypervisorRegistry> registry = new CompletableFuture<>();
    CompletableFuture<EngineQuiescer> quiescer = new CompletableFuture<>();
    Parts parts =
        new Parts(
            (_, _) -> new OpenStore(store),
            (_, _, _) -> new Front(),
            (datastore, hypervisors, _) -> {
              EngineQuiescer made = wiring.join().quiescer(hypervisors);
              quiescer.complete(made);
              registry.complete(hypervisors);
              return new VmProtection(
                  datastore, hypervisors, AuditTrail.NONE, List.of(made), Clock.systemUTC());
            },
            surroundings -> {
              wiring.complete(new RhvWiring(surroundings));
              return List.of(wiring.join().connector());
            });
    String web;
    Quiescer.Held held;
    try (DvxNode _ = DvxNode.start(ConfigLoader.load(file), parts, "1", Clock.systemUTC())) {
      Hypervisor rhv = registry.join().hypervisor(NAME);
      rhv.registerDatastore(
          new Hypervisor.DatastoreMount("dvx", "dvx.local", "/rhv", _ -> "", ""), List.of());
      String domain = Objects.requireNonNull(engine.lab().domain("dvx"));
      web = engine.lab().machine("web", domain, 1 << 20);
      engine.lab().start(web, "host1");
      registry.join().ask(NAME, each -> each.setFreeze("web", true));
      VmDescription vm = rhv.describe(new VmRef(NAME, web));
      held = quiescer.join().freeze(vm, vm.disks(), Duration.ofSeconds(20));
      assertTrue(Objects.requireNonNull(engine.lab().seen(web)).frozen());
    }
    assertFalse(Objects.requireNonNull(engine.lab().seen(web)).frozen());
    try (held) {
      assertEquals(Consistency.CRASH, held.thaw().consistency());
    }
    try (Stream<Path> left = Files.list(data.resolve("rhv").resolve("frozen"))) {
      assertEquals(List.of(), left.toList());
    }
  }

  private record OpenStore(DomainStore store) implements Store {
    @Override
    public Pool pool() {
      return new InMemoryPool();
    }

    @Override
    public Datastore datastore() {
      return store.datastore();
    }

    @Override
    public byte[] handleKey() {
      return new byte[16];
    }

    @Override
    public void close() {
      // The test closes what it opened.
    }
  }

  @Test
  void anEngineThatIsNotTrustedIsNotKept() throws Exception {
    try (HypervisorRegistry registry = registry(wiring())) {
      DvxException e =
          assertThrows(
              DvxException.class,
              () ->
                  registry.add(
                      NAME, "rhv", engine.url().toString(), "admin@internal", "secret", "", ""));
      assertEquals(Kind.INVALID, e.kind());
      assertEquals(List.of(), registry.names());
    }
  }

  private static MachineProtection.Shot shot(VmProtection protection, VmRef vm) {
    return protection.snapshot(vm, "", Map.of(), SnapshotPolicy.TRY, "admin", (_, _) -> {});
  }

  private static String label(VmProtection protection, MachineProtection.Shot shot) {
    return protection.facts(shot.snapshot()).consistency();
  }
}
