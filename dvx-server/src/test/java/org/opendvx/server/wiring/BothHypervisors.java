package org.opendvx.server.wiring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.pool.Pool;
import org.opendvx.core.testing.InMemoryPool;
import org.opendvx.core.vm.AuditTrail;
import org.opendvx.core.vm.VmRef;
import org.opendvx.rhv.DomainStore;
import org.opendvx.rhv.sim.SimEngine;
import org.opendvx.server.api.HostOutcome;
import org.opendvx.server.api.MountRequest;
import org.opendvx.server.config.ConfigLoader;
import org.opendvx.server.config.NodeConfig;
import org.opendvx.server.node.Parts;
import org.opendvx.server.node.Store;
import org.opendvx.server.process.Program;
import org.opendvx.server.service.DatastoreMounts;
import org.opendvx.server.service.EventLog;
import org.opendvx.server.service.HypervisorRegistry;
import org.opendvx.server.service.HypervisorStore;
import org.opendvx.server.simulator.Simulator;
import org.opendvx.vsphere.VSphere;

/**
 * One datastore, served over NFS, with a vCenter simulator and a simulated engine on it, wired as
 * in a node. The vCenter simulator fetches machines' small files over NFS.
 */
final class BothHypervisors implements AutoCloseable {
  static final String VCENTER = "vc1";
  static final String ENGINE = "engine1";
  private static final Duration LIMIT = Duration.ofSeconds(60);

  final DomainStore store = new DomainStore();
  final SimEngine engine = new SimEngine(store, "/rhv");
  final Simulator vcenter;
  final HypervisorRegistry registry;
  final VmProtection protection;
  final String domain;
  private final NfsServerFront front;
  private final Path folder;

  /** Starts all of it; the program is built when it is not there. */
  static BothHypervisors start(Path folder) throws Exception {
    return new BothHypervisors(folder);
  }

  private BothHypervisors(Path folder) throws Exception {
    this.folder = folder;
    store.folders("/rhv");
    engine.lab().host("host1", "127.0.0.1");
    Path file = folder.resolve("dvx.yaml");
    Files.writeString(
        file,
        """
        nfs:
          port: 0
          exports:
            - path: /dvx
            - path: /rhv
              folder: /rhv
              owner: "36:36"
        """,
        StandardCharsets.UTF_8);
    NodeConfig config = ConfigLoader.load(file);
    front = NfsServerFront.start(config, opened(), new SimpleMeterRegistry());
    vcenter = simulator();
    EventLog events = new EventLog(Clock.systemUTC());
    RhvWiring wiring =
        new RhvWiring(new Parts.Surroundings("dvx", store.datastore(), config, folder, events));
    registry =
        new HypervisorRegistry(
            new HypervisorStore(folder.resolve("hypervisors.json"), folder.resolve("secrets")),
            List.of(new VSphereConnector("dvx"), wiring.connector()),
            events);
    registry.start(List.of());
    registry.add(
        VCENTER,
        "vcenter",
        vcenter.url().toString(),
        vcenter.user(),
        vcenter.password(),
        vcenter.certificate(),
        "");
    String authority = Files.readString(engine.ca().writePem(folder));
    registry.add(ENGINE, "rhv", engine.url().toString(), "admin@internal", "secret", "", authority);
    DatastoreMounts mounts = new DatastoreMounts(registry, front, "dvx", events);
    for (String each : List.of(VCENTER, ENGINE)) {
      for (HostOutcome host : mounts.mount(each, new MountRequest(null, null, null, null))) {
        assertEquals("DONE", host.outcome(), host.toString());
      }
    }
    domain = Objects.requireNonNull(engine.lab().domain("dvx"));
    protection =
        new VmProtection(
            store.datastore(),
            registry,
            AuditTrail.NONE,
            List.of(wiring.quiescer(registry)),
            Clock.systemUTC());
  }

  private Store opened() {
    return new Store() {
      private final InMemoryPool pool = new InMemoryPool();

      @Override
      public Pool pool() {
        return pool;
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
    };
  }

  private Simulator simulator() throws IOException, InterruptedException {
    Path here = Path.of("").toAbsolutePath();
    Path module =
        Files.isDirectory(here.resolve("vsphere-plugin"))
            ? here.resolve("vsphere-plugin")
            : here.resolveSibling("vsphere-plugin");
    Path program =
        Simulator.build(
            new Program(folder), module.resolve("vcsim"), module.resolve("target/vcsim"));
    String export =
        "nfs://127.0.0.1/dvx/?nfsport=" + front.port() + "&mountport=" + front.mountPort();
    Path home = Files.createDirectories(folder.resolve("vcenter"));
    return Simulator.start(program, home, export, ProcessHandle.current().pid());
  }

  /** A machine of the vCenter with one flat disk, which is off. */
  VmRef onVCenter(String name, byte[] disk) {
    String home = "/" + name + "/" + name;
    text(
        home + ".vmx",
        """
        .encoding = "UTF-8"
        config.version = "8"
        virtualHW.version = "14"
        displayName = "%1$s"
        guestOS = "windows2019srv-64"
        memSize = "4096"
        numvcpus = "4"
        cpuid.coresPerSocket = "2"
        firmware = "efi"
        ethernet0.present = "TRUE"
        ethernet0.virtualDev = "vmxnet3"
        ethernet0.networkName = "VM Network"
        ethernet0.addressType = "vpx"
        ethernet0.generatedAddress = "00:50:56:9a:bc:%2$02x"
        ide0:0.present = "TRUE"
        ide0:0.deviceType = "cdrom-image"
        ide0:0.fileName = "tools.iso"
        scsi0.present = "TRUE"
        scsi0.virtualDev = "pvscsi"
        scsi0:0.present = "TRUE"
        scsi0:0.fileName = "%1$s.vmdk"
        """
            .formatted(name, name.length()));
    text(
        home + ".vmdk",
        """
        # Disk DescriptorFile
        version=1
        encoding="UTF-8"
        CID=fffffffe
        parentCID=ffffffff
        createType="vmfs"

        # Extent description
        RW %d VMFS "%s-flat.vmdk"

        ddb.adapterType = "lsilogic"
        """
            .formatted(disk.length / 512, name));
    store.create(home + "-flat.vmdk", disk.length);
    store.write(home + "-flat.vmdk", 0, disk);
    String host = registry.hypervisor(VCENTER).hosts("dvx").getFirst().host();
    return ((VSphere) registry.hypervisor(VCENTER)).registerOn(home + ".vmx", name, host, LIMIT);
  }

  private void text(String path, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    store.create(path, bytes.length);
    store.write(path, 0, bytes);
  }

  /** A machine of the engine with one raw disk, which is off. */
  VmRef onEngine(String name, byte[] disk) {
    String id = engine.lab().machine(name, domain, disk.length);
    store.write(enginePath(id), 0, disk);
    return new VmRef(ENGINE, id);
  }

  /** The path of a machine's first disk. */
  String enginePath(String vm) {
    return engine.lab().path(Objects.requireNonNull(engine.lab().seen(vm)).disks().getFirst());
  }

  /** No hypervisor snapshot was made, and nobody was asked for what he would refuse. */
  void assertNoStuns() throws Exception {
    assertEquals(0, vcenter.stuns());
    assertEquals(List.of(), engine.violations());
    assertFalse(vcenter.fellOver(folder.resolve("vcenter")));
  }

  @Override
  public void close() {
    protection.close();
    registry.close();
    vcenter.close();
    engine.close();
    front.close();
    store.close();
  }
}
