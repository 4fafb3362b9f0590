package org.opendvx.coordinator.session;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.opendvx.core.vm.VmRef;

/** The agents that may be asked to freeze, by machine. Thread-safe. */
final class Links {
  private final Map<VmRef, AgentLink> links = new ConcurrentHashMap<>();

  Optional<AgentLink> find(VmRef vm) {
    return Optional.ofNullable(links.get(vm));
  }

  /** Takes the place of a machine; false when another agent has it. */
  boolean take(AgentLink link) {
    return links.putIfAbsent(link.vm(), link) == null;
  }

  /** Leaves it. */
  void leave(AgentLink link) {
    links.remove(link.vm(), link);
  }

  int count() {
    return links.size();
  }
}
