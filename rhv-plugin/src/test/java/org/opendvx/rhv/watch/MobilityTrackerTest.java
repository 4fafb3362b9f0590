package org.opendvx.rhv.watch;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.opendvx.core.vm.PowerState;
import org.opendvx.core.vm.VmMobility;
import org.opendvx.core.vm.VmRef;
import org.opendvx.rhv.watch.MobilityTracker.HostSeen;
import org.opendvx.rhv.watch.MobilityTracker.Seen;

/** What single readings are made of. */
class MobilityTrackerTest {
  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
  private static final VmRef WEB = new VmRef("engine", "v1");

  private final List<VmMobility> told = new ArrayList<>();
  private final MobilityTracker tracker =
      new MobilityTracker("engine", InstantSource.fixed(NOW), told::add);

  private static Seen web(PowerState power, String host) {
    return new Seen("v1", "web", power, false, host);
  }

  private void hosts(boolean firstLost) {
    tracker.hosts(
        Map.of("h1", new HostSeen("host1", firstLost), "h2", new HostSeen("host2", false)));
  }

  @BeforeEach
  void firstState() {
    hosts(false);
    tracker.all(List.of(web(PowerState.ON, "h1")));
    assertEquals(List.of(), told);
  }

  @Test
  void aMachineThatWaitsToBeLaunchedIsOnOnceItHasAHost() {
    tracker.machine(web(PowerState.OFF, ""));
    told.clear();
    tracker.machine(web(PowerState.ON, ""));
    assertEquals(List.of(), told);
    tracker.machine(web(PowerState.ON, "h2"));
    tracker.machine(web(PowerState.ON, "h2"));
    assertEquals(List.of(new VmMobility.PoweredOn(WEB, "web", NOW, "host2")), told);
  }

  @Test
  void aHostThatWasLostBeforeWeLookedIsNoNews() {
    MobilityTracker late = new MobilityTracker("engine", InstantSource.fixed(NOW), told::add);
    late.hosts(Map.of("h1", new HostSeen("host1", true)));
    late.all(List.of(web(PowerState.UNKNOWN, "h1")));
    late.hosts(Map.of("h1", new HostSeen("host1", true)));
    assertEquals(List.of(), told);
  }

  @Test
  void aLostHostIsToldOnceForEachOfItsMachinesThatRuns() {
    tracker.all(
        List.of(
            web(PowerState.ON, "h1"),
            new Seen("v2", "off", PowerState.OFF, false, ""),
            new Seen("v3", "there", PowerState.OFF, false, "h2")));
    hosts(true);
    hosts(true);
    tracker.machine(web(PowerState.UNKNOWN, "h1"));
    assertEquals(List.of(new VmMobility.HostLost(WEB, "web", NOW, "host1")), told);
    tracker.machine(web(PowerState.ON, "h2"));
    assertEquals(
        new VmMobility.RestartedElsewhere(WEB, "web", NOW, "host1", "host2"), told.getLast());
    assertEquals(2, told.size());
  }
}
