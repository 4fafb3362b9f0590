package org.opendvx.server.wiring;

import java.time.Clock;
import java.util.List;
import org.opendvx.server.config.NodeConfig;
import org.opendvx.server.node.DataFolder;
import org.opendvx.server.node.Parts;
import org.opendvx.server.node.Store;

/** The real parts of a node. */
public final class RealParts {
  private RealParts() {}

  private static Store store(NodeConfig config, DataFolder folder) {
    return switch (config.pool().kind()) {
      case LOCAL -> LocalStore.open(config, folder);
      case REMOTE -> RemoteStore.open(config, folder);
    };
  }

  /** All of them. */
  public static Parts parts() {
    return new Parts(
        RealParts::store,
        NfsServerFront::start,
        (datastore, hypervisors, agents) ->
            new VmProtection(datastore, hypervisors, agents, Clock.systemUTC()),
        datastoreName -> List.of(new VSphereConnector(datastoreName)),
        (config, folder, hypervisors, meters) ->
            GuestAgents.start(config.agents(), folder, hypervisors, meters, Clock.systemUTC()));
  }
}
