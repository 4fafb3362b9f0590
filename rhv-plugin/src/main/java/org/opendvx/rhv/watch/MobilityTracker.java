package org.opendvx.rhv.watch;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.vm.PowerState;
import org.opendvx.core.vm.VmMobility;
import org.opendvx.core.vm.VmRef;

/**
 * Makes one ordered story of each machine out of what was read of it and the hints of the events.
 * What was read is the truth: where it runs and whether it runs. Hints come early (a migration that
 * begins), and tell a restart after a failure from a move. Not thread-safe.
 */
final class MobilityTracker {
  /** After this long a failure has nothing to do with a start. */
  private static final Duration FAILURE_LIFE = Duration.ofMinutes(30);

  /** The event of a migration may come before the machine's status shows it. */
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private final String connection;
  private final InstantSource clock;
  private final Consumer<VmMobility> listener;
  private final Map<String, Machine> machines = new LinkedHashMap<>();
  private Map<String, HostSeen> hosts = Map.of();
  private boolean knowsState;

  /** A host as last read. */
  record HostSeen(String name, boolean lost) {}

  /**
   * A machine as read.
   *
   * @param host id, empty when it has none
   */
  record Seen(String id, String name, PowerState power, boolean migrating, String host) {}

  private static final class Machine {
    private final VmRef ref;
    private String name = "";
    private PowerState power = PowerState.UNKNOWN;
    private String host = "";
    private boolean announced;
    private Instant announcedAt = Instant.EPOCH;

    /** Whether it was seen to migrate, or the engine said that it is over. */
    private boolean resolvable;

    private String target = "";
    private @Nullable Instant failed;

    private Machine(VmRef ref) {
      this.ref = ref;
    }
  }

  MobilityTracker(String connection, InstantSource clock, Consumer<VmMobility> listener) {
    this.connection = connection;
    this.clock = clock;
    this.listener = listener;
  }

  /** All hosts. Of one that was lost since the last time, its machines are told at once. */
  void hosts(Map<String, HostSeen> seen) {
    Map<String, HostSeen> before = hosts;
    hosts = Map.copyOf(seen);
    if (!knowsState) {
      return;
    }
    Instant now = clock.instant();
    for (Machine machine : machines.values()) {
      HostSeen was = before.get(machine.host);
      HostSeen is = hosts.get(machine.host);
      boolean wasLost = was != null && was.lost();
      if (is != null && is.lost() && !wasLost && machine.power == PowerState.ON) {
        listener.accept(new VmMobility.HostLost(machine.ref, machine.name, now, is.name()));
      }
    }
  }

  /** Whether a machine's host is none that was read: then hosts should be read again. */
  boolean knows(String host) {
    return host.isEmpty() || hosts.containsKey(host);
  }

  /** The machines that are on their way, which should be looked at often. */
  List<String> moving() {
    List<String> moving = new ArrayList<>();
    machines.forEach(
        (id, machine) -> {
          if (machine.announced) {
            moving.add(id);
          }
        });
    return moving;
  }

  /** A hint, in the order of events. */
  void hint(Notice notice) {
    Machine machine = machines.get(notice.vm());
    if (machine == null) {
      return;
    }
    switch (notice.kind()) {
      case MIGRATES -> announce(machine, notice.time(), notice.target());
      case MIGRATION_ENDED -> machine.resolvable = true;
      case FAILED_BY_HOST -> machine.failed = notice.time();
      case CHANGED -> {
        // It is read again, which tells.
      }
    }
  }

  private void announce(Machine machine, Instant time, String target) {
    boolean stays = !target.isEmpty() && target.equals(hostName(machine.host));
    if (machine.announced || stays) {
      return;
    }
    machine.announced = true;
    machine.announcedAt = clock.instant();
    machine.resolvable = false;
    machine.target = target;
    listener.accept(
        new VmMobility.AboutToMove(
            machine.ref, machine.name, time, hostName(machine.host), target));
  }

