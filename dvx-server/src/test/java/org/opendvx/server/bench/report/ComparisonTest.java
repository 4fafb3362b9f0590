package org.opendvx.server.bench.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ComparisonTest {
  private static final LoadReport.Calls NONE = new LoadReport.Calls(0, 0, 0, 0, 0, 0, 0);

  @TempDir private Path folder;

  private static LoadReport report(String server, double iops, double cpu, long mismatches) {
    return new LoadReport(
        server,
        "4k randread",
        "h:/e",
        new LoadReport.Load("randread", 4096, 32, 1, 70, "file_sync", 1, 1 << 20, 2.0, 0, 1),
        10,
        0,
        iops,
        iops * 4096 / 1e6,
        new LoadReport.Calls(100, 409600, 3, 2, 9, 10, 11),
        NONE,
        NONE,
        new LoadReport.Cpu(1, cpu, 0.5, 100),
        null,
        new LoadReport.Cpu(1, cpu + 1, 0.5, 100),
        Map.of(),
        0,
        new LoadReport.Checks(100, mismatches, List.of(), 0, 0, 0, 0),
        new LoadReport.Away(0, 0),
        1,
        "complete");
  }

  @Test
  void rowsAreMediansAndRatiosToTheBaseline() {
    Comparison comparison =
        Comparison.of(
            List.of(
                report("peer", 100, 40, 0),
                report("ours", 900, 4, 0),
                report("peer", 300, 20, 0),
                report("ours", 1000, 5, 0),
                report("peer", 200, 30, 0),
                report("ours", 700, 6, 0)),
            "peer");
    assertEquals(2, comparison.rows().size());
    Comparison.Row ours = comparison.rows().get(1);
    assertEquals("ours", ours.server());
    assertEquals(900, ours.iops());
    assertEquals(5, ours.cpuMicros());
    assertEquals(6, ours.machineMicros());
    assertEquals(4.5, ours.iopsRatio());
    assertEquals(6.0, ours.cpuRatio());
    assertEquals(3, ours.runs());
    assertTrue(comparison.markdown().contains("| ours | 900 |"), comparison.markdown());
  }

  @Test
  void aBadRunIsNotHidden() {
    Comparison comparison =
        Comparison.of(List.of(report("ours", 1, 1, 0), report("ours", 1, 1, 3)), "peer");
    assertFalse(comparison.rows().getFirst().good());
    assertNull(comparison.rows().getFirst().iopsRatio());
    assertTrue(comparison.markdown().contains("with errors"));
  }

  @Test
  void reportsSurviveTheirFile() throws IOException {
    LoadReport report = report("ours", 1234.5, 6.7, 0);
    Path file = folder.resolve("r.json");
    Files.writeString(file, Json.write(report));
    assertEquals(report, Json.readLoad(file));
    assertTrue(Files.readString(file).contains("\"good\" : true"));
  }

  @Test
  void processorTimeIsReadBehindANameWithBracesAndBlanks() {
    String stat =
        "77 (a b) c) S 1 77 77 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 9 0 12345 0 0 18446744";
    assertEquals(300, ProcessCpu.ticks(stat));
    assertEquals(1122, ProcessCpu.busyTicks("cpu  1000 20 100 9000 500 1 1 77 0 0"));
    assertTrue(ProcessCpu.machineNanos() > 0);
    assertTrue(ProcessCpu.nanos(List.of(ProcessHandle.current().pid())) > 0);
    assertTrue(ProcessCpu.descriptors(List.of(ProcessHandle.current().pid())) > 2);
    assertTrue(ProcessCpu.residentBytes(List.of(ProcessHandle.current().pid())) > 1 << 20);
  }
}
