package org.opendvx.server.bench.mobility;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.api.HostOutcomes;
import org.opendvx.server.api.HypervisorRequest;
import org.opendvx.server.api.HypervisorView;
import org.opendvx.server.api.MountRequest;
import org.opendvx.server.api.NodeFile;
import org.opendvx.server.bench.rpc.NfsSession;
import org.opendvx.server.cli.NodeApi;
import org.opendvx.server.cli.RestClient;
import org.opendvx.server.process.Program;
import org.opendvx.server.simulator.Administrator;
import org.opendvx.server.simulator.EsxMachine;
import org.opendvx.server.simulator.MachineTexts;
import org.opendvx.server.simulator.Simulator;
import org.opendvx.server.simulator.Simulator.Mover;

/**
 * A machine of the vCenter simulator, whose disk is on the datastore. Each DVX host is connected to
 * the simulator and stands beside one of its hosts, in the order of their names; what it does when
 * the machine moves, it does because it heard of it there.
 */
final class ManagedMachine implements AutoCloseable {
  private static final String CONNECTION = "vcenter";
  private static final Duration LIMIT = Duration.ofSeconds(60);

  private final MobilityLab lab;
  private final EsxMachine machine;
  private final Simulator vcenter;

  private ManagedMachine(MobilityLab lab, EsxMachine machine, Simulator vcenter) {
    this.lab = lab;
    this.machine = machine;
    this.vcenter = vcenter;
  }

  /**
   * Builds the simulator if need be, starts it, connects every host and starts the machine beside
   * the first one.
   *
   * @param home the source tree
   * @param folder for the simulator's files
   * @param machine whose disk is on the datastore already
   */
  static ManagedMachine start(Path home, Path folder, MobilityLab lab, EsxMachine machine)
      throws IOException, InterruptedException {
    Path module = home.resolve("vsphere-plugin");
    Path program =
        Simulator.build(
            new Program(folder), module.resolve("vcsim"), module.resolve("target/vcsim"));
    List<String> hosts = lab.hosts();
    NodeFile first = lab.node(hosts.getFirst());
    String export =
        "nfs://%s%s/?nfsport=%d&mountport=%d"
            .formatted(first.address(), first.export(), first.nfsPort(), first.mountPort());
    Simulator vcenter =
        Simulator.start(
            program,
            folder,
            export,
            ProcessHandle.current().pid(),
            new Simulator.Site(lab.network().outside(), hosts.size()));
    ManagedMachine managed = new ManagedMachine(lab, machine, vcenter);
    boolean done = false;
    try {
      hosts.forEach(host -> managed.connect(lab.client(host)));
      managed.mount(lab.client(hosts.getFirst()));
      managed.copyTexts(first, folder);
      try (Administrator administrator = Administrator.logIn(vcenter, first.datastore())) {
        administrator.registerAndStart(machine, managed.beside(hosts.getFirst()));
      }
      done = true;
      return managed;
    } finally {
      if (!done) {
        managed.close();
      }
    }
  }

  private void connect(RestClient host) {
    HypervisorView _ =
        host.post(
            "hypervisors",
            new HypervisorRequest(
                CONNECTION,
                null,
                vcenter.url().toString(),
                vcenter.user(),
                vcenter.password(),
                vcenter.certificate(),
                null),
            HypervisorView.class);
  }

  private void mount(RestClient host) {
    // Closing the interface would close the client, which is the lab's.
    @SuppressWarnings("resource")
    NodeApi api = new NodeApi(host);
    HostOutcomes mounted =
        api.await(
            "hypervisors/" + CONNECTION + "/mounts",
            new MountRequest(List.of(), null, null, null),
            HostOutcomes.class,
            LIMIT);
    if (mounted.hosts().isEmpty()
        || mounted.hosts().stream().anyMatch(each -> !each.outcome().equals("DONE"))) {
      throw DvxException.of(Kind.INTERNAL, "The datastore is not on every simulated host")
          .cause("The outcomes are " + mounted.hosts())
          .build();
    }
  }

  private void copyTexts(NodeFile node, Path folder) throws IOException {
    Path local = Files.createDirectories(folder.resolve("texts"));
    try (NfsSession session = MachineLoad.session(node)) {
      byte[] directory = session.lookup(session.root(), machine.name()).orElseThrow().handle();
      for (String name : new MachineTexts(machine).write(local)) {
        MachineLoad.write(session, directory, name, Files.readAllBytes(local.resolve(name)));
      }
    }
  }

  /** The hypervisor host beside a DVX host. */
  private String beside(String host) {
    return Simulator.host(lab.hosts().indexOf(host));
  }

  /** vCenter says that a move begins. */
  void announce(Mover mover, String to) throws IOException, InterruptedException {
    vcenter.move(mover, machine.name(), beside(to), Simulator.Phase.BEGIN);
  }

  /** vCenter says that it is over. */
  void arrive(Mover mover, String to) throws IOException, InterruptedException {
    vcenter.move(mover, machine.name(), beside(to), Simulator.Phase.END);
  }

  /** vCenter says that vSphere HA has restarted it. */
  void restart(String to) throws IOException, InterruptedException {
    vcenter.restartElsewhere(machine.name(), beside(to));
  }

  @Override
  public void close() {
    vcenter.close();
  }
}
