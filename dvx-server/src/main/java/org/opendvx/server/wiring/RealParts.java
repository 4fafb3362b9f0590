package org.opendvx.server.wiring;

import java.time.Clock;
import java.util.List;
import org.opendvx.server.node.Parts;

/** The real parts of a node. */
public final class RealParts {
  private RealParts() {}

  /** All of them. */
  public static Parts parts() {
    return new Parts(
        LocalStore::open,
        NfsServerFront::start,
        (datastore, hypervisors, agents) ->
            new VmProtection(datastore, hypervisors, agents, Clock.systemUTC()),
        datastoreName -> List.of(new VSphereConnector(datastoreName)),
        (config, folder, hypervisors, meters) ->
            GuestAgents.start(config.agents(), folder, hypervisors, meters, Clock.systemUTC()));
  }
}
