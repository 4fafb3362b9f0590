package org.opendvx.server.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.server.api.NodeFile;
import org.opendvx.server.api.Page;
import org.opendvx.server.api.PruneRequest;
import org.opendvx.server.api.PruneView;
import org.opendvx.server.api.SnapshotRequest;
import org.opendvx.server.api.SnapshotView;
import org.opendvx.server.api.TaskView;
import org.opendvx.server.cli.RestClient;
import org.opendvx.server.testing.ServerProcess;
import picocli.CommandLine;

/**
 * A node with a heap of 512 MiB (that of {@link ServerProcess}) and the usual settings takes more
 * data than its heap, with random writes and snapshots at the same time, and gives it back right.
 */
@Timeout(400)
class SmallHeapTest {
  private static final int KEPT = 3;

  @TempDir private Path folder;

  @Test
  void moreDataThanHeapIsWrittenSnapshottedReadAndPruned() throws Exception {
    try (ServerProcess server = ServerProcess.start(folder)) {
      NodeFile node =
          new ObjectMapper().readValue(folder.resolve("ready.json").toFile(), NodeFile.class);
      try (RestClient rest = RestClient.of(node)) {
        StringWriter told = new StringWriter();
        CompletableFuture<Integer> load = CompletableFuture.supplyAsync(() -> load(server, told));
        int taken = 0;
        while (!load.isDone()) {
          TaskView task =
              rest.post(
                  "snapshots",
                  new SnapshotRequest(
                      null, null, null, List.of("/"), "s" + taken, Map.of("k", "v"), null, null),
                  TaskView.class);
          assertEquals("DONE", ended(rest, task).state(), () -> "snapshot; " + told);
          taken++;
          Thread.sleep(200);
        }
        assertEquals(0, load.get(), told::toString);
        assertTrue(taken > KEPT, taken + " snapshots");
        prune(rest, taken);
      }
      assertEquals(0, server.stop(), server.log());
      assertFalse(server.log().contains("OutOfMemory"), server.log());
      assertTrue(server.log().contains("is too small for memory.read-cache"), server.log());
    }
  }

  private static void prune(RestClient rest, int taken) {
    PruneRequest request = new PruneRequest(null, null, Map.of("k", "v"), null, null, KEPT, false);
    TaskView done = ended(rest, rest.post("snapshots/prune", request, TaskView.class));
    assertEquals(new PruneView(taken - KEPT, KEPT), rest.convert(done.result(), PruneView.class));
    Page<SnapshotView> left = rest.get("snapshots?label=k%3Dv", new TypeReference<>() {});
    assertEquals(
        List.of("s" + (taken - 3), "s" + (taken - 2), "s" + (taken - 1)),
        left.items().stream().map(SnapshotView::name).toList());
    Page<SnapshotView> none = rest.get("snapshots?vm=web1&name=s", new TypeReference<>() {});
    assertEquals(List.of(), none.items());
  }

  private static TaskView ended(RestClient rest, TaskView task) {
    TaskView last = task;
    for (int i = 0; i < 10 && last.state().equals("RUNNING"); i++) {
      last = rest.get("tasks/" + task.id() + "?wait=25", TaskView.class);
    }
    return last;
  }

  private static int load(ServerProcess server, StringWriter told) {
    String port = Integer.toString(server.nfsPort());
    return new CommandLine(new BenchCommand())
        .setOut(new PrintWriter(told))
        .setErr(new PrintWriter(told))
        .execute(
            "nfs",
            "--target",
            "127.0.0.1:/dvx",
            "--nfs-port",
            port,
            "--mount-port",
            port,
            "--mode",
            "mixed",
            "--stable",
            "unstable",
            "--files",
            "2",
            "--size",
            "320M",
            "--connections",
            "2",
            "--prefill",
            "--time",
            "8",
            "--warm-up",
            "0",
            "--call-timeout",
            "60",
            "--verify",
            "-o",
            "json");
  }
}
