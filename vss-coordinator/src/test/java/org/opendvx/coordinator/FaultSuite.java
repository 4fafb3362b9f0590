package org.opendvx.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.coordinator.protocol.Machine;
import org.opendvx.coordinator.testing.FakeAgent;
import org.opendvx.coordinator.testing.Harness;
import org.opendvx.coordinator.testing.Script;
import org.opendvx.coordinator.testing.TestSnapshots;
import org.opendvx.core.testing.FaultTable;
import org.opendvx.core.vm.Consistency;
import org.opendvx.core.vm.RestorePoint;
import org.opendvx.core.vm.SnapshotPolicy;
import org.opendvx.core.vm.StageLimits;
import org.opendvx.core.vm.VmDescription;
import org.opendvx.core.vm.VmRef;

/** What the suites of faults share; the table of faults is written to target/. */
abstract class FaultSuite {
  static final FaultTable TABLE = new FaultTable("scripted-agent", "Scripted agent", "writes held");
  static final long LONG = 60;

  /** A stage that is meant to run out of time: nothing else waits for it. */
  static final Duration SHORT = Duration.ofMillis(700);

  static final Duration AMPLE = Duration.ofSeconds(60);

  private static Path folder;
  private static TestSnapshots store;
  private static int machines;

  @BeforeAll
  static void open(@TempDir Path temporary) {
    folder = temporary;
    store = new TestSnapshots(folder.resolve("store"));
  }

  @AfterAll
  static void close() {
    store.close();
  }

  static final class Enrolled {
    final VmRef vm;
    final FakeAgent agent;

    Enrolled(VmRef vm, FakeAgent agent) {
      this.vm = vm;
      this.agent = agent;
    }
  }

  static Harness harness(Harness.Parts parts) {
    return new Harness(folder, parts, store);
  }

  static Harness.Parts limits(Duration prepare, Duration freeze, Duration thaw, Duration report) {
    return Harness.Parts.usual()
        .with(new StageLimits(prepare, freeze, AMPLE, Duration.ofSeconds(20)))
        .with(Harness.Parts.settings(thaw, report));
  }

  static Harness.Parts ample() {
    return limits(AMPLE, AMPLE, AMPLE, AMPLE);
  }

  static Enrolled enrolled(Harness harness) throws Exception {
    int number = ++machines;
    String bios = String.format("10112233-4455-6677-8899-aabbccddee%02x", number);
    String mac = String.format("00:50:56:01:00:%02x", number);
    VmDescription vm = harness.machine("vm-" + number, bios, List.of(mac));
    Machine machine = FakeAgent.machine(bios.replace("-", ""), mac, "boot-1");
    FakeAgent.Identity identity = FakeAgent.enrol(harness, vm.ref(), machine);
    FakeAgent agent = FakeAgent.welcomed(harness, vm.ref(), identity, machine);
    return new Enrolled(vm.ref(), agent);
  }

  /** One fault under TRY, then the same guest must be let go; then a row of the table. */
  static RestorePoint fault(String name, Harness harness, Script script) throws Exception {
    Enrolled guest = enrolled(harness);
    try (FakeAgent agent = guest.agent) {
      Thread running = run(agent, script);
      RestorePoint point = harness.snapshot(guest.vm, SnapshotPolicy.TRY).point();
      agent.cut();
      assertTrue(running.join(Duration.ofSeconds(LONG)), "the guest ended");
      assertFalse(script.holding(), "writes are released");
      assertTrue(script.heldMillis() < 10_000, "within 10 s");
      List<JsonNode> records = records(harness, guest.vm);
      String kinds =
          records.stream()
              .map(line -> line.path("kind").asText())
              .collect(Collectors.joining(", "));
      assertTrue(kinds.contains("snapshot.end"), kinds);
      TABLE.add(
          new FaultTable.Row(
              name, point.consistency().name(), point.reason(), script.heldMillis(), kinds));
      assertEquals(
          point.consistency() == Consistency.APPLICATION, point.reason().isEmpty(), point.reason());
      return point;
    }
  }

  static List<JsonNode> records(Harness harness, VmRef vm) {
    return harness.records().stream()
        .filter(line -> line.path("subject").asText().equals(vm.toString()))
        .filter(line -> line.path("kind").asText().matches("(freeze|snapshot)\\..*"))
        .toList();
  }

  static Thread run(FakeAgent agent, Script script) {
    return Thread.ofVirtual()
        .start(
            () -> {
              try {
                script.run(agent);
              } catch (IOException e) {
                // The script or the test closed the connection.
                Thread.currentThread().interrupt();
              }
            });
  }

  static void crash(RestorePoint point) {
    assertEquals(Consistency.CRASH, point.consistency(), point.reason());
  }
}
