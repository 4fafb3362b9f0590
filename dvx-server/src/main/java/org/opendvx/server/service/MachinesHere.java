package org.opendvx.server.service;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.opendvx.core.vm.VmFollower;
import org.opendvx.core.vm.VmRef;
import org.opendvx.server.api.VmView;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks the managers which machines run beside this host while it waits for their confirmation: the
 * events that would have told may have come while the host was dead.
 */
public final class MachinesHere implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(MachinesHere.class);

  private final Set<String> names;
  private final VmDirectory machines;
  private final VmFollower follower;
  private final BooleanSupplier wanted;
  private final ScheduledExecutorService clock =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("machines-here").factory());

  /**
   * Over these.
   *
   * @param names of the hypervisor host beside this one
   * @param wanted whether confirmations are waited for
   */
  public MachinesHere(
      Set<String> names, VmDirectory machines, VmFollower follower, BooleanSupplier wanted) {
    this.names = Set.copyOf(names);
    this.machines = machines;
    this.follower = follower;
    this.wanted = wanted;
  }

  /** Looks again and again. */
  public MachinesHere start(Duration pause) {
    var _ =
        clock.scheduleWithFixedDelay(
            this::look, pause.toMillis(), pause.toMillis(), TimeUnit.MILLISECONDS);
    return this;
  }

  private void look() {
    if (!wanted.getAsBoolean()) {
      return;
    }
    try {
      for (VmView vm : machines.list("", "", false).items()) {
        if (names.contains(vm.host()) && vm.power().equals("ON")) {
          follower.follow(new VmRef(vm.hypervisor(), vm.id()), vm.name());
        }
      }
    } catch (RuntimeException e) {
      LOG.warn("The machines that run beside this host are not known yet: {}", e.getMessage());
    }
  }

  @Override
  public void close() {
    clock.shutdownNow();
  }
}
