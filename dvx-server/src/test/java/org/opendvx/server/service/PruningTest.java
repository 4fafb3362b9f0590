package org.opendvx.server.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.opendvx.core.datastore.AttributeChange;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.Datastore.Existing;
import org.opendvx.core.datastore.Datastore.NewFile;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.datastore.SnapshotQuery;
import org.opendvx.core.datastore.Snapshots.CutRequest;
import org.opendvx.core.datastore.Snapshots.SnapshotInfo;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.testing.InMemoryDatastore;
import org.opendvx.core.vm.RestorePoint;
import org.opendvx.server.api.PruneView;

/** Which snapshots are forgotten, and which stay. */
final class PruningTest {
  private final InMemoryDatastore datastore = new InMemoryDatastore();
  private final Pruning pruning = new Pruning(datastore.snapshots());
  private FileKey file = FileKey.ROOT;

  @BeforeEach
  void makeAFile() {
    file =
        datastore
            .create(
                Caller.SYSTEM,
                FileKey.ROOT,
                "disk".getBytes(StandardCharsets.UTF_8),
                NewFile.regular(AttributeChange.mode(0644)),
                new Existing.Refuse())
            .join()
            .key();
  }

  private void cut(String name, String machine, String called) {
    Map<String, String> labels = new HashMap<>();
    RestorePoint.labelsOf(called).forEach(label -> labels.put(label.key(), label.value()));
    labels.put(RestorePoint.VM, machine);
    var _ =
        datastore.snapshots().cut(new CutRequest(name, List.of(file), labels, new byte[0])).join();
  }

  private List<String> names() {
    return datastore.snapshots().search(SnapshotQuery.ALL, 0, 100).page().stream()
        .map(SnapshotInfo::name)
        .toList();
  }

  private PruneView prune(String machine, int keep, boolean dryRun) {
    SnapshotFilter filter = new SnapshotFilter("", machine, Map.of(), Instant.MIN, Instant.MAX);
    return pruning.run(filter.query(), keep, dryRun, Progress.NONE);
  }

  @Test
  void theNewestStay() {
    for (int i = 0; i < 5; i++) {
      cut("web" + i, "vc/vm-1", "web");
    }
    cut("db", "vc/vm-2", "db");
    assertEquals(new PruneView(3, 2), prune("web", 2, true));
    assertEquals(6, names().size());
    assertEquals(new PruneView(3, 2), prune("web", 2, false));
    assertEquals(List.of("web3", "web4", "db"), names());
  }

  @Test
  void machinesOfOneNameAreNotTakenForOne() {
    cut("old", "vc/vm-1", "web");
    cut("new", "vc/vm-2", "web");
    DvxException refused = assertThrows(DvxException.class, () -> prune("web", 1, false));
    assertEquals(Kind.CONFLICT, refused.kind());
    assertTrue(refused.render().contains("vc/vm-1, vc/vm-2"), refused::render);
    assertEquals(List.of("old", "new"), names());
    assertEquals(new PruneView(0, 1), prune("vc/vm-1", 1, false));
    assertEquals(new PruneView(1, 0), prune("vc/vm-2", 0, false));
    assertEquals(List.of("old"), names());
  }
}
