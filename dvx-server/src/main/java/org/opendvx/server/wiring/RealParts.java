package org.opendvx.server.wiring;

import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.vm.Quiescer;
import org.opendvx.server.node.Parts;
import org.opendvx.server.service.HypervisorRegistry;

/** The real parts of a node. */
public final class RealParts {
  private RealParts() {}

  /** All of them. */
  public static Parts parts() {
    AtomicReference<@Nullable RhvWiring> rhv = new AtomicReference<>();
    return new Parts(
        LocalStore::open,
        NfsServerFront::start,
        (datastore, hypervisors) ->
            new VmProtection(
                datastore, hypervisors, quiescers(rhv.get(), hypervisors), Clock.systemUTC()),
        surroundings -> {
          RhvWiring wiring = new RhvWiring(surroundings);
          rhv.set(wiring);
          return List.of(new VSphereConnector(surroundings.datastoreName()), wiring.connector());
        });
  }

  private static List<Quiescer> quiescers(@Nullable RhvWiring rhv, HypervisorRegistry hypervisors) {
    List<Quiescer> quiescers = new ArrayList<>();
    if (rhv != null) {
      quiescers.add(rhv.quiescer(hypervisors));
    }
    return quiescers;
  }
}
