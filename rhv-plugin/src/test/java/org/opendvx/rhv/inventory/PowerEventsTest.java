package org.opendvx.rhv.inventory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opendvx.core.vm.PowerOff;
import org.opendvx.core.vm.VmRef;
import org.opendvx.rhv.DomainStore;
import org.opendvx.rhv.Rhv;
import org.opendvx.rhv.RhvLab;

/** How machines came to be off, as the engine's events tell. */
@Timeout(120)
class PowerEventsTest {
  private static final String BY_GUEST = "User shut down from within the guest";

  private final DomainStore store = new DomainStore();
  private final RhvLab lab = new RhvLab(store, "/rhv");
  private String web = "";
  private VmRef ref = RhvLab.ref("none");
  private Rhv rhv = lab.connect();

  @BeforeEach
  void machine() {
    String domain = lab.registered();
    web = lab.sim().machine("web", domain, 4096);
    ref = RhvLab.ref(web);
    lab.sim().kind(web, "rhel_9x64", "ovirt");
    String other = lab.sim().machine("other", domain, 4096);
    lab.sim().start(web, "host1");
    lab.sim().start(other, "host1");
    lab.sim().down(other, "Admin shut down from the engine");
  }

  @AfterEach
  void close() {
    assertEquals(List.of(), lab.engine().violations());
    lab.close();
    store.close();
  }

  private boolean byGuest() {
    return rhv.lastPowerOff(ref).map(PowerOff::byGuest).orElse(false);
  }

  @Test
  void aGuestThatSwitchedItselfOffIsTold() {
    assertEquals(Optional.empty(), rhv.lastPowerOff(ref), "it runs");
    lab.sim().event(web, 62, "Migration started");
    lab.sim().event(web, 63, "Migration completed");
    lab.sim().down(web, BY_GUEST);
    lab.sim().event(web, 35, "VM web configuration was updated");
    lab.sim().unruly(true);
    PowerOff off = rhv.lastPowerOff(ref).orElseThrow();
    assertTrue(off.byGuest());
    assertTrue(off.onAgo().compareTo(off.ago()) >= 0, off.toString());
    assertTrue(off.onAgo().abs().compareTo(Duration.ofMinutes(2)) < 0, off.toString());
    assertEquals(off.id(), rhv.lastPowerOff(ref).orElseThrow().id());
    lab.sim().start(web, "host1");
    assertEquals(Optional.empty(), rhv.lastPowerOff(ref));
    lab.sim().down(web, BY_GUEST);
    assertNotEquals(off.id(), rhv.lastPowerOff(ref).orElseThrow().id());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Admin shut down from the engine",
        "VM has been terminated on the host",
        "Lost connection with qemu process",
        ""
      })
  void anyOtherEndIsNotTheGuests(String exit) {
    lab.sim().down(web, exit);
    assertFalse(byGuest());
  }

  @ParameterizedTest
  @ValueSource(ints = {33, 119, 142, 9602, 37, 1025})
  void aRunThatWasDisturbedDoesNotCount(int code) {
    lab.sim().event(web, code, "something happened");
    lab.sim().down(web, BY_GUEST);
    assertFalse(byGuest());
  }

  @Test
  void aRunWithoutABeginningOrAnEndIsNotTold() {
    lab.sim().noise(5_000);
    lab.sim().down(web, BY_GUEST);
    assertEquals(Optional.empty(), rhv.lastPowerOff(ref), "its start is too long ago");
  }

  @Test
  void aPowerOffByUsIsNotTheGuests() {
    rhv.powerOff(ref, RhvLab.LONG);
    assertFalse(byGuest());
  }

  @Test
  void aGuestThatMayRestartUnseenIsNotBelieved() {
    lab.sim().kind(web, "windows_2022", "ovirt");
    lab.sim().down(web, BY_GUEST);
    assertFalse(byGuest());
  }

  @Test
  void theLeastRoleIsEnough() {
    lab.engine().account("dvx@internal", "pw");
    rhv.createRole("OpenDVX");
    lab.sim().grant("dvx@internal", "OpenDVX");
    rhv = lab.connect("dvx@internal", "pw", RhvLab.LONG);
    lab.sim().down(web, BY_GUEST);
    assertTrue(byGuest());
    assertEquals(List.of(), lab.engine().takeRefused());
  }
}
