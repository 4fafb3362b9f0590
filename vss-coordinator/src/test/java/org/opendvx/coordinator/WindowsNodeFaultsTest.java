package org.opendvx.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.coordinator.testing.KillableNode;
import org.opendvx.coordinator.testing.TcpProxy;
import org.opendvx.coordinator.testing.WineGuest;
import org.opendvx.core.vm.VmRef;

/**
 * The node that drives a freeze of the real Windows agent under Wine is killed (SIGKILL, a process
 * of its own) at each stage and started again on what it left: the guest has let go by itself, no
 * restore point claims more than CRASH, the audit log tells of the freeze and of its end.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class WindowsNodeFaultsTest extends WindowsFaultSuite {
  private static final String NO_STAGE = "NONE";

  WindowsNodeFaultsTest() {
    super("windows-agent-node", "Native Windows agent under Wine, the node killed");
  }

  private final VmRef vm = new VmRef("fake", "sql1");
  private KillableNode node;
  private TcpProxy network;
  private WineGuest guest;

  @BeforeAll
  void start(@TempDir Path folder) throws IOException, InterruptedException {
    node = new KillableNode(folder.resolve("dvx"), vm.id(), WineGuest.macs());
    network = new TcpProxy(node.start());
    guest = new WineGuest(folder, node, vm, network.address());
  }

  @AfterAll
  void stop() throws IOException, InterruptedException {
    try {
      if (guest != null) {
        guest.stop();
      }
    } finally {
      if (network != null) {
        network.close();
      }
      node.close();
      threads.shutdownNow();
    }
  }

  @Test
  void theNodeIsKilledAtEachStage() throws Exception {
    killed("prepare", "call PrepareForBackup", "pauseBefore.PrepareForBackup=1500", NO_STAGE, 0);
    String slow = "writer.SqlServerWriter.freezeMillis=2000";
    killed("freeze", "call DoSnapshotSet", slow, NO_STAGE, 0);
    killed("the hold, before the cut", "HOLD begin", "", "BEFORE_CUT", 0);
    killed("the hold, after the cut", "HOLD begin", "", "AFTER_CUT", 1);
    killed("the report", "call BackupComplete", "pauseBefore.BackupComplete=1500", NO_STAGE, 1);
    guest.startService();
    guest.script("");
    node.snapshot(NO_STAGE);
    assertEquals("taken APPLICATION ", node.await("taken "));
  }

  /**
   * Kills the node when guest and node have come to a point.
   *
   * @param line of the simulator
   * @param halt the node's own stage at which it waits for its end
   * @param cuts how many restore points are left of it
   */
  private void killed(String stage, String line, String script, String halt, int cuts)
      throws Exception {
    String fault = "node killed (SIGKILL) at " + stage;
    int points = node.points().size();
    int records = freezes(node.records(), vm).size();
    guest.startService();
    guest.script(script);
    node.snapshot(halt);
    if (!halt.equals(NO_STAGE)) {
      node.await("at " + halt);
    }
    // In the hold the simulator writes nothing down before its end: then the node's stage says it.
    if (halt.equals(NO_STAGE)) {
      guest.awaitLog(line);
    }
    node.kill();
    long held = released(guest, fault, 0);
    network.target(node.start());
    List<String> left = node.points().subList(points, node.points().size());
    assertEquals(cuts, left.size(), fault + ": " + left);
    assertTrue(left.stream().allMatch(point -> point.startsWith("CRASH ")), fault + ": " + left);
    List<JsonNode> all = freezes(node.records(), vm);
    List<JsonNode> told = all.subList(records, all.size());
    ended(fault, "freeze", told);
    ended(fault, "snapshot", told);
    String label = cuts == 0 ? "no restore point" : "CRASH";
    String reason = cuts == 0 ? "" : left.getFirst().substring("CRASH ".length());
    told(fault, label, reason, held, told);
  }

  private static void ended(String fault, String what, List<JsonNode> told) {
    assertEquals(1, count(told, what + ".begin"), fault + ": " + told);
    assertEquals(1, count(told, what + ".end"), fault + ": " + told);
  }

  private static long count(List<JsonNode> told, String kind) {
    return told.stream().filter(line -> line.path("kind").asText().equals(kind)).count();
  }
}
