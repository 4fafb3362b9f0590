package org.opendvx.vsphere.watch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.opendvx.core.vm.PowerState;
import org.opendvx.core.vm.VmMobility;
import org.opendvx.core.vm.VmMobility.AboutToMove;
import org.opendvx.core.vm.VmMobility.MoveFailed;
import org.opendvx.core.vm.VmMobility.Moved;
import org.opendvx.core.vm.VmMobility.PoweredOff;
import org.opendvx.core.vm.VmMobility.PoweredOn;
import org.opendvx.core.vm.VmMobility.RestartedElsewhere;

class MobilityTrackerTest {
  private final List<String> told = new ArrayList<>();
  private Instant now = Instant.parse("2025-01-01T00:00:00Z");
  private final MobilityTracker tracker =
      new MobilityTracker("vc", () -> now, event -> told.add(words(event)));

  private static String words(VmMobility event) {
    return switch (event) {
      case AboutToMove e -> "about " + e.source() + ">" + e.target();
      case Moved e -> "moved " + e.source() + ">" + e.target();
      case MoveFailed e -> "failed " + e.source() + ">" + e.target();
      case RestartedElsewhere e -> "restarted " + e.source() + ">" + e.target();
      case VmMobility.HostLost e -> "lost " + e.host();
      case PoweredOn e -> "on " + e.host();
      case PoweredOff e -> "off " + e.host();
    };
  }

  @BeforeEach
  void firstState() {
    state("h1", PowerState.ON);
    notices(notice(1, Notice.Kind.MOVED, "h9", "h8"));
    tracker.endState();
    tracker.settle();
    assertEquals(List.of(), told, "what was so before the watch is no news");
  }

  private void state(String host, PowerState power) {
    tracker.beginState();
    for (String each : List.of("h1", "h2", "h3")) {
      tracker.host(each, each.replace('h', 'H'), true);
    }
    tracker.machine("vm-1", "web", host, power);
  }

  private Notice notice(int key, Notice.Kind kind, String source, String target) {
    return new Notice(key, kind, "vm-1", now, source, target);
  }

  private void notices(Notice... all) {
    tracker.notices(List.of(all), List.of(all).stream().map(Notice::key).toList());
  }

  private void runsOn(String host) {
    tracker.machine("vm-1", null, host, null);
  }

  private void wait(int millis) {
    now = now.plusMillis(millis);
    tracker.settle();
  }

  @Test
  void announcesThenTellsTheMove() {
    notices(notice(2, Notice.Kind.ABOUT_TO_MOVE, "h1", "h2"));
    tracker.settle();
    assertEquals(List.of("about H1>H2"), told);
    runsOn("h2");
    tracker.settle();
    assertEquals(List.of("about H1>H2", "moved H1>H2"), told);
    notices(
        notice(2, Notice.Kind.ABOUT_TO_MOVE, "h1", "h2"), notice(3, Notice.Kind.MOVED, "h1", "h2"));
    wait(5000);
    assertEquals(2, told.size(), "doubled and late events are no news");
  }

  @Test
  void aLostHostIsToldOnceAndBeforeTheRestart() {
    tracker.hostSilent("h3", true);
    tracker.hostSilent("h1", true);
    tracker.hostSilent("h1", true);
    tracker.settle();
    assertEquals(List.of("lost H1"), told, "once, and not for a host where it does not run");
    tracker.hostSilent("h1", false);
    tracker.hostSilent("h1", true);
    tracker.host("h1", null, false);
    runsOn("h2");
    tracker.settle();
    assertEquals(List.of("lost H1", "lost H1", "restarted H1>H2"), told);
  }

  @Test
  void aBatchWithAllOfItIsToldInOrder() {
    runsOn("h2");
    notices(
        notice(3, Notice.Kind.MOVED, "h1", "h2"), notice(2, Notice.Kind.ABOUT_TO_MOVE, "h1", "h2"));
    tracker.settle();
    assertEquals(List.of("about H1>H2", "moved H1>H2"), told);
  }

