package org.opendvx.vsphere.inventory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.vmware.vim25.DrsVmPoweredOnEvent;
import com.vmware.vim25.Event;
import com.vmware.vim25.VmGuestRebootEvent;
import com.vmware.vim25.VmPoweredOffEvent;
import com.vmware.vim25.VmPoweredOnEvent;
import com.vmware.vim25.VmResettingEvent;
import com.vmware.vim25.VmStoppingEvent;
import com.vmware.vim25.VmSuspendedEvent;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.GregorianCalendar;
import java.util.List;
import java.util.Optional;
import java.util.TimeZone;
import org.junit.jupiter.api.Test;
import org.opendvx.core.vm.PowerOff;

class PowerEventsTest {
  private static final Instant NOW = Instant.parse("2026-05-01T12:00:00Z");

  private static <T extends Event> T at(T event, int key, int minutesAgo, String user) {
    GregorianCalendar time = new GregorianCalendar(TimeZone.getTimeZone("UTC"));
    time.setTimeInMillis(NOW.minus(Duration.ofMinutes(minutesAgo)).toEpochMilli());
    event.setKey(key);
    event.setCreatedTime(time);
    event.setUserName(user);
    return event;
  }

  private static Optional<PowerOff> judge(Event... events) {
    List<Event> shuffled = new ArrayList<>(List.of(events));
    Collections.reverse(shuffled);
    return PowerEvents.judge(shuffled, NOW);
  }

  @Test
  void aGuestThatSwitchedItselfOff() {
    Event on = at(new VmPoweredOnEvent(), 1, 300, "admin");
    Event off = at(new VmPoweredOffEvent(), 9, 5, "");
    PowerOff told = judge(on, off).orElseThrow();
    assertTrue(told.byGuest());
    assertEquals(Duration.ofMinutes(5), told.ago());
    assertEquals(Duration.ofHours(5), told.onAgo());
    assertEquals("event 9", told.id());
    assertTrue(judge(at(new DrsVmPoweredOnEvent(), 1, 300, ""), off).orElseThrow().byGuest());
  }

  @Test
  void aRebootBeginsANewRun() {
    Event on = at(new VmPoweredOnEvent(), 1, 300, "admin");
    Event first = at(new VmGuestRebootEvent(), 4, 200, "");
    Event last = at(new VmGuestRebootEvent(), 5, 100, "");
    Event off = at(new VmPoweredOffEvent(), 9, 5, "");
    PowerOff told = judge(on, first, last, off).orElseThrow();
    assertTrue(told.byGuest());
    assertEquals(Duration.ofMinutes(5), told.ago());
    assertEquals(Duration.ofMinutes(100), told.onAgo(), "a word before the reboot is void");
  }

  @Test
  void whoeverReachedForItsPowerIsNotTheGuest() {
    Event on = at(new VmPoweredOnEvent(), 1, 300, "admin");
    Event off = at(new VmPoweredOffEvent(), 9, 5, "");
    assertFalse(judge(on, at(new VmPoweredOffEvent(), 9, 5, "admin")).orElseThrow().byGuest());
    for (Event between :
        List.of(new VmStoppingEvent(), new VmResettingEvent(), new VmSuspendedEvent())) {
      assertFalse(judge(on, at(between, 5, 6, "")).map(PowerOff::byGuest).orElse(false));
      assertFalse(judge(on, at(between, 5, 6, ""), off).orElseThrow().byGuest());
    }
  }

  @Test
  void whatIsNotToldWholeIsNotTold() {
    Event on = at(new VmPoweredOnEvent(), 1, 300, "");
    Event off = at(new VmPoweredOffEvent(), 2, 200, "");
    assertTrue(judge().isEmpty());
    assertTrue(judge(off).isEmpty(), "no beginning");
    assertTrue(judge(on, off, at(new VmPoweredOnEvent(), 3, 100, "")).isEmpty(), "it runs");
    List<Event> many = new ArrayList<>(Collections.nCopies(998, on));
    many.add(on);
    many.add(off);
    assertTrue(PowerEvents.judge(many, NOW).isEmpty(), "the newest may be missing");
  }
}
