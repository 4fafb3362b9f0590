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
import org.opendvx.server.demo.engine.EngineAdministrator;
import org.opendvx.server.demo.engine.EngineMain;
import org.opendvx.server.demo.engine.EngineSimulator;

/** An oVirt engine, connected to the node, with a storage domain on the datastore. */
final class EngineStart {
  private static final String CONNECTION = "engine";
  private static final Duration LIMIT = Duration.ofSeconds(60);

  private final Workshop shop;
  private final Node node;

  EngineStart(Workshop shop, Node node) {
    this.shop = shop;
    this.node = node;
  }

  /**
   * The running engine.
   *
   * @param administrator a person at its own client
   */
  record Engine(EngineSimulator simulator, EngineAdministrator administrator) {}

  Engine run() throws IOException, InterruptedException {
    Path folder = Files.createDirectories(shop.path("engine"));
    List<String> java = NodeStart.java();
    java.add("-Xmx256m");
    java.add(EngineMain.class.getName());
    EngineSimulator simulator =
        EngineSimulator.start(
            java,
            folder,
            NodeStart.OVIRT,
            node.file().nfsPort(),
            node.file().mountPort(),
            shop.keep() ? node.process().pid() : ProcessHandle.current().pid());
    shop.cleanup().add("stop the simulated engine", simulator::close);
    HypervisorView connected =
        node.api()
            .post(
                "hypervisors",
                new HypervisorRequest(
                    CONNECTION,
                    "rhv",
                    simulator.url().toString(),
                    simulator.user(),
                    simulator.password(),
                    null,
                    Files.readString(simulator.authority())),
                HypervisorView.class);
    HostOutcomes registered =
        node.api()
            .await(
                "hypervisors/" + CONNECTION + "/mounts",
                new MountRequest(List.of(), "127.0.0.1", null, null),
                HostOutcomes.class,
                LIMIT);
    for (HostOutcome host : registered.hosts()) {
      if (!host.outcome().equals("DONE")) {
        throw DvxException.of(Kind.INTERNAL, "The storage domain is not on every host")
            .cause(host.host() + ": " + host.outcome() + " " + host.reason())
            .build();
      }
    }
    if (registered.hosts().isEmpty()) {
      throw DvxException.of(Kind.INTERNAL, "The engine has no host").build();
    }
    shop.narrator()
        .say(
            "The simulated engine answers at %s; the node believes its authority and no other.",
            connected.url());
    shop.narrator()
        .say(
            "The data domain '%s' lies in %s of the datastore that vCenter has too, and is active on"
                + " %s.",
            NodeStart.DATASTORE,
            NodeStart.OVIRT,
            String.join(", ", registered.hosts().stream().map(HostOutcome::host).toList()));
    EngineAdministrator administrator =
        new EngineAdministrator(simulator, NodeStart.DATASTORE, NodeStart.OVIRT);
    shop.cleanup().add("log out of the engine", administrator::close);
    return new Engine(simulator, administrator);
  }
}
