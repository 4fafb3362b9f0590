package org.opendvx.vsphere.inventory;

import com.vmware.vim25.Event;
import com.vmware.vim25.EventFilterSpec;
import com.vmware.vim25.EventFilterSpecByEntity;
import com.vmware.vim25.EventFilterSpecRecursionOption;
import com.vmware.vim25.ManagedObjectReference;
import com.vmware.vim25.VmGuestRebootEvent;
import com.vmware.vim25.VmPoweredOffEvent;
import com.vmware.vim25.VmPoweredOnEvent;
import com.vmware.vim25.VmResettingEvent;
import com.vmware.vim25.VmStoppingEvent;
import com.vmware.vim25.VmSuspendedEvent;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.vm.PowerOff;
import org.opendvx.core.vm.VmRef;
import org.opendvx.vsphere.session.VimSession;

/**
 * How a machine came to be off, from vCenter's events. Its guest did it when the run's last event
 * is that it is off, with no user's name, and nobody stopped, reset or suspended it in that run.
 * That is from the documentation of the events, never tried against a vCenter; a machine's process
 * that dies on its host may look the same, so this is never believed alone.
 */
public final class PowerEvents {
  /** vCenter gives no more in one answer: with as many, the newest may be missing. */
  private static final int TOO_MANY = 1_000;

  private static final String[] TYPES = {
    "VmPoweredOnEvent",
    "DrsVmPoweredOnEvent",
    "VmPoweredOffEvent",
    "VmStoppingEvent",
    "VmResettingEvent",
    "VmGuestRebootEvent",
    "VmSuspendedEvent"
  };

  private final VimSession session;

  /** Reads over this session. */
  public PowerEvents(VimSession session) {
    this.session = session;
  }

  /** How a machine came to be off; empty when its events do not say. */
  public Optional<PowerOff> last(VmRef vm) {
    EventFilterSpecByEntity entity = new EventFilterSpecByEntity();
    entity.setEntity(VmReader.reference(vm));
    entity.setRecursion(EventFilterSpecRecursionOption.self);
    EventFilterSpec filter = new EventFilterSpec();
    filter.setEntity(entity);
    filter.setEventTypeId(TYPES);
    return session.read(
        "vCenter cannot tell how the virtual machine " + vm + " came to be off",
        (port, content) -> {
          Event @Nullable [] events = port.queryEvents(content.getEventManager(), filter);
          ManagedObjectReference service = new ManagedObjectReference();
          service.setType("ServiceInstance");
          service.setVal("ServiceInstance");
          Instant now = port.currentTime(service).toInstant();
          return judge(events == null ? List.of() : Arrays.asList(events), now);
        });
  }

  /** What a machine's events, in any order, say of the end of its last run. */
  static Optional<PowerOff> judge(List<Event> told, Instant now) {
    if (told.size() >= TOO_MANY) {
      return Optional.empty();
    }
    List<Event> events = told.stream().sorted(Comparator.comparingInt(Event::getKey)).toList();
    if (events.isEmpty() || !(events.getLast() instanceof VmPoweredOffEvent off)) {
      return Optional.empty();
    }
    boolean byGuest = off.getUserName() == null || off.getUserName().isEmpty();
    @Nullable VmGuestRebootEvent reboot = null;
    for (int i = events.size() - 2; i >= 0; i--) {
      switch (events.get(i)) {
        case VmPoweredOnEvent on -> {
          return Optional.of(
              new PowerOff(
                  "event " + off.getKey(),
                  byGuest,
                  age(off, now),
                  age(reboot == null ? on : reboot, now)));
        }
        // Somebody reached for its power, or an end of a run before has no beginning here.
        case VmStoppingEvent _, VmResettingEvent _, VmSuspendedEvent _, VmPoweredOffEvent _ ->
            byGuest = false;
        // The guest's own, but what it said before belongs to the system that ran before.
        case VmGuestRebootEvent again -> reboot = reboot == null ? again : reboot;
        default -> byGuest = false;
      }
    }
    return Optional.empty();
  }

  private static Duration age(Event event, Instant now) {
    return Duration.between(event.getCreatedTime().toInstant(), now);
  }
}