  @Test
  void aMoveWithoutEventsIsToldAfterAMoment() {
    runsOn("h2");
    tracker.settle();
    assertEquals(List.of(), told);
    assertTrue(tracker.waits());
    wait(2000);
    assertEquals(List.of("moved H1>H2"), told);
    assertFalse(tracker.waits());
  }

  @Test
  void anEventThatComesLaterThanTheChangeTellsARestart() {
    runsOn("h2");
    tracker.settle();
    notices(notice(2, Notice.Kind.RESTARTED, "h1", "h2"));
    tracker.settle();
    wait(5000);
    assertEquals(List.of("restarted H1>H2"), told);
  }

  @Test
  void aRestartThatWasTakenForAMoveIsToldAfterAll() {
    runsOn("h2");
    tracker.settle();
    wait(2000);
    notices(notice(2, Notice.Kind.RESTARTED, "h1", "h2"));
    tracker.settle();
    assertEquals(List.of("moved H1>H2", "restarted H1>H2"), told);
    notices(notice(2, Notice.Kind.RESTARTED, "h1", "h2"));
    wait(100);
    assertEquals(2, told.size());
  }

  @Test
  void aRestartWithoutEventIsKnownByTheLostHost() {
    tracker.host("h1", null, false);
    runsOn("h3");
    tracker.settle();
    assertEquals(List.of("restarted H1>H3"), told);
  }

  @Test
  void anEventThatNamesTheOldHostTwiceStillExplainsTheMove() {
    notices(notice(2, Notice.Kind.MOVED, "h1", ""));
    tracker.settle();
    runsOn("h2");
    tracker.settle();
    assertEquals(List.of("moved H1>H2"), told);
  }

  @Test
  void anEventOfAnEarlierHopDoesNotMoveTheMachineBack() {
    runsOn("h3");
    tracker.settle();
    wait(2000);
    notices(notice(2, Notice.Kind.MOVED, "h1", "h2"), notice(3, Notice.Kind.MOVED, "h2", "h3"));
    wait(2000);
    assertEquals(List.of("moved H1>H3"), told);
  }

  @Test
  void tellsThatAnAnnouncedMoveFailed() {
    notices(
        notice(2, Notice.Kind.ABOUT_TO_MOVE, "h1", "h2"),
        notice(3, Notice.Kind.MOVE_FAILED, "h1", "h2"));
    tracker.settle();
    assertEquals(List.of("about H1>H2", "failed H1>H2"), told);
  }

  @Test
  void powerKeepsItsPlaceBehindAMoveThatWaits() {
    runsOn("h2");
    tracker.machine("vm-1", null, null, PowerState.OFF);
    tracker.settle();
    assertEquals(List.of(), told);
    wait(2000);
    assertEquals(List.of("moved H1>H2", "off H2"), told);
  }

  @Test
  void aGapIsCaughtUpOn() {
    state("h2", PowerState.OFF);
    notices(notice(2, Notice.Kind.RESTARTED, "h1", "h2"));
    tracker.endState();
    tracker.settle();
    assertEquals(List.of("restarted H1>H2", "off H2"), told);
  }

  @Test
  void aMachineThatHasGoneInAGapIsToldOff() {
    tracker.beginState();
    tracker.endState();
    tracker.settle();
    assertEquals(List.of("off H1"), told);
  }

  @Test
  void vCentersClockMayBeFarFromOurs() {
    tracker.notices(
        List.of(new Notice(2, Notice.Kind.RESTARTED, "vm-1", now.minusSeconds(7200), "", "h2")),
        List.of(2));
    runsOn("h2");
    tracker.settle();
    assertEquals(List.of("restarted H1>H2"), told);
  }

