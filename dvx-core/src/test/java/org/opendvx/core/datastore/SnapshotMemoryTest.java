package org.opendvx.core.datastore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.opendvx.core.datastore.Snapshots.Cut;
import org.opendvx.core.datastore.Snapshots.CutRequest;

/** What snapshots hold in memory until a checkpoint is bounded, however fast they come and go. */
class SnapshotMemoryTest {
  private static final int COUNT = 12_000;
  private static final int TOGETHER = 64;

  @Test
  void snapshotsAskForCheckpointsBeforeTheyFillMemory() {
    // Its settings ask for none by themselves.
    try (TestStore store = TestStore.fresh()) {
      SnapshotCatalogue catalogue = store.store.reclaim().engine().state().snapshots();
      FileKey file = store.file(FileKey.ROOT, "disk");
      Deque<CompletableFuture<Cut>> waiting = new ArrayDeque<>();
      long most = 0;
      for (int i = 0; i < COUNT; i++) {
        if (waiting.size() == TOGETHER) {
          Object _ = TestStore.get(waiting.remove());
        }
        waiting.add(
            store
                .store
                .snapshots()
                .cut(new CutRequest("s" + i, List.of(file), Map.of(), new byte[0])));
        most = Math.max(most, catalogue.held());
      }
      waiting.forEach(TestStore::get);
      assertEquals(COUNT, store.store.snapshots().count());
      assertTrue(most <= CatalogueRoom.MOST + 2L * TOGETHER, "held " + most);
      Deque<CompletableFuture<Void>> deletions = new ArrayDeque<>();
      for (long id = 1; id <= COUNT; id++) {
        if (deletions.size() == TOGETHER) {
          Object _ = TestStore.get(deletions.remove().thenApply(_ -> true));
        }
        deletions.add(store.store.snapshots().delete(id));
        most = Math.max(most, catalogue.held());
      }
      deletions.forEach(each -> TestStore.get(each.thenApply(_ -> true)));
      assertEquals(0, store.store.snapshots().count());
      assertTrue(most <= CatalogueRoom.MOST + 2L * TOGETHER, "held " + most);
    }
  }
}
