package org.opendvx.vsphere;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.core.vm.VmMobility;
import org.opendvx.core.vm.VmMobility.AboutToMove;
import org.opendvx.core.vm.VmMobility.Moved;
import org.opendvx.core.vm.VmMobility.PoweredOff;
import org.opendvx.core.vm.VmMobility.PoweredOn;
import org.opendvx.core.vm.VmMobility.RestartedElsewhere;

/** The watch against a simulated vCenter, with trouble on the way. */
@Timeout(120)
class SimulatedWatchTest {
  private static final String VM = "DC0_C0_RP0_VM0";

  @TempDir Path folder;
  private VCenterSimulator simulator;
  private VSphere vcenter;
  private AutoCloseable watch;
  private final LinkedBlockingQueue<VmMobility> events = new LinkedBlockingQueue<>();

  @BeforeEach
  void start() throws IOException, InterruptedException {
    simulator = VCenterSimulator.start(folder, "--hosts", "3", "--vms", "1");
    vcenter = new VSphere(simulator.config("dvx", Duration.ofSeconds(10)));
    watch = vcenter.watch(events::add);
  }

  @AfterEach
  void stop() throws Exception {
    watch.close();
    vcenter.close();
    simulator.close();
    simulator.assertWhole();
  }

  private VmMobility next() throws InterruptedException {
    VmMobility event = events.poll(30, TimeUnit.SECONDS);
    assertNotNull(event, "nothing was told");
    return event;
  }

  private void assertQuiet() throws InterruptedException {
    assertNull(events.poll(2500, TimeUnit.MILLISECONDS));
  }

  private String host() {
    return vcenter.vms().getFirst().host();
  }

  private String otherThan(String... hosts) {
    for (int i = 0; i < 3; i++) {
      String name = "DC0_C0_H" + i;
      if (!List.of(hosts).contains(name)) {
        return name;
      }
    }
    throw new AssertionError("no other host");
  }

  @Test
  void tellsOfALiveMigrationBeforeAndAfter() throws IOException, InterruptedException {
    String source = host();
    String target = otherThan(source);
    simulator.move("vmotion", VM, target);
    AboutToMove before = assertInstanceOf(AboutToMove.class, next());
    assertEquals(
        List.of(VM, source, target), List.of(before.name(), before.source(), before.target()));
    Moved after = assertInstanceOf(Moved.class, next());
    assertEquals(List.of(source, target), List.of(after.source(), after.target()));
    assertQuiet();
  }

  @Test
  void tellsARestartElsewhereFromAMove() throws IOException, InterruptedException {
    String source = host();
    String target = otherThan(source);
    simulator.move("ha", VM, target);
    RestartedElsewhere event = assertInstanceOf(RestartedElsewhere.class, next());
    assertEquals(List.of(source, target), List.of(event.source(), event.target()));
    assertQuiet();
  }

  /** vCenter tells of both by an EventEx today. */
  @Test
  void tellsOfAnEncryptedMigrationAndOfARestartByTodaysEvents()
      throws IOException, InterruptedException {
    String source = host();
    String target = otherThan(source);
    simulator.move("encrypted", VM, target);
    AboutToMove before = assertInstanceOf(AboutToMove.class, next());
    assertEquals(List.of(source, target), List.of(before.source(), before.target()));
    Moved after = assertInstanceOf(Moved.class, next());
    assertEquals(List.of(source, target), List.of(after.source(), after.target()));
    simulator.move("haex", VM, source);
    RestartedElsewhere event = assertInstanceOf(RestartedElsewhere.class, next());
    assertEquals(List.of(target, source), List.of(event.source(), event.target()));
    assertQuiet();
  }

  @Test
  void followsManyMovesInOrderAndOnce() throws IOException, InterruptedException {
    String at = host();
    List<String> expected = new ArrayList<>();
    List<String> told = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      String target = otherThan(at);
      simulator.move(i % 2 == 0 ? "drs" : "vmotion", VM, target);
      expected.add(at + ">" + target);
      assertInstanceOf(AboutToMove.class, next());
      Moved moved = assertInstanceOf(Moved.class, next());
      told.add(moved.source() + ">" + moved.target());
      at = target;
    }
    assertEquals(expected, told);
  }

  @Test
  void tellsOfPower() throws IOException, InterruptedException {
    simulator.power(VM, false);
    assertEquals(host(), assertInstanceOf(PoweredOff.class, next()).host());
    simulator.power(VM, true);
    assertInstanceOf(PoweredOn.class, next());
    assertQuiet();
  }

  @Test
  void givesBackWhatVCenterKeepsForIt() throws Exception {
    simulator.resetCalls();
    watch.close();
    for (Map.Entry<String, Integer> each :
        Map.of(
                "CancelWaitForUpdates", 1,
                "DestroyPropertyFilter", 3,
                "DestroyPropertyCollector", 1,
                "DestroyView", 1,
                "DestroyCollector", 1)
            .entrySet()) {
      assertEquals((long) each.getValue(), simulator.calls(each.getKey()), each.getKey());
    }
  }

  @Test
  void goesOnAfterTheSessionIsLost() throws IOException, InterruptedException {
    String source = host();
    simulator.dropSessions();
    String target = otherThan(source);
    simulator.move("vmotion", VM, target);
    assertMoved(source, target);
    String further = otherThan(source, target);
    simulator.move("drs", VM, further);
    assertMoved(target, further);
    assertQuiet();
  }

  @Test
  void catchesUpOnWhatHappenedWhileVCenterWasAway() throws IOException, InterruptedException {
    String source = host();
    simulator.faults(Map.of("unavailable", "6"));
    simulator.dropSessions();
    String target = otherThan(source);
    simulator.move("ha", VM, target);
    RestartedElsewhere event = assertInstanceOf(RestartedElsewhere.class, next());
    assertEquals(target, event.target());
    simulator.power(VM, false);
    assertInstanceOf(PoweredOff.class, next());
    assertQuiet();
  }

  @Test
  void goesOnThroughDroppedConnectionsAndSlowAnswers() throws IOException, InterruptedException {
    String source = host();
    simulator.faults(
        Map.of(
            "dropped-late", "1", "delay", "1500", "delayed", "2", "methods", "WaitForUpdatesEx"));
    String target = otherThan(source);
    simulator.move("vmotion", VM, target);
    assertMoved(source, target);
    assertQuiet();
  }

  /** A gap may swallow the announcement, never the move. */
  private void assertMoved(String source, String target) throws InterruptedException {
    VmMobility event = next();
    if (event instanceof AboutToMove) {
      event = next();
    }
    Moved moved = assertInstanceOf(Moved.class, event);
    assertEquals(List.of(source, target), List.of(moved.source(), moved.target()));
  }
}
