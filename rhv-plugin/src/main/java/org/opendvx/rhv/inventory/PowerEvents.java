package org.opendvx.rhv.inventory;

import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.opendvx.core.vm.PowerOff;
import org.opendvx.core.vm.PowerState;
import org.opendvx.core.vm.VmRef;
import org.opendvx.rhv.session.EngineSession;
import org.ovirt.engine.sdk4.types.Api;
import org.ovirt.engine.sdk4.types.Event;
import org.ovirt.engine.sdk4.types.Vm;

/**
 * How a machine came to be off, from the engine's events. Its guest did it when the last of them
 * says that it is down, in the words that vdsm has for a shutdown that nobody asked the host for
 * (its list of exit reasons), and nobody stopped, paused or lost it in that run. A shutdown that
 * was asked of the engine is told in the same words as a power-off, and is therefore not believed.
 * An engine does not tell when a guest restarts itself; only agents on Linux keep silent when they
 * do, so other guests are not believed. From documentation and source, never tried with a real
 * vdsm; it is never believed alone.
 */
public final class PowerEvents {
  private static final String BY_GUEST = "shut down from within the guest";

  /** An engine gives the newest. Of a machine whose run began before that nothing is known. */
  private static final int MOST = 4_000;

  private final EngineSession session;

  /** Reads over this session. */
  public PowerEvents(EngineSession session) {
    this.session = session;
  }

  /** How a machine came to be off; empty when it is not, or its events do not say. */
  public Optional<PowerOff> last(VmRef ref) {
    String doing = "The engine cannot tell how the machine " + ref.id() + " came to be off";
    Vm vm =
        session.read(doing, system -> system.vmsService().vmService(ref.id()).get().send().vm());
    String os = vm.osPresent() && vm.os().typePresent() ? vm.os().type() : "";
    if (VmReader.power(vm.status()) != PowerState.OFF) {
      return Optional.empty();
    }
    List<Event> events =
        session
            .read(doing, system -> system.eventsService().list().max(MOST).send().events())
            .stream()
            .filter(
                each ->
                    each.vmPresent()
                        && ref.id().equals(each.vm().id())
                        && each.codePresent()
                        && each.timePresent())
            .toList();
    Api api = session.read(doing, system -> system.get().send().api());
    return api.timePresent()
        ? judge(events, api.time().toInstant(), VmReader.linux(os))
        : Optional.empty();
  }

  /** What a machine's events, in any order, say of the end of its last run. */
  static Optional<PowerOff> judge(List<Event> told, Instant now, boolean linux) {
    List<Event> events =
        told.stream()
            .filter(each -> step(each) != Step.NONE)
            .sorted(Comparator.comparingLong(PowerEvents::number))
            .toList();
    if (events.isEmpty() || step(events.getLast()) != Step.OFF) {
      return Optional.empty();
    }
    Event off = events.getLast();
    String text = off.descriptionPresent() ? off.description().toLowerCase(Locale.ROOT) : "";
    boolean byGuest = linux && text.contains(BY_GUEST);
    for (Event each : events.subList(0, events.size() - 1).reversed()) {
      if (step(each) == Step.ON) {
        return Optional.of(
            new PowerOff("event " + number(off), byGuest, age(off, now), age(each, now)));
      }
      // Somebody reached for it, or an end of a run before has no beginning here.
      byGuest = false;
    }
    return Optional.empty();
  }

  private enum Step {
    ON,
    OFF,
    DISTURBED,
    NONE
  }

  private static Step step(Event event) {
    return switch (event.codeAsInteger()) {
      // Started, runs, started again after a failure.
      case 153, 32, 506 -> Step.ON;
      case 61 -> Step.OFF;
      // Powered off, down by an error, failed, unknown, suspended, paused.
      case 33, 75, 119, 9602, 142, 36, 37, 501, 502, 1025 -> Step.DISTURBED;
      default -> Step.NONE;
    };
  }

  private static long number(Event event) {
    return event.indexPresent() ? event.indexAsLong() : Long.parseLong(event.id());
  }

  private static Duration age(Event event, Instant now) {
    return Duration.between(event.time().toInstant(), now);
  }
}
