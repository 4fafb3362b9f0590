package org.opendvx.core.datastore;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Random writes with cuts between them do not fill memory with changed tree nodes. */
class ChangedNodesTest {
  private static final int WRITES = 150_000;

  /** So few cuts that they alone ask for no checkpoint: see {@link CatalogueRoom}. */
  private static final int CUT_EVERY = 200;

  private static final long SPAN_BLOCKS = 4_000_000;

  @Test
  void aCheckpointIsMadeBeforeChangedNodesFillMemory() {
    // Its settings ask for none by time, by files, or by the journal for these few bytes.
    try (TestStore store = TestStore.fresh()) {
      Checkpointer checkpointer = store.store.reclaim().engine().checkpointer();
      long before = checkpointer.root().checkpoint();
      FileKey file = store.file(FileKey.ROOT, "disk");
      byte[] content = new byte[4096];
      Random random = new Random(3);
      CompletableFuture<?> last = CompletableFuture.completedFuture(true);
      for (int i = 0; i < WRITES; i++) {
        // All alike, so that there is nearly no data.
        content[0] = 1;
        long offset = Math.floorMod(random.nextLong(), SPAN_BLOCKS) * 4096;
        last = store.store.write(Caller.SYSTEM, file, offset, ByteBuffer.wrap(content), false);
        if (i % 16 == 0) {
          Object _ = TestStore.get(last);
        }
        if (i % CUT_EVERY == 0) {
          Object _ = store.cut("s" + i, file);
        }
      }
      Object _ = TestStore.get(last);
      long made = checkpointer.root().checkpoint() - before;
      assertTrue(made >= 1, made + " checkpoints");
    }
  }
}
