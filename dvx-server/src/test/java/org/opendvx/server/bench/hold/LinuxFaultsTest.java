package org.opendvx.server.bench.hold;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.testing.FaultTable;
import org.opendvx.core.vm.Consistency;
import org.opendvx.core.vm.RestorePoint;
import org.opendvx.core.vm.SnapshotPolicy;
import org.opendvx.server.bench.hold.Stages.Action;
import org.opendvx.server.bench.hold.Stages.Stage;
import org.opendvx.server.guest.GuestAgent;
import org.opendvx.server.guest.GuestFileSystem;
import org.opendvx.server.guest.LinuxGuest;
import org.opendvx.server.guest.RecordWriter;
import org.opendvx.server.testing.SourceHome;

/**
 * Whatever dies, and whenever: the native Linux agent's guest writes again within 10 s, no label
 * claims too much, and a record is left. Writers on the frozen file systems are the witnesses.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 8, unit = TimeUnit.MINUTES)
class LinuxFaultsTest {
  private static final FaultTable TABLE =
      new FaultTable("linux-agent", "Native Linux agent, ext4 and xfs over NFS", "longest write");
  private static final Duration LIMIT = Duration.ofMinutes(1);
  private static final Duration SCRIPT = Duration.ofMillis(700);
  private static final long RELEASED_NANOS = Duration.ofSeconds(10).toNanos();
  private static final Set<Consistency> CRASH = EnumSet.of(Consistency.CRASH);
  private static final Set<Consistency> FILES = EnumSet.of(Consistency.FILE_SYSTEM);
  private static final Set<Consistency> EITHER =
      EnumSet.of(Consistency.CRASH, Consistency.FILE_SYSTEM);

  private final Stages stages = new Stages();
  private final List<RecordWriter> writers = new ArrayList<>();
  private HoldLab lab;
  private Proxy proxy;
  private Path folder;
  private boolean coordinatorDown;

  @BeforeAll
  void start(@TempDir Path temporary) throws IOException, InterruptedException {
    Sources.requireGuest();
    folder = temporary;
    lab =
        new HoldLab(
            HoldLab.Options.usual(SourceHome.path(), folder.resolve("lab"))
                .withBarrier(stages::around)
                .withQuiescer(stages::around));
    proxy = new Proxy(lab.coordinatorPort());
    agent().set("server", "127.0.0.1:" + proxy.port());
    // The scripts are the windows in which PREPARE and REPORT are hit.
    agent().hook("pre-freeze", "10-window", "sleep 0.7");
    agent().hook("post-thaw", "10-window", "sleep 0.7");
    for (GuestFileSystem system : lab.guest().systems()) {
      writers.add(RecordWriter.start(system, Duration.ofMillis(10)));
    }
    agent().start();
  }

  @AfterAll
  void stop() throws IOException, InterruptedException {
    if (lab == null) {
      return;
    }
    try {
      lab.guest().thawAll();
      for (RecordWriter writer : writers) {
        writer.close();
      }
    } finally {
      try {
        lab.close();
      } finally {
        if (proxy != null) {
          proxy.close();
        }
      }
    }
  }

  private GuestAgent agent() {
    return lab.guest().agent();
  }

  /** One fault under TRY; then the same guest must be frozen again without one. */
  private void fault(String name, Stage stage, Set<Consistency> labels, Action action)
      throws Exception {
    String row = name + ", " + stage.name().toLowerCase(Locale.ROOT);
    lab.awaitAgent(LIMIT);
    LinuxGuest.awaitWrites(writers, LIMIT);
    writers.forEach(RecordWriter::takeLongest);
    long records = lab.recordCount();
    stages.plan(stage, action);
    String label;
    String reason;
    CompletableFuture<Void> window = window(stage);
    try {
      RestorePoint point = lab.snapshot(SnapshotPolicy.TRY).point();
      label = point.consistency().name();
      reason = point.reason();
      assertTrue(labels.contains(point.consistency()), row + ": " + label + ": " + reason);
    } catch (DvxException e) {
      label = "no restore point";
      reason = e.getMessage() + ": " + e.report().cause();
    }
    window.join();
    stages.check(row);
    LinuxGuest.awaitWrites(writers, LIMIT);
    assertFalse(lab.guest().thawAll(), row + ": something was left frozen");
    long longest = writers.stream().mapToLong(RecordWriter::takeLongest).max().orElse(0);
    assertTrue(longest < RELEASED_NANOS, row + ": a write took " + longest + " ns");
    String kinds =
        lab.records(records).stream()
            .map(line -> line.path("kind").asText())
            .filter(kind -> kind.matches("(freeze|snapshot)\\..*"))
            .distinct()
            .collect(Collectors.joining(", "));
    assertTrue(kinds.contains("snapshot."), row + ": " + lab.records(records));
    TABLE.add(new FaultTable.Row(row, label, reason, Duration.ofNanos(longest).toMillis(), kinds));
    anew();
  }

  /**
   * Inside the scripts of the agent, seen by what the coordinator has recorded and a short wait.
   */
  private CompletableFuture<Void> window(Stage stage) {
    if (stage == Stage.PREPARE) {
      return CompletableFuture.runAsync(
          () -> stages.reached(Stage.PREPARE),
          CompletableFuture.delayedExecutor(SCRIPT.toMillis() / 2, TimeUnit.MILLISECONDS));
    }
    if (stage != Stage.REPORT) {
      return CompletableFuture.completedFuture(null);
    }
    long points = lab.points().size();
    return CompletableFuture.runAsync(
        () -> {
          long end = System.nanoTime() + LIMIT.toNanos();
          while (lab.points().size() == points && System.nanoTime() < end) {
            LockSupport.parkNanos(5_000_000);
          }
          LockSupport.parkNanos(SCRIPT.toNanos() / 2);
          stages.reached(Stage.REPORT);
        });
  }

  /** A fresh agent, which must be able to freeze. */
  private void anew() throws IOException, InterruptedException {
    agent().kill();
    if (coordinatorDown) {
      lab.startCoordinator();
      coordinatorDown = false;
      proxy.target(lab.coordinatorPort());
    }
    proxy.silence(false);
    lab.awaitNoAgent(LIMIT);
    agent().start();
  }

  private static void signal(String name, long pid) throws IOException, InterruptedException {
    Sources.run("kill", "-" + name, Long.toString(pid));
  }

  private void killWatchdog() throws IOException, InterruptedException {
    signal("KILL", agent().watchdog().orElseThrow());
  }

  @Test
  void theAgentIsKilled() throws Exception {
    for (Stage stage : List.of(Stage.PREPARE, Stage.PREPARED, Stage.HOLD, Stage.THAW)) {
      fault("agent killed", stage, CRASH, () -> signal("KILL", agent().pid()));
    }
    fault("agent killed", Stage.REPORT, CRASH, () -> signal("KILL", agent().pid()));
    fault("agent killed", Stage.FREEZE, EITHER, () -> signal("KILL", agent().pid()));
  }

  @Test
  void theWatchdogIsKilled() throws Exception {
    for (Stage stage : List.of(Stage.PREPARED, Stage.HOLD)) {
      fault("watchdog killed", stage, CRASH, this::killWatchdog);
    }
    // A freeze outlives its watchdog: if "committed" is heard first, writes were held to the end.
    fault("watchdog killed", Stage.THAW, EITHER, this::killWatchdog);
  }

  @Test
  void bothAreKilledAndTheUnitThaws() throws Exception {
    for (Stage stage : List.of(Stage.PREPARED, Stage.HOLD, Stage.THAW)) {
      fault(
          "agent and watchdog killed in one instant, ExecStopPost thaws",
          stage,
          CRASH,
          () -> {
            long watchdog = agent().watchdog().orElseThrow();
            // Stopped first, so that neither can act on the other's death.
            signal("STOP", agent().pid());
            signal("STOP", watchdog);
            signal("KILL", watchdog);
            signal("KILL", agent().pid());
            agent().thaw();
          });
    }
  }

  @Test
  void theAgentStandsStill() throws Exception {
    fault("agent stopped dead (SIGSTOP)", Stage.HOLD, CRASH, () -> signal("STOP", agent().pid()));
  }

  @Test
  void theConnectionIsCut() throws Exception {
    for (Stage stage : List.of(Stage.PREPARE, Stage.PREPARED, Stage.HOLD, Stage.THAW)) {
      fault("connection cut", stage, CRASH, () -> proxy.cut());
    }
    fault("connection cut", Stage.REPORT, CRASH, () -> proxy.cut());
    fault("network swallows everything", Stage.HOLD, CRASH, () -> proxy.silence(true));
  }

  @Test
  void theCoordinatorGoesAway() throws Exception {
    for (Stage stage : List.of(Stage.PREPARE, Stage.PREPARED, Stage.HOLD, Stage.THAW)) {
      fault(
          "coordinator closed",
          stage,
          CRASH,
          () -> {
            coordinatorDown = true;
            lab.closeCoordinator();
          });
    }
  }

  @Test
  void theCutIsLateOrFails() throws Exception {
    fault("cut takes 9 s", Stage.HOLD, CRASH, () -> Thread.sleep(Duration.ofSeconds(9)));
  }

  @Test
  void strangersFreezeAndThaw() throws Exception {
    GuestFileSystem first = lab.guest().systems().getFirst();
    fault(
        "somebody else freezes, and thaws 2 s later",
        Stage.PREPARED,
        EITHER,
        () -> {
          assertTrue(first.freezeAsStranger());
          Thread _ =
              Thread.ofVirtual()
                  .start(
                      () -> {
                        try {
                          Thread.sleep(Duration.ofSeconds(2));
                          first.thaw();
                        } catch (IOException | InterruptedException e) {
                          throw new IllegalStateException(e);
                        }
                      });
        });
    fault("somebody else thaws", Stage.HOLD, CRASH, () -> assertTrue(first.thaw()));
  }

  @Test
  void aSecondSnapshotMeanwhileIsRefusedOrNotHeld() throws Exception {
    AtomicReference<String> second = new AtomicReference<>("");
    fault(
        "second snapshot of the same guest",
        Stage.HOLD,
        FILES,
        () -> {
          try {
            second.set(lab.snapshot(SnapshotPolicy.TRY).point().consistency().name());
          } catch (DvxException e) {
            second.set(e.getMessage());
          }
        });
    assertFalse("FILE_SYSTEM".equals(second.get()) || "APPLICATION".equals(second.get()));
  }

  @Test
  void theAgentIsRestartedAsByAnUpgrade() throws Exception {
    for (Stage stage : List.of(Stage.PREPARE, Stage.HOLD)) {
      fault(
          "agent stopped and started anew, as by an upgrade",
          stage,
          CRASH,
          () -> {
            agent().close();
            agent().start();
          });
    }
  }

  @Test
  void itsStateFolderIsFull() throws Exception {
    Path state = agent().state();
    Path kept = folder.resolve("kept");
    Files.createDirectory(kept);
    Sources.run("cp", "-a", state + "/.", kept.toString());
    Sources.run("mount", "-t", "tmpfs", "-o", "size=64k,mode=700", "tmpfs", state.toString());
    try {
      Sources.run("cp", "-a", kept + "/.", state.toString());
      anew();
      fault(
          "disk full for the agent's state",
          Stage.PREPARE,
          EITHER,
          () -> {
            try {
              Files.write(state.resolve("fill"), new byte[1 << 20]);
            } catch (IOException e) {
              // That is what it is for: not a byte is left.
              assertEquals("No space left on device", e.getMessage());
            }
          });
    } finally {
      agent().kill();
      Sources.run("umount", state.toString());
      anew();
    }
  }

  @Test
  void scriptsFailAndHang() throws Exception {
    Path failing = agent().hook("pre-freeze", "20-fails", "exit 3");
    fault("a pre-freeze script fails", Stage.PREPARE, CRASH, () -> {});
    Files.delete(failing);
    Path after = agent().hook("post-thaw", "20-fails", "exit 3");
    fault("a post-thaw script fails", Stage.REPORT, FILES, () -> {});
    Files.delete(after);
    agent().set("hookLimitSeconds", "2");
    anew();
    Path hanging = agent().hook("pre-freeze", "20-hangs", "sleep 600");
    fault("a pre-freeze script hangs", Stage.PREPARE, CRASH, () -> {});
    Files.delete(hanging);
    agent().set("hookLimitSeconds", "30");
    anew();
  }

  @Test
  void withoutAFaultItIsFrozen() throws Exception {
    fault("none", Stage.HOLD, FILES, () -> {});
    JsonNode last = lab.records(lab.recordCount() - 1).getLast();
    assertTrue(last.path("kind").asText().startsWith("snapshot"), last.toString());
  }
}