  /** All machines: one that is missing is gone. */
  void all(List<Seen> seen) {
    Set<String> missing = new HashSet<>(machines.keySet());
    seen.forEach(
        each -> {
          missing.remove(each.id());
          machine(each);
        });
    missing.forEach(this::gone);
    knowsState = true;
  }

  void gone(String id) {
    Machine machine = machines.remove(id);
    if (machine != null && machine.power == PowerState.ON) {
      listener.accept(
          new VmMobility.PoweredOff(
              machine.ref, machine.name, clock.instant(), hostName(machine.host)));
    }
  }

  /** A machine as it is now. */
  void machine(Seen seen) {
    Machine machine = machines.get(seen.id());
    if (machine == null) {
      machine = new Machine(new VmRef(connection, seen.id()));
      machines.put(seen.id(), machine);
      machine.name = seen.name();
      machine.host = seen.host();
      // What is first seen is how things are; a machine made since was not on before.
      machine.power = knowsState ? PowerState.OFF : seen.power();
      if (!knowsState) {
        return;
      }
    }
    machine.name = seen.name();
    if (seen.power() == PowerState.UNKNOWN) {
      // Its host is lost: it stays there until it is known to run elsewhere.
      return;
    }
    if (seen.power() == PowerState.ON) {
      runs(machine, seen);
    } else {
      stopped(machine, seen);
    }
  }

  private void runs(Machine machine, Seen seen) {
    Instant now = clock.instant();
    if (seen.migrating()) {
      announce(machine, now, "");
      machine.resolvable = true;
      machine.power = PowerState.ON;
      return;
    }
    if (machine.power != PowerState.ON && seen.host().isEmpty()) {
      // It waits to be launched. Where it runs is told with its being on.
      return;
    }
    boolean elsewhere =
        !seen.host().isEmpty() && !machine.host.isEmpty() && !seen.host().equals(machine.host);
    boolean early =
        machine.announced
            && !elsewhere
            && !machine.resolvable
            && Duration.between(machine.announcedAt, now).compareTo(PATIENCE) < 0;
    if (early) {
      return;
    }
    String from = hostName(machine.host);
    String to = hostName(seen.host());
    boolean failed =
        machine.failed != null
            && Duration.between(machine.failed, now).abs().compareTo(FAILURE_LIFE) <= 0;
    HostSeen old = hosts.get(machine.host);
    boolean lost = old != null && old.lost();
    if (elsewhere && (failed || (lost && !machine.announced))) {
      listener.accept(new VmMobility.RestartedElsewhere(machine.ref, machine.name, now, from, to));
    } else if (machine.power != PowerState.ON) {
      listener.accept(new VmMobility.PoweredOn(machine.ref, machine.name, now, to));
    } else if (elsewhere) {
      listener.accept(new VmMobility.Moved(machine.ref, machine.name, now, from, to));
    } else if (machine.announced) {
      listener.accept(
          new VmMobility.MoveFailed(machine.ref, machine.name, now, from, machine.target));
    }
    machine.announced = false;
    machine.target = "";
    machine.power = PowerState.ON;
    if (!seen.host().isEmpty()) {
      machine.host = seen.host();
    }
    if (failed && seen.power() == PowerState.ON) {
      machine.failed = null;
    }
  }

  private void stopped(Machine machine, Seen seen) {
    if (machine.power == PowerState.ON) {
      if (machine.announced) {
        listener.accept(
            new VmMobility.MoveFailed(
                machine.ref,
                machine.name,
                clock.instant(),
                hostName(machine.host),
                machine.target));
      }
      listener.accept(
          new VmMobility.PoweredOff(
              machine.ref, machine.name, clock.instant(), hostName(machine.host)));
    }
    machine.announced = false;
    machine.target = "";
    machine.power = seen.power();
  }

  private String hostName(String id) {
    HostSeen host = hosts.get(id);
    return host == null ? id : host.name();
  }
}
