package org.opendvx.coordinator;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import org.opendvx.coordinator.testing.WineGuest;
import org.opendvx.core.testing.FaultTable;
import org.opendvx.core.vm.VmRef;

/**
 * What the suites of the Windows agent's faults share: the table, and when writes were released.
 */
abstract class WindowsFaultSuite {
  private static final int MOST_HELD = 10_000;

  private final FaultTable table;

  WindowsFaultSuite(String name, String title) {
    table = new FaultTable(name, title, "writes held");
  }

  final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

  /** What a test does at a moment of a freeze. */
  @FunctionalInterface
  interface Step {
    void run() throws Exception;
  }

  static void run(Step step) {
    try {
      step.run();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  /** Does something when the simulator says that it has come to a call. */
  final Future<?> at(WineGuest guest, String line, Step step) throws IOException {
    guest.script("");
    return threads.submit(
        () -> {
          guest.awaitLog(line);
          step.run();
          return 0;
        });
  }

  /** Adds a row of the table. */
  final void told(String fault, String label, String reason, long held, List<JsonNode> records)
      throws IOException {
    String kinds =
        records.stream().map(line -> line.path("kind").asText()).collect(Collectors.joining(", "));
    table.add(new FaultTable.Row(fault, label, reason, held, kinds));
    System.out.printf("%-70s %-16s held %5d ms  %s%n", fault, label, held, reason);
  }

  /** What was recorded of a machine's freezes. */
  static List<JsonNode> freezes(List<JsonNode> records, VmRef vm) {
    return records.stream()
        .filter(line -> line.path("subject").asText().equals(vm.toString()))
        .filter(line -> line.path("kind").asText().matches("(freeze|snapshot)\\..*"))
        .toList();
  }

  /**
   * Waits until the guest holds nothing.
   *
   * @param others how many freezes in the simulator's log are not ours
   * @return how long it held, from the call of PreCommitSnapshots on; -1 when it held nothing
   */
  static long released(WineGuest guest, String fault, int others)
      throws IOException, InterruptedException {
    String freeze = "call DoSnapshotSet";
    if (guest.log().stream().filter(line -> line.contains(freeze)).count() <= others) {
      return -1;
    }
    long end = System.nanoTime() + WineGuest.LIMIT.toNanos();
    List<String> log = guest.log();
    while (log.stream().noneMatch(line -> line.matches("\\d+ (set over|VSS crashes)"))) {
      assertTrue(System.nanoTime() < end, fault + ": never released");
      Thread.sleep(50);
      log = guest.log();
    }
    long began = moment(log, "call PreCommitSnapshots");
    if (began < 0) {
      return -1;
    }
    long ended = Math.max(moment(log, "HOLD end"), moment(log, "VSS crashes"));
    if (ended < 0) {
      ended = moment(log, "set over");
    }
    long held = ended - began;
    assertTrue(held >= 0 && held < MOST_HELD, fault + ": held for " + held + " ms: " + log);
    return held;
  }

  /** When the simulator said this for the first time, -1 when it did not. */
  private static long moment(List<String> log, String text) {
    return log.stream()
        .filter(line -> line.substring(line.indexOf(' ') + 1).startsWith(text))
        .mapToLong(line -> Long.parseLong(line.substring(0, line.indexOf(' '))))
        .findFirst()
        .orElse(-1);
  }
}
