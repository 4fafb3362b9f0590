package org.opendvx.rhv.watch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.opendvx.core.vm.VmMobility;
import org.opendvx.rhv.DomainStore;
import org.opendvx.rhv.RhvLab;
import org.ovirt.engine.sdk4.types.HostStatus;
import org.ovirt.engine.sdk4.types.VmStatus;

/** What is told of machines that move, restart, start and stop. */
@Timeout(120)
class VmWatchTest {
  private final DomainStore store = new DomainStore();
  private final RhvLab lab = new RhvLab(store, "/rhv");
  private final BlockingQueue<VmMobility> told = new LinkedBlockingQueue<>();
  private String web = "";
  private AutoCloseable watch = () -> {};

  @BeforeEach
  void follow() {
    web = lab.sim().machine("web", lab.registered(), 1 << 20);
    lab.sim().start(web, "host1");
    watch = lab.connect().watch(told::add);
  }

  @AfterEach
  void close() throws Exception {
    watch.close();
    assertEquals(java.util.List.of(), lab.engine().violations());
    lab.close();
    store.close();
  }

  private <T extends VmMobility> T next(Class<T> kind) throws InterruptedException {
    VmMobility event = told.poll(40, TimeUnit.SECONDS);
    return assertInstanceOf(kind, event);
  }

  private void nothingMore() throws InterruptedException {
    assertNull(told.poll(3, TimeUnit.SECONDS));
  }

  @Test
  void aMigrationIsToldBeforeAndAfter() throws Exception {
    lab.sim().unruly(true);
    lab.sim().beginMigration(web, "host2", false);
    VmMobility.AboutToMove before = next(VmMobility.AboutToMove.class);
    assertEquals("host1", before.source());
    assertEquals("host2", before.target());
    assertEquals("web", before.name());
    lab.sim().endMigration(web, "host2");
    VmMobility.Moved moved = next(VmMobility.Moved.class);
    assertEquals("host1", moved.source());
    assertEquals("host2", moved.target());
    nothingMore();
  }

  @Test
  void aMigrationThatWasOverBeforeWeLookedIsToldInOrderAndFailuresToo() throws Exception {
    lab.sim().beginMigration(web, "host2", true);
    lab.sim().endMigration(web, "host2");
    next(VmMobility.AboutToMove.class);
    assertEquals("host2", next(VmMobility.Moved.class).target());
    lab.sim().beginMigration(web, "host1", true);
    next(VmMobility.AboutToMove.class);
    lab.sim().failMigration(web);
    assertEquals("host1", next(VmMobility.MoveFailed.class).target());
    nothingMore();
  }

  @Test
  void aLostHostsMachineIsRestartedElsewhere() throws Exception {
    String off = lab.sim().machine("off", lab.registered(), 1 << 20);
    lab.sim().loseHost("host1");
    VmMobility.HostLost lost = next(VmMobility.HostLost.class);
    assertEquals("host1", lost.host());
    assertEquals(RhvLab.ref(web), lost.vm(), "not " + off + ", which does not run");
    nothingMore();
    lab.sim().restartElsewhere(web, "host2");
    VmMobility.RestartedElsewhere restarted = next(VmMobility.RestartedElsewhere.class);
    assertEquals("host1", restarted.source());
    assertEquals("host2", restarted.target());
    nothingMore();
  }

  @Test
  void aHostThatIsLostAndFencedAtOnceIsToldBeforeTheRestart() throws Exception {
    lab.sim().unruly(true);
    lab.sim().loseHost("host1");
    lab.sim().host("host1", HostStatus.DOWN);
    lab.sim().restartElsewhere(web, "host2");
    assertEquals("host1", next(VmMobility.HostLost.class).host());
    assertEquals("host2", next(VmMobility.RestartedElsewhere.class).target());
    nothingMore();
  }

  @Test
  void aHostThatComesBackAndIsLostAgainIsToldAgain() throws Exception {
    lab.sim().loseHost("host1");
    next(VmMobility.HostLost.class);
    lab.sim().findHost("host1");
    nothingMore();
    lab.sim().loseHost("host1");
    assertEquals("host1", next(VmMobility.HostLost.class).host());
    nothingMore();
  }

  @Test
  void theSwitchIsTold() throws Exception {
    lab.connect().powerOff(RhvLab.ref(web), RhvLab.LONG);
    assertEquals("host1", next(VmMobility.PoweredOff.class).host());
    lab.sim().start(web, "host2");
    assertEquals("host2", next(VmMobility.PoweredOn.class).host());
  }

  @Test
  void aMoveDuringAnOutageWithManyEventsIsFoundAfterwards() throws Exception {
    lab.engine().unreachable(true);
    lab.sim().beginMigration(web, "host2", true);
    lab.sim().endMigration(web, "host2");
    lab.sim().noise(4_500);
    lab.engine().forgetTokens();
    TimeUnit.SECONDS.sleep(3);
    lab.engine().unreachable(false);
    assertEquals("host2", next(VmMobility.Moved.class).target());
    nothingMore();
  }

  @Test
  void newsAreFastAndTheQuietStateIsQuiet() throws Exception {
    long worst = 0;
    for (int i = 0; i < 4; i++) {
      String to = i % 2 == 0 ? "host2" : "host1";
      lab.sim().beginMigration(web, to, false);
      long start = System.nanoTime();
      next(VmMobility.AboutToMove.class);
      worst = Math.max(worst, System.nanoTime() - start);
      lab.sim().endMigration(web, to);
      start = System.nanoTime();
      next(VmMobility.Moved.class);
      worst = Math.max(worst, System.nanoTime() - start);
    }
    System.out.println("worst latency of a move's news: " + worst / 1_000_000 + " ms");
    int before = polls();
    long start = System.nanoTime();
    TimeUnit.SECONDS.sleep(8);
    double rate = (polls() - before) / ((System.nanoTime() - start) / 1e9);
    System.out.println("requests a second in the quiet state: " + rate);
    assertTrue(rate <= 1.0, "rate " + rate);
  }

  /** Requests but those of the reading of everything once a minute. */
  private int polls() {
    return (int) lab.engine().log().stream().filter("GET /events"::equals).count();
  }

  @Test
  void anUnknownStatusIsNoNews() throws Exception {
    lab.sim().status(web, VmStatus.UNKNOWN);
    nothingMore();
  }
}