  @Test
  void anEventBeforeTheMoveThatNamesTheOldHostTwiceExplainsIt() {
    notices(notice(2, Notice.Kind.MOVED, "h1", ""));
    wait(500);
    assertEquals(List.of(), told);
    runsOn("h2");
    tracker.settle();
    assertEquals(List.of("moved H1>H2"), told);
  }

  @Test
  void aLateEventWithoutATargetDoesNotExplainTheNextMove() {
    runsOn("h2");
    tracker.settle();
    wait(2000);
    assertEquals(List.of("moved H1>H2"), told);
    notices(notice(2, Notice.Kind.MOVED, "h1", ""));
    tracker.settle();
    tracker.host("h2", null, false);
    runsOn("h3");
    tracker.settle();
    assertEquals(List.of("moved H1>H2", "restarted H2>H3"), told);
  }

  @Test
  void anAnnouncementMayNameTheTargetByItsName() {
    notices(notice(2, Notice.Kind.ABOUT_TO_MOVE, "h1", "H2"));
    tracker.settle();
    runsOn("h2");
    tracker.settle();
    assertEquals(List.of("about H1>H2", "moved H1>H2"), told);
  }

  @Test
  void aPageThatComesLateWithOldEventsIsNoNews() {
    List<String> heard = new ArrayList<>();
    MobilityTracker other = new MobilityTracker("vc", () -> now, event -> heard.add(words(event)));
    other.eventsUpTo(1000);
    other.beginState();
    other.machine("vm-1", "web", "h1", PowerState.ON);
    other.notices(List.of(), List.of());
    other.endState();
    other.notices(List.of(notice(900, Notice.Kind.ABOUT_TO_MOVE, "h1", "h2")), List.of(900));
    other.settle();
    assertEquals(List.of(), heard);
    // A new session brings the same page: vCenter has not begun to count anew.
    other.beginState();
    other.machine("vm-1", "web", "h1", PowerState.ON);
    other.notices(List.of(notice(900, Notice.Kind.ABOUT_TO_MOVE, "h1", "h2")), List.of(900));
    other.endState();
    other.settle();
    assertEquals(List.of(), heard);
    other.notices(List.of(notice(1001, Notice.Kind.ABOUT_TO_MOVE, "h1", "h2")), List.of(900, 1001));
    other.settle();
    assertEquals(List.of("about h1>h2"), heard);
  }

  @Test
  void theFirstPageAfterAStateWithoutOneIsNews() {
    List<String> heard = new ArrayList<>();
    MobilityTracker other = new MobilityTracker("vc", () -> now, event -> heard.add(words(event)));
    other.beginState();
    other.machine("vm-1", "web", "h1", PowerState.ON);
    other.endState();
    other.notices(List.of(notice(5, Notice.Kind.ABOUT_TO_MOVE, "h1", "h2")), List.of(5));
    other.settle();
    assertEquals(List.of("about h1>h2"), heard);
  }

  @Test
  void aMachineThatComesRunningIsTold() {
    tracker.machine("vm-2", "new", "h3", PowerState.ON);
    tracker.machine("vm-3", "off", "h3", PowerState.OFF);
    tracker.settle();
    assertEquals(List.of("on H3"), told);
  }

  @Test
  void beingSentAgainIsNoNews() {
    tracker.machine("vm-1", "web", "h1", PowerState.ON);
    tracker.host("h1", "H1", true);
    wait(5000);
    assertEquals(List.of(), told);
  }

  @Test
  void aVCenterThatCountsItsEventsAnewIsHeardAgain() {
    EventKeys keys = new EventKeys();
    keys.start(List.of(4999, 5000));
    keys.saw(List.of(4999, 5000));
    assertFalse(keys.isNews(5000));
    assertTrue(keys.isNews(5001));
    keys.resume(List.of(5001, 5002));
    assertFalse(keys.isNews(5001));
    assertTrue(keys.isNews(5002));
    keys.resume(List.of(3));
    assertTrue(keys.isNews(3));
    assertFalse(keys.isNews(3));
  }
}
