package org.opendvx.coordinator.session;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import org.opendvx.coordinator.registry.Agent;
import org.opendvx.coordinator.registry.AgentRegistry;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.vm.AuditTrail;
import org.opendvx.core.vm.Hypervisor;
import org.opendvx.core.vm.PowerOff;
import org.opendvx.core.vm.Quiescer;
import org.opendvx.core.vm.VmDescription;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What guests said of their shutdown, held against what the hypervisor saw. Neither is enough
 * alone: a guest says only that a shutdown began, a hypervisor does not see the guest's file
 * systems. Thread-safe.
 */
final class Shutdowns {
  private static final Logger LOG = LoggerFactory.getLogger(Shutdowns.class);

  /** A shutdown that takes longer is none that is believed. */
  private static final Duration LONGEST = Duration.ofMinutes(30);

  /** The two ages are read one after the other. */
  private static final Duration SLACK = Duration.ofSeconds(5);

  private final AgentRegistry registry;
  private final Links links;
  private final AuditTrail audit;
  private final Clock clock;

  Shutdowns(AgentRegistry registry, Links links, AuditTrail audit, Clock clock) {
    this.registry = registry;
    this.links = links;
    this.audit = audit;
    this.clock = clock;
  }

  /** An agent said that its guest goes off; may wait for the disk. */
  void said(AgentLink link) {
    if (links.find(link.vm()).filter(other -> other != link).isPresent()) {
      return;
    }
    try {
      audit.record(
          "guest.shutdown",
          link.agent().toString(),
          link.vm().toString(),
          Map.of("boot", link.machine().bootId()));
      registry.goodbye(link.agent());
    } catch (DvxException e) {
      LOG.warn("The shutdown of {} is not remembered: {}", link.vm(), e.getMessage());
    }
  }

  /** The shutdown by which a machine is off, if it was seen whole. */
  Optional<Quiescer.Shutdown> witnessed(Hypervisor hypervisor, VmDescription vm) {
    Optional<Instant> goodbye =
        registry.active(vm.ref()).map(Agent::goodbye).filter(said -> said.isAfter(Instant.EPOCH));
    if (goodbye.isEmpty() || links.find(vm.ref()).isPresent()) {
      return Optional.empty();
    }
    Instant asked = clock.instant();
    Optional<PowerOff> off = hypervisor.lastPowerOff(vm.ref());
    Duration saidAgo = Duration.between(goodbye.get(), clock.instant());
    return off.filter(PowerOff::byGuest)
        .filter(seen -> follows(saidAgo, seen))
        .map(
            seen ->
                new Quiescer.Shutdown(
                    seen.id() + " after " + goodbye.get(), asked.minus(seen.ago())));
  }

  /** Whether the machine went off after the word, not long after it, and in the same run. */
  private static boolean follows(Duration saidAgo, PowerOff off) {
    Duration took = saidAgo.minus(off.ago());
    return took.plus(SLACK).isPositive()
        && took.compareTo(LONGEST) <= 0
        && off.onAgo().compareTo(saidAgo) > 0;
  }
}
