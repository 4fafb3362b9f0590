package org.opendvx.vsphere.watch;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
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
 * Makes one ordered story of each machine out of vCenter's two sources.
 *
 * <p>Properties are the truth: where a machine runs and whether it runs. Events come early (a move
 * that is announced), tell a move from a restart after a failure, and may be late, doubled or
 * missing. So a change of host that no event explains yet is held back for a moment; then it is
 * told as a move, or as a restart when vCenter has lost the old host. If the event of a restart
 * comes after that, the restart is told too: a reader that fences the old host must not miss it.
 *
 * <p>Not thread-safe. Call {@link #settle} after each batch of input.
 */
final class MobilityTracker {
  /** How long a change of host waits for the event that explains it. */
  static final Duration PATIENCE = Duration.ofMillis(1500);

  /** After this long an event has nothing to do with a change. */
  private static final Duration EVENT_LIFE = Duration.ofSeconds(60);

  /** After this long an announced move that nothing was heard of is forgotten. */
  private static final Duration MOVE_LIFE = Duration.ofHours(2);

  private final String hypervisor;
  private final InstantSource clock;
  private final Consumer<VmMobility> listener;
  private final EventKeys keys = new EventKeys();
  private final Map<String, Machine> machines = new LinkedHashMap<>();
  private final Map<String, Host> hosts = new HashMap<>();
  private final Set<String> missing = new HashSet<>();
  private final Set<String> silentHosts = new HashSet<>();
  private boolean resuming;
  private boolean knowsState;

  private record Host(String name, boolean connected) {}

  /** What is known of one machine, and what the listener has been told. */
  private static final class Machine {
    private final VmRef ref;
    private String name = "";
    private String host = "";
    private String toldHost = "";
    private PowerState power = PowerState.UNKNOWN;
    private @Nullable Notice announced;
    private @Nullable Notice arrival;
    private @Nullable Notice guessed;
    private @Nullable Instant unexplainedSince;
    private final List<VmMobility> held = new ArrayList<>();

    private Machine(VmRef ref) {
      this.ref = ref;
    }
  }

  MobilityTracker(String hypervisor, InstantSource clock, Consumer<VmMobility> listener) {
    this.hypervisor = hypervisor;
    this.clock = clock;
    this.listener = listener;
  }

  /** Everything is about to be sent anew: what is not has gone meanwhile. */
  void beginState() {
    resuming = true;
    missing.clear();
    missing.addAll(machines.keySet());
  }

  /** Everything has been sent. */
  void endState() {
    List.copyOf(missing).forEach(this::machineGone);
    // A vCenter that has no events to show may send no page at all: the next one is all news.
    keys.start(List.of());
    resuming = false;
    knowsState = true;
  }

  void host(String id, @Nullable String name, @Nullable Boolean connected) {
    Host before = hosts.getOrDefault(id, new Host(id, true));
    hosts.put(
        id,
        new Host(
            name == null ? before.name() : name,
            connected == null ? before.connected() : connected));
  }

  /**
   * vCenter hears nothing from a host any more, or again. Somebody's disconnecting it is no loss.
   */
  void hostSilent(String id, boolean silent) {
    boolean changed = silent ? silentHosts.add(id) : silentHosts.remove(id);
    if (!changed || !silent || !knowsState) {
      return;
    }
    for (Machine machine : machines.values()) {
      if (machine.toldHost.equals(id) && machine.power == PowerState.ON) {
        machine.held.add(
            new VmMobility.HostLost(machine.ref, machine.name, clock.instant(), hostName(id)));
      }
    }
  }

  /** Takes in what is known of a machine; null is no news. */
  void machine(
      String id, @Nullable String name, @Nullable String host, @Nullable PowerState power) {
    missing.remove(id);
    Machine machine = machines.get(id);
    boolean fresh = machine == null;
    if (machine == null) {
      machine = new Machine(new VmRef(hypervisor, id));
      machines.put(id, machine);
    }
    if (name != null) {
      machine.name = name;
    }
    if (host != null && !host.isEmpty()) {
      machine.host = host;
      if (machine.toldHost.isEmpty()) {
        machine.toldHost = host;
      }
    }
    if (power != null && power != machine.power) {
      power(machine, power, fresh);
    }
  }

  private void power(Machine machine, PowerState power, boolean fresh) {
    boolean ran = machine.power == PowerState.ON;
    boolean runs = power == PowerState.ON;
    boolean guess = machine.power == PowerState.UNKNOWN && !fresh;
    if (power != PowerState.UNKNOWN) {
      machine.power = power;
    }
    // What is first seen in the first state is how things are, not something that happened.
    if (power == PowerState.UNKNOWN || guess || ran == runs || (fresh && !knowsState)) {
      return;
    }
    machine.held.add(
        runs
            ? new VmMobility.PoweredOn(
                machine.ref, machine.name, clock.instant(), hostName(machine.host))
            : new VmMobility.PoweredOff(
                machine.ref, machine.name, clock.instant(), hostName(machine.host)));
  }

  void machineGone(String id) {
    missing.remove(id);
    Machine machine = machines.remove(id);
    if (machine != null) {
      machine.held.forEach(listener);
      if (machine.power == PowerState.ON) {
        listener.accept(
            new VmMobility.PoweredOff(
                machine.ref, machine.name, clock.instant(), hostName(machine.host)));
      }
    }
  }

  /** No event up to this key is news: all of them are older than the watch. */
  void eventsUpTo(int key) {
    keys.start(List.of(key));
  }

  /** Takes in a page of events, in any order, old ones among them. */
  void notices(List<Notice> page, List<Integer> allKeys) {
    keys.start(allKeys);
    if (resuming) {
      keys.resume(allKeys);
    }
    keys.saw(allKeys);
    page.stream()
        .sorted(Comparator.comparingInt(Notice::key))
        .filter(each -> keys.isNews(each.key()))
        .map(each -> each.receivedAt(clock.instant()).to(idOf(each.target())))
        .forEach(this::notice);
  }

  /** Some events give a host's name and not its id. */
  private String idOf(String target) {
    if (target.isEmpty() || hosts.containsKey(target)) {
      return target;
    }
    return hosts.entrySet().stream()
        .filter(each -> each.getValue().name().equals(target))
        .map(Map.Entry::getKey)
        .findFirst()
        .orElse(target);
  }

  private void notice(Notice notice) {
    Machine machine = machines.get(notice.machine());
    if (machine == null) {
      return;
    }
    switch (notice.kind()) {
      case ABOUT_TO_MOVE -> announced(machine, notice);
      case MOVE_FAILED -> failed(machine, notice);
      case MOVED -> {
        // An event that does not name the target is about the host that it names as the source.
        boolean over =
            notice.target().isEmpty()
                ? !notice.source().isEmpty() && !notice.source().equals(machine.toldHost)
                : notice.target().equals(machine.toldHost);
        if (!over) {
          machine.arrival = notice;
        }
      }
      case RESTARTED -> restarted(machine, notice);
    }
  }

  private void announced(Machine machine, Notice notice) {
    boolean stale = !notice.source().isEmpty() && !notice.source().equals(machine.toldHost);
    boolean stays = notice.target().equals(machine.toldHost);
    boolean again = machine.announced != null && machine.announced.target().equals(notice.target());
    if (stale || stays || again) {
      return;
    }
    machine.announced = notice;
    machine.held.add(
        new VmMobility.AboutToMove(
            machine.ref,
            machine.name,
            notice.time(),
            hostName(machine.toldHost),
            hostName(notice.target())));
  }

  private void failed(Machine machine, Notice notice) {
    if (machine.announced == null) {
      return;
    }
    machine.held.add(
        new VmMobility.MoveFailed(
            machine.ref,
            machine.name,
            notice.time(),
            hostName(machine.toldHost),
            hostName(machine.announced.target())));
    machine.announced = null;
  }

  private void restarted(Machine machine, Notice notice) {
    boolean already =
        notice.target().isEmpty()
            ? machine.host.equals(machine.toldHost)
            : notice.target().equals(machine.toldHost);
    if (!already) {
      machine.arrival = notice;
    } else if (machine.guessed != null && alive(machine.guessed, EVENT_LIFE)) {
      machine.held.add(
          new VmMobility.RestartedElsewhere(
              machine.ref,
              machine.name,
              notice.time(),
              hostName(machine.guessed.source()),
              hostName(machine.toldHost)));
      machine.guessed = null;
    }
  }

  /** Tells the listener what is certain by now. */
  void settle() {
    for (Machine machine : machines.values()) {
      boolean waits = !machine.host.equals(machine.toldHost) && !arrive(machine);
      if (!waits) {
        machine.held.forEach(listener);
        machine.held.clear();
      } else {
        tellEarly(machine);
      }
      if (machine.announced != null && !alive(machine.announced, MOVE_LIFE)) {
        machine.announced = null;
      }
    }
  }

  /** Whether a change of host waits for its explanation. */
  boolean waits() {
    return machines.values().stream().anyMatch(each -> each.unexplainedSince != null);
  }

  /** Tells of the new host if that can be told now. */
  private boolean arrive(Machine machine) {
    Notice arrival = machine.arrival;
    boolean explained =
        arrival != null
            && alive(arrival, EVENT_LIFE)
            && (arrival.target().isEmpty() || arrival.target().equals(machine.host));
    boolean foretold = machine.announced != null && machine.announced.target().equals(machine.host);
    Host source = hosts.get(machine.toldHost);
    boolean lost = source != null && !source.connected();
    boolean restarted = explained ? isRestart(arrival) : !foretold && lost;
    if (!explained && !foretold && !lost && !patienceIsOver(machine)) {
      return false;
    }
    Instant time = explained && arrival != null ? arrival.time() : clock.instant();
    String from = hostName(machine.toldHost);
    String to = hostName(machine.host);
    tellEarly(machine);
    listener.accept(
        restarted
            ? new VmMobility.RestartedElsewhere(machine.ref, machine.name, time, from, to)
            : new VmMobility.Moved(machine.ref, machine.name, time, from, to));
    machine.guessed =
        explained || restarted
            ? null
            : new Notice(
                    -1, Notice.Kind.MOVED, machine.ref.id(), clock.instant(), machine.toldHost, "")
                .receivedAt(clock.instant());
    machine.toldHost = machine.host;
    machine.announced = null;
    machine.arrival = null;
    machine.unexplainedSince = null;
    return true;
  }

  /** An announcement, and the loss of the old host, come before the move; all else behind it. */
  private void tellEarly(Machine machine) {
    machine.held.removeIf(
        each -> {
          boolean early =
              each instanceof VmMobility.AboutToMove || each instanceof VmMobility.HostLost;
          if (early) {
            listener.accept(each);
          }
          return early;
        });
  }

  private static boolean isRestart(@Nullable Notice notice) {
    return notice != null && notice.kind() == Notice.Kind.RESTARTED;
  }

  private boolean patienceIsOver(Machine machine) {
    Instant now = clock.instant();
    if (machine.unexplainedSince == null) {
      machine.unexplainedSince = now;
      return false;
    }
    return Duration.between(machine.unexplainedSince, now).compareTo(PATIENCE) >= 0;
  }

  private boolean alive(Notice notice, Duration life) {
    // By our own clock: vCenter's may be far from it.
    return Duration.between(notice.received(), clock.instant()).compareTo(life) <= 0;
  }

  private String hostName(String id) {
    if (id.isEmpty()) {
      return "";
    }
    Host host = hosts.get(id);
    return host == null ? id : host.name();
  }
}
