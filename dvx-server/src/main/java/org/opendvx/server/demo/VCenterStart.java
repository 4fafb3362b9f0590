package org.opendvx.server.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.api.HostOutcome;
import org.opendvx.server.api.HostOutcomes;
import org.opendvx.server.api.HypervisorRequest;
import org.opendvx.server.api.HypervisorView;
import org.opendvx.server.api.MountRequest;
import org.opendvx.server.simulator.Administrator;
import org.opendvx.server.simulator.Simulator;

/** Step 3: a vCenter, connected to the node, with the datastore on all its hosts. */
final class VCenterStart {
  private static final String CONNECTION = "vcenter";
  private static final Duration LIMIT = Duration.ofSeconds(60);

  private final Workshop shop;
  private final Node node;

  VCenterStart(Workshop shop, Node node) {
    this.shop = shop;
    this.node = node;
  }

  /**
   * The running vCenter.
   *
   * @param administrator a person at its own client
   */
  record VCenter(Simulator simulator, Administrator administrator) {}

  VCenter run() throws IOException, InterruptedException {
    Path module = shop.home().resolve("vsphere-plugin");
    Path program =
        Simulator.build(
            shop.programs(), module.resolve("vcsim"), module.resolve("target").resolve("vcsim"));
    Path folder = Files.createDirectories(shop.path("vcenter"));
    long parent = shop.keep() ? node.process().pid() : ProcessHandle.current().pid();
    Simulator simulator = Simulator.start(program, folder, node.foreign().url("/"), parent);
    shop.cleanup().add("stop the vCenter simulator", simulator::close);
    HypervisorView connected =
        node.api()
            .post(
                "hypervisors",
                new HypervisorRequest(
                    CONNECTION,
                    null,
                    simulator.url().toString(),
                    simulator.user(),
                    simulator.password(),
                    simulator.certificate(),
                    null),
                HypervisorView.class);
    shop.narrator()
        .say(
            "The vCenter simulator answers at %s; the node believes its certificate and no other.",
            connected.url());
    HostOutcomes mounted =
        node.api()
            .await(
                "hypervisors/" + CONNECTION + "/mounts",
                new MountRequest(List.of(), null, null, null),
                HostOutcomes.class,
                LIMIT);
    for (HostOutcome host : mounted.hosts()) {
      if (!host.outcome().equals("DONE")) {
        throw DvxException.of(Kind.INTERNAL, "The datastore is not on every host")
            .cause(host.host() + ": " + host.outcome() + " " + host.reason())
            .build();
      }
    }
    if (mounted.hosts().isEmpty()) {
      throw DvxException.of(Kind.INTERNAL, "vCenter has no host").build();
    }
    shop.narrator()
        .say(
            "The datastore '%s' is mounted on %s.",
            NodeStart.DATASTORE,
            String.join(", ", mounted.hosts().stream().map(HostOutcome::host).toList()));
    Administrator administrator = Administrator.logIn(simulator, NodeStart.DATASTORE);
    shop.cleanup().add("log out of vCenter", administrator::close);
    return new VCenter(simulator, administrator);
  }
}
