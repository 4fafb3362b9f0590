package org.opendvx.server.wiring;

import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.vm.Quiescer;
import org.opendvx.server.config.NodeConfig;
import org.opendvx.server.node.DataFolder;
import org.opendvx.server.node.Parts;
import org.opendvx.server.node.Store;
import org.opendvx.server.service.Agents;
import org.opendvx.server.service.HypervisorRegistry;

/** The real parts of a node. */
public final class RealParts {
  private RealParts() {}

  private static Store store(NodeConfig config, DataFolder folder) {
    return switch (config.pool().kind()) {
      case LOCAL -> LocalStore.open(config, folder);
      case REMOTE -> RemoteStore.open(config, folder);
    };
  }

  /** Those of a node that is one of several hosts over a pool. */
  public static Parts hostParts(Parts parts) {
    return new Parts(
        SharedStore::open, parts.nfs(), parts.protection(), parts.connectors(), parts.agents());
  }

  /** All of them. */
  public static Parts parts() {
    AtomicReference<@Nullable RhvWiring> rhv = new AtomicReference<>();
    return new Parts(
        RealParts::store,
        NfsServerFront::start,
        (datastore, hypervisors, agents) ->
            new VmProtection(
                datastore,
                hypervisors,
                agents.audit(),
                quiescers(agents, rhv.get(), hypervisors),
                Clock.systemUTC()),
        surroundings -> {
          RhvWiring wiring = new RhvWiring(surroundings);
          rhv.set(wiring);
          return List.of(new VSphereConnector(surroundings.datastoreName()), wiring.connector());
        },
        (config, folder, hypervisors, meters) -> {
          RhvWiring wiring = rhv.get();
          if (wiring != null) {
            wiring.measure(meters);
          }
          return GuestAgents.start(config.agents(), folder, hypervisors, meters, Clock.systemUTC());
        });
  }

  /** A guest's own agent knows its applications; its hypervisor is the second choice. */
  private static List<Quiescer> quiescers(
      Agents agents, @Nullable RhvWiring rhv, HypervisorRegistry hypervisors) {
    List<Quiescer> quiescers = new ArrayList<>(agents.quiescers());
    if (rhv != null) {
      quiescers.add(rhv.quiescer(hypervisors));
    }
    return quiescers;
  }
}
