package org.opendvx.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.coordinator.protocol.FromAgent;
import org.opendvx.coordinator.protocol.Machine;
import org.opendvx.coordinator.protocol.Message;
import org.opendvx.coordinator.testing.FakeAgent;
import org.opendvx.coordinator.testing.Harness;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.vm.Consistency;
import org.opendvx.core.vm.PowerOff;
import org.opendvx.core.vm.PowerState;
import org.opendvx.core.vm.RestorePoint;
import org.opendvx.core.vm.SnapshotPolicy;
import org.opendvx.core.vm.VmRef;

/**
 * A machine that is off is FILE_SYSTEM only if its guest said that it shuts down, its hypervisor
 * saw that it then switched itself off, and nothing ran since; whatever is missing makes it CRASH.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ShutdownTest {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final Duration RAN = Duration.ofHours(5);

  private volatile Duration shift = Duration.ZERO;
  private volatile Runnable beforeCut = () -> {};
  private final AtomicInteger machines = new AtomicInteger();
  private Harness harness;

  /** A machine with its agent's identity. */
  private record Guest(VmRef vm, FakeAgent.Identity identity, Machine machine) {}

  @BeforeAll
  void start(@TempDir Path folder) {
    Clock clock =
        new Clock() {
          @Override
          public Instant instant() {
            return Instant.now().plus(shift);
          }

          @Override
          public ZoneId getZone() {
            return ZoneOffset.UTC;
          }

          @Override
          public Clock withZone(ZoneId zone) {
            return this;
          }
        };
    harness =
        new Harness(
            folder,
            Harness.Parts.usual()
                .with(clock)
                .withBarrier(
                    barrier ->
                        (requests, limit) -> {
                          beforeCut.run();
                          return barrier.cut(requests, limit);
                        }));
  }

  @AfterAll
  void stop() {
    harness.close();
  }

  private Guest guest() throws IOException, GeneralSecurityException {
    int number = machines.incrementAndGet();
    String bios = String.format("30112233-4455-6677-8899-aabbccddee%02x", number);
    String mac = String.format("00:50:56:03:00:%02x", number);
    VmRef vm = harness.machine("vm-" + number, bios, List.of(mac)).ref();
    Machine machine = FakeAgent.machine(bios.replace("-", ""), mac, "boot-1");
    return new Guest(vm, FakeAgent.enrol(harness, vm, machine), machine);
  }

  /** It connects, says these words, and is gone. */
  private void says(Guest guest, Message... words) throws Exception {
    long before = goodbyes(guest);
    try (FakeAgent agent =
        FakeAgent.welcomed(harness, guest.vm(), guest.identity(), guest.machine())) {
      for (Message word : words) {
        agent.send(word);
      }
      await(() -> words.length == 0 || goodbyes(guest) > before);
    }
    await(() -> !harness.connected(guest.vm()));
  }

  private long goodbyes(Guest guest) {
    return harness.records().stream()
        .filter(line -> line.path("kind").asText().equals("guest.shutdown"))
        .filter(line -> line.path("subject").asText().equals(guest.vm().toString()))
        .count();
  }

  /** A condition that some other thread brings about. */
  @FunctionalInterface
  private interface Condition {
    boolean holds();
  }

  private static void await(Condition condition) throws InterruptedException {
    long end = System.nanoTime() + LIMIT.toNanos();
    while (!condition.holds()) {
      assertTrue(System.nanoTime() < end, "it never came about");
      Thread.sleep(10);
    }
  }

  private void off(Guest guest, @Nullable PowerOff told) {
    harness.inventory().power(guest.vm(), PowerState.OFF, told);
  }

  private static PowerOff byGuest(Duration ago) {
    return new PowerOff("event-7", true, ago, RAN);
  }

  private RestorePoint taken(Guest guest) {
    return harness.snapshot(guest.vm(), SnapshotPolicy.TRY).point();
  }

  private void crash(Guest guest) {
    RestorePoint point = taken(guest);
    assertEquals(Consistency.CRASH, point.consistency(), point.reason());
    assertTrue(point.reason().contains("off"), point.reason());
  }

  @Test
  void aShutdownThatBothSawIsAConsistentFileSystem() throws Exception {
    Guest guest = guest();
    says(guest, new FromAgent.Shutdown());
    off(guest, byGuest(Duration.ZERO));
    RestorePoint point = taken(guest);
    assertEquals(Consistency.FILE_SYSTEM, point.consistency(), point.reason());
    assertTrue(point.reason().contains("shut down in good order"), point.reason());
    assertThrows(
        DvxException.class, () -> harness.snapshot(guest.vm(), SnapshotPolicy.REQUIRE), "not more");
    assertEquals(
        Consistency.CRASH,
        harness.snapshot(guest.vm(), SnapshotPolicy.OFF).point().consistency(),
        "nobody is asked");
  }

  @Test
  void oneWitnessIsNone() throws Exception {
    Guest silent = guest();
    says(silent);
    off(silent, byGuest(Duration.ZERO));
    crash(silent);

    Guest unseen = guest();
    says(unseen, new FromAgent.Shutdown());
    off(unseen, null);
    crash(unseen);

    Guest forced = guest();
    says(forced, new FromAgent.Shutdown());
    off(forced, new PowerOff("event-8", false, Duration.ZERO, RAN));
    crash(forced);
  }

  @Test
  void theTwoMustBeOneShutdown() throws Exception {
    Guest guest = guest();
    says(guest, new FromAgent.Shutdown());
    off(guest, byGuest(Duration.ofMinutes(10)));
    crash(guest);
    shift = Duration.ofHours(2);
    try {
      off(guest, byGuest(Duration.ZERO));
      crash(guest);
      off(guest, new PowerOff("event-9", true, Duration.ofHours(2), Duration.ofMinutes(119)));
      crash(guest);
      off(guest, byGuest(Duration.ofMinutes(119)));
      assertEquals(Consistency.FILE_SYSTEM, taken(guest).consistency());
    } finally {
      shift = Duration.ZERO;
    }
  }

  @Test
  void aLaterRunVoidsIt() throws Exception {
    Guest guest = guest();
    says(guest, new FromAgent.Shutdown());
    says(guest);
    off(guest, byGuest(Duration.ZERO));
    crash(guest);
  }

  @Test
  void aMachineThatIsStartedDuringTheCutIsNotOff() throws Exception {
    Guest guest = guest();
    says(guest, new FromAgent.Shutdown());
    for (PowerState now : List.of(PowerState.ON, PowerState.OFF)) {
      off(guest, byGuest(Duration.ZERO));
      beforeCut =
          () ->
              harness
                  .inventory()
                  .power(guest.vm(), now, new PowerOff("event-10", true, Duration.ZERO, RAN));
      try {
        crash(guest);
      } finally {
        beforeCut = () -> {};
      }
    }
    off(guest, byGuest(Duration.ZERO));
    assertEquals(Consistency.FILE_SYSTEM, taken(guest).consistency());
  }

  @Test
  void aDiskThatWasChangedSinceIsNotWhatTheShutdownLeft() throws Exception {
    Guest restored = guest();
    Guest written = guest();
    RestorePoint earlier = taken(restored);
    List<Guest> both = List.of(restored, written);
    for (Guest guest : both) {
      says(guest, new FromAgent.Shutdown());
    }
    Instant off = Instant.now();
    // Longer than what is forgiven; more time than this changes nothing.
    Thread.sleep(Duration.ofSeconds(6));
    for (Guest guest : both) {
      off(guest, byGuest(Duration.between(off, Instant.now())));
      assertEquals(Consistency.FILE_SYSTEM, taken(guest).consistency());
      assertEquals(Consistency.FILE_SYSTEM, taken(guest).consistency(), "a cut changes nothing");
    }
    harness.restore(earlier);
    changed(restored);
    beforeCut = () -> harness.write(written.vm());
    try {
      changed(written);
    } finally {
      beforeCut = () -> {};
    }
  }

  private void changed(Guest guest) {
    RestorePoint point = taken(guest);
    assertEquals(Consistency.CRASH, point.consistency(), point.reason());
    assertTrue(point.reason().contains("changed after that shutdown"), point.reason());
  }

  @Test
  void anAgentThatCameBackBusyIsAskedAsSoonAsItSaysThatItIsDone() throws Exception {
    Guest guest = guest();
    try (FakeAgent agent =
        new FakeAgent(harness.coordinator().port(), guest.identity(), "TLSv1.3")) {
      FromAgent.Hello usual = FakeAgent.hello(guest.machine());
      agent.send(
          new FromAgent.Hello(usual.agent(), usual.machine(), usual.capabilities(), true, ""));
      Message _ = agent.next();
      agent.send(new FromAgent.Proof(harness.inventory().read(guest.vm())));
      Message _ = agent.next();
      await(() -> harness.connected(guest.vm()));
      RestorePoint busy = taken(guest);
      assertTrue(busy.reason().contains("cleans up"), busy.reason());
      agent.send(new FromAgent.Idle(""));
      await(() -> harness.ready(guest.vm()));
      CompletableFuture<RestorePoint> point = CompletableFuture.supplyAsync(() -> taken(guest));
      assertTrue(agent.next().getClass().getSimpleName().equals("Prepare"));
      agent.cut();
      assertEquals(Consistency.CRASH, point.join().consistency());
    }
  }
}
