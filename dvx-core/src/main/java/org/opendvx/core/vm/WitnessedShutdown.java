package org.opendvx.core.vm;

import java.util.List;
import java.util.Optional;
import org.opendvx.core.error.DvxException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The shutdown by which a machine came to be off. Its file systems are whole as long as nothing has
 * run since, so the question is asked before the cut and once more after it.
 *
 * @param name of the shutdown, as its witness gave it
 */
record WitnessedShutdown(Hypervisor hypervisor, VmDescription vm, Quiescer witness, String name) {
  private static final Logger LOG = LoggerFactory.getLogger(WitnessedShutdown.class);

  /** The shutdown that a quiescer witnessed of a machine that is off. */
  static Optional<WitnessedShutdown> of(
      Hypervisor hypervisor, VmDescription vm, List<Quiescer> quiescers) {
    if (vm.power() != PowerState.OFF || !vm.foreignDisks().isEmpty()) {
      return Optional.empty();
    }
    for (Quiescer each : quiescers) {
      Optional<String> name = ask(each, hypervisor, vm);
      if (name.isPresent()) {
        return Optional.of(new WitnessedShutdown(hypervisor, vm, each, name.get()));
      }
    }
    return Optional.empty();
  }

  /** Whether the machine is still off by this shutdown. */
  boolean still() {
    try {
      return hypervisor.describe(vm.ref()).power() == PowerState.OFF
          && ask(witness, hypervisor, vm).filter(name::equals).isPresent();
    } catch (DvxException e) {
      LOG.warn("Whether {} is still off is not known: {}", vm.name(), e.getMessage());
      return false;
    }
  }

  private static Optional<String> ask(Quiescer witness, Hypervisor hypervisor, VmDescription vm) {
    try {
      return witness.witnessedShutdown(hypervisor, vm);
    } catch (DvxException e) {
      LOG.warn("How {} came to be off is not known: {}", vm.name(), e.getMessage());
      return Optional.empty();
    }
  }
}
